"""Which need a message states: two linear models on the same sentence row, made one matrix.

A support vector machine draws the borders between needs that share their words; naive Bayes is steadier where a wording
is new. Their scores are added, so at run time there is one product, and the model file holds plain arrays, no code.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers import LABEL_RANKING_LENGTH
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy import sparse
from scipy.special import softmax
from sklearn.naive_bayes import MultinomialNB
from sklearn.svm import LinearSVC


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class SentenceClassifier(IntentClassifier, GraphComponent):
    """Sets intent and intent_ranking.

    `bayes` is the share of naive Bayes in the score; `sharpness` scales the score so that a confidence is how often such
    a message is read rightly (measured by `kuanxin.evaluate questions`).
    """

    @classmethod
    def required_components(cls) -> list[type]:
        return [Featurizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"C": 2.0, "alpha": 0.05, "bayes": 0.067, "sharpness": 3.0, "random_state": 42}

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        self._config, self._storage, self._resource = config, storage, resource
        self._intents: list[str] = []
        self._weights = np.zeros((0, 0), np.float32)
        self._bias = np.zeros(0, np.float32)

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceClassifier:
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        examples = [e for e in training_data.intent_examples if e.get(TEXT)]
        if not examples:
            return self._resource
        rows, intents = _rows(examples), [e.get(INTENT) for e in examples]
        machine = LinearSVC(C=self._config["C"], random_state=self._config["random_state"]).fit(rows, intents)
        bayes = MultinomialNB(alpha=self._config["alpha"]).fit(rows, intents)
        share = self._config["bayes"]
        self._intents = machine.classes_.tolist()
        combined = machine.coef_ + share * bayes.feature_log_prob_
        self._weights = np.ascontiguousarray(combined.T, np.float32)  # a row for each term, so that a product is quick
        self._bias = (machine.intercept_ + share * bayes.class_log_prior_).astype(np.float32)
        with self._storage.write_to(self._resource) as directory:
            (directory / "intents.json").write_text(json.dumps(self._intents), encoding="utf-8")
            np.savez(directory / "weights.npz", weights=self._weights, bias=self._bias)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SentenceClassifier:
        classifier = cls.create(config, model_storage, resource, execution_context)
        with model_storage.read_from(resource) as directory:
            classifier._intents = json.loads((directory / "intents.json").read_text(encoding="utf-8"))
            with np.load(directory / "weights.npz", allow_pickle=False) as arrays:
                classifier._weights, classifier._bias = arrays["weights"], arrays["bias"]
        return classifier

    def process(self, messages: list[Message]) -> list[Message]:
        if not messages or not self._intents:
            return messages
        scores = np.asarray(_rows(messages) @ self._weights) + self._bias
        for message, row in zip(messages, softmax(self._config["sharpness"] * scores, axis=1), strict=True):
            best = np.argsort(-row)[:LABEL_RANKING_LENGTH]
            ranking = [{"name": self._intents[i], "confidence": float(row[i])} for i in best]
            message.set(INTENT, dict(ranking[0]), add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        return messages


def _rows(messages: list[Message]) -> sparse.csr_matrix:
    # the type of the weights: with another one scipy converts the whole matrix for every message
    return sparse.vstack([m.get_sparse_features(TEXT)[1].features for m in messages], format="csr", dtype=np.float32)
