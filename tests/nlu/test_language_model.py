"""config-lm.yml, with a language model in miniature (random weights) that is made here: trained, loaded, asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from rasa.model_training import train_nlu
from transformers import BertConfig, BertTokenizer, TFBertModel

from kuanxin.evaluate.questions import understand
from kuanxin.evaluate.understanding import Question

if TYPE_CHECKING:
    import pytest

TAUGHT = {
    "ask_credit_impact": ["会上征信吗", "征信有影响不", "上不上征信", "会影响征信吗"],
    "request_extension": ["能晚几天还吗", "想晚两天还", "可以晚一周还吗", "晚几天行不行"],
}
OWN = yaml.safe_load(Path("config.yml").read_text("utf-8"))
WITH_MODEL = yaml.safe_load(Path("config-lm.yml").read_text("utf-8"))


def _language_model(folder: Path) -> Path:
    # Rasa's featurizer writes 101 and 102 for the beginning and the end, as in Google's vocabularies
    unused = [f"[unused{number}]" for number in range(1, 100)]
    characters = sorted({c for texts in TAUGHT.values() for text in texts for c in text})
    vocabulary = ["[PAD]", *unused, "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(vocabulary), "utf-8")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    model = TFBertModel(BertConfig(vocab_size=len(vocabulary), **size))
    model(model.dummy_inputs)  # makes the weights
    model.save_pretrained(folder)
    return folder


def test_it_trains_and_reads_with_a_language_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RASA_CACHE_DIRECTORY", str(tmp_path / "cache"))
    config = yaml.safe_load(Path("config-lm.yml").read_text("utf-8"))
    (featurizer,) = [c for c in config["pipeline"] if c["name"] == "LanguageModelFeaturizer"]
    featurizer["model_weights"] = str(_language_model(tmp_path / "bert"))
    (tmp_path / "config.yml").write_text(yaml.safe_dump(config), "utf-8")
    taught = [{"intent": i, "examples": "".join(f"- {t}\n" for t in texts)} for i, texts in TAUGHT.items()]
    (tmp_path / "nlu.yml").write_text(yaml.safe_dump({"version": "3.1", "nlu": taught}, allow_unicode=True), "utf-8")

    model = train_nlu(str(tmp_path / "config.yml"), str(tmp_path / "nlu.yml"), str(tmp_path))

    asked = [Question("会不会上征信", "ask_credit_impact"), Question("晚三天还可以吗", "request_extension")]
    results = list(understand(asked, Path(model)))
    assert [r.intent for r in results] == [q.intent for q in asked]


def test_only_features_and_classifier_differ_from_the_own_pipeline() -> None:
    def rest(config: dict[str, object]) -> object:
        pipeline = config["pipeline"]
        assert isinstance(pipeline, list)
        wishes = next(at for at, c in enumerate(pipeline) if c["name"].endswith("WishMerger"))
        return {**config, "pipeline": [pipeline[0], *pipeline[wishes:]]}

    assert rest(WITH_MODEL) == rest(OWN)
