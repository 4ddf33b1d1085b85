"""The terms of a whole message as one sparse row, weighted by tf-idf, for any Rasa classifier."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.sparse_featurizer.sparse_featurizer import SparseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.preprocessing import normalize

from kuanxin.nlu.terms import PARTS, terms

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SentenceFeaturizer(SparseFeaturizer, GraphComponent):
    """Adds one sentence row per message. Needs no tokenizer. `parts`: which kinds of terms (all by default)."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {**SparseFeaturizer.get_default_config(), "parts": list(PARTS)}

    @staticmethod
    def validate_config(config: dict[str, Any]) -> None:
        unknown = set(config.get("parts", ())) - set(PARTS)
        if unknown:
            raise ValueError(f"SentenceFeaturizer: unknown parts {sorted(unknown)}; known are {sorted(PARTS)}")

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource, name: str) -> None:
        super().__init__(name, config)
        self._storage, self._resource = storage, resource
        self._parts = tuple(config["parts"])
        self._counter = self._new_counter()
        self._idf = np.ones(0, dtype=np.float32)

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceFeaturizer:
        return cls(config, model_storage, resource, execution_context.node_name)

    def _new_counter(self, vocabulary: dict[str, int] | None = None) -> CountVectorizer:
        return CountVectorizer(analyzer=partial(terms, parts=self._parts), vocabulary=vocabulary, dtype=np.float32)

    def train(self, training_data: TrainingData) -> Resource:
        counts = self._counter.fit_transform(e.get(TEXT) for e in training_data.intent_examples)
        self._idf = TfidfTransformer(sublinear_tf=True).fit(counts).idf_.astype(np.float32)
        with self._storage.write_to(self._resource) as directory:
            ordered = sorted(self._counter.vocabulary_, key=self._counter.vocabulary_.__getitem__)
            (directory / "vocabulary.json").write_text(json.dumps(ordered, ensure_ascii=False), encoding="utf-8")
            np.save(directory / "idf.npy", self._idf, allow_pickle=False)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SentenceFeaturizer:
        featurizer = cls.create(config, model_storage, resource, execution_context)
        with model_storage.read_from(resource) as directory:
            ordered = json.loads((directory / "vocabulary.json").read_text(encoding="utf-8"))
            featurizer._idf = np.load(directory / "idf.npy", allow_pickle=False)
        featurizer._counter = featurizer._new_counter({term: at for at, term in enumerate(ordered)})
        return featurizer

    def process(self, messages: list[Message]) -> list[Message]:
        if messages:
            rows = self._weighted(self._counter.transform(m.get(TEXT) or "" for m in messages))
            for message, row in zip(messages, rows, strict=True):
                message.add_features(Features(row, FEATURE_TYPE_SENTENCE, TEXT, self._identifier))
        return messages

    def _weighted(self, counts: csr_matrix) -> csr_matrix:
        """Sublinear tf-idf of unit length, as scikit-learn's TfidfTransformer makes it: that one goes over the weights of
        the whole vocabulary at each message, this over the terms that occur."""
        counts.data = (np.log(counts.data) + 1) * self._idf[counts.indices]
        return normalize(counts, copy=False)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self.process(training_data.training_examples)
        return training_data
