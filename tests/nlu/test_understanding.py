"""The trained model hears despair and hardship, is not startled by figures of speech, and training repeats itself."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from kuanxin.evaluate.despair import heard, wrongly
from kuanxin.evaluate.questions import read_questions, understand
from kuanxin.evaluate.understanding import figures
from kuanxin.nlu.classifier import SentenceClassifier
from kuanxin.nlu.featurizer import SentenceFeaturizer
from kuanxin.nlu.terms import PARTS, terms
from kuanxin.operate.model import ensure_model

if TYPE_CHECKING:
    from kuanxin.evaluate.understanding import Understood

DISTRESS, HARDSHIP = "express_distress", "report_hardship"
# of everyday messages heard as despair, of statements of it missed: measured, and half as much again
LEVELS = {"despair_seen": (0.04, 0.03), "despair_apart": (0.06, 0.03), "despair_last": (0.13, 0.06)}
NAMES = ("distress", "hardship", "typed", *LEVELS)
SETS = {name: read_questions(Path(f"tests/data/questions/{name}.tsv")) for name in NAMES}


@pytest.fixture(scope="module")
def understood() -> dict[str, list[Understood]]:
    results = iter(list(understand([q for questions in SETS.values() for q in questions], ensure_model())))
    return {name: [next(results) for _ in questions] for name, questions in SETS.items()}


def _heard(results: list[Understood], intent: str) -> tuple[list[str], int]:
    """What was not heard among the messages that state it, and how many do."""
    stated = [r for r in results if r.question.intent == intent]
    return [r.question.text for r in stated if r.asked_back or not r.right], len(stated)


def test_every_statement_of_despair_is_heard(understood: dict[str, list[Understood]]) -> None:
    missed, stated = _heard(understood["distress"], DISTRESS)
    assert stated >= 200
    assert not missed


@pytest.mark.parametrize("name", LEVELS)
def test_everyday_words_seldom_sound_like_despair_and_statements_are_seldom_missed(
    understood: dict[str, list[Understood]], name: str
) -> None:
    found, wrong = heard(understood[name]), [r.question.text for r in wrongly(understood[name])]
    most_alarms, most_missed = LEVELS[name]
    assert found.false_alarms.whole >= 100
    assert found.missed.whole >= 50
    assert found.false_alarms.value <= most_alarms, wrong
    assert found.missed.value <= most_missed, wrong


def test_no_ordinary_message_closes_the_conversation(understood: dict[str, list[Understood]]) -> None:
    found = heard([*understood["typed"], *understood["hardship"]])
    assert found.false_alarms.whole >= 700
    assert found.false_alarms.value <= 0.005
    assert not found.missed.part


def test_hardship_is_heard(understood: dict[str, list[Understood]]) -> None:
    missed, stated = _heard(understood["hardship"], HARDSHIP)
    assert stated >= 200
    assert len(missed) <= stated * 0.02, missed


def test_look_alikes_are_no_despair(understood: dict[str, list[Understood]]) -> None:
    lookalikes = [r for r in understood["distress"] if r.question.intent != DISTRESS]
    assert len(lookalikes) >= 40
    assert not [r.question.text for r in lookalikes if r.intent == DISTRESS]


def test_look_alikes_are_not_taken_for_hardship(understood: dict[str, list[Understood]]) -> None:
    lookalikes = [r for r in understood["hardship"] if r.question.intent != HARDSHIP]
    assert lookalikes
    assert not [r.question.text for r in lookalikes if r.sure and r.intent == HARDSHIP and not r.right]


def test_a_message_is_weighted_as_by_scikit_learn(tmp_path: Path) -> None:
    training = RasaFileImporter("config.yml", "domain.yml", ["data/nlu"]).get_nlu_data()
    texts = [e.get(TEXT) for e in training.intent_examples[::40]]
    reference = TfidfVectorizer(analyzer=partial(terms, parts=PARTS), sublinear_tf=True).fit(texts)
    featurizer = SentenceFeaturizer.create(
        SentenceFeaturizer.get_default_config(),
        LocalModelStorage(tmp_path),
        Resource("featurizer"),
        ExecutionContext(GraphSchema({}), "model"),
    )
    featurizer.train(type(training)([Message.build(text, intent="any") for text in texts]))
    unseen = ["预期了能不能分其还", "", texts[0]]
    rows = [m.get_sparse_features(TEXT)[1].features for m in featurizer.process([Message.build(t) for t in unseen])]
    assert sparse.vstack(rows).toarray() == pytest.approx(reference.transform(unseen).toarray(), abs=1e-6)


def test_typed_messages_are_understood(understood: dict[str, list[Understood]]) -> None:
    within_task = figures(understood["typed"]).within_task
    assert within_task.whole >= 400
    assert within_task.value >= 0.9, within_task


def test_the_same_data_give_the_same_readings(tmp_path: Path) -> None:
    training = RasaFileImporter("config.yml", "domain.yml", ["data/nlu"]).get_nlu_data()
    examples = type(training)(training.training_examples[::4])  # a quarter is enough to see chance at work
    texts = [q.text for questions in SETS.values() for q in questions]

    def read(name: str) -> list[object]:
        (tmp_path / name).mkdir()
        storage, context = LocalModelStorage(tmp_path / name), ExecutionContext(GraphSchema({}), name)
        featurizer = SentenceFeaturizer.create(
            SentenceFeaturizer.get_default_config(), storage, Resource("featurizer"), context
        )
        classifier = SentenceClassifier.create(
            SentenceClassifier.get_default_config(), storage, Resource("classifier"), context
        )
        fresh = type(examples)([Message(data=dict(e.data)) for e in examples.training_examples])
        featurizer.train(fresh)
        classifier.train(featurizer.process_training_data(fresh))
        messages = classifier.process(featurizer.process([Message(data={"text": text}) for text in texts]))
        return [message.get("intent_ranking") for message in messages]

    assert read("first") == read("second")
