"""The kinds of estimators that there are: maps, clusterings, classifiers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.base import ClassifierMixin, ClusterMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from iconlearn.estimators.base import MethodEstimator
from iconlearn.estimators.options import compared
from iconlearn.features import Features
from iconlearn.intake import MODALITIES


def places_new(estimator: MethodEstimator) -> bool:
    """Can it embed rows that it has not seen? A graph says nothing of nodes outside of it."""
    return estimator.row.takes.places_new


class FixedMapEstimator(TransformerMixin, MethodEstimator):
    """Maps of the samples that were fitted, and of no others: ``fit_transform`` and ``embedding_``."""

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # embeddings are float32
        return tags

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """``fit`` and the embedding of the same rows."""
        self.fit(X, y, **fit_params)
        return self.embedding_ if hasattr(self, "embedding_") else self._arranged(self._embed_new(X))

    @property
    def _n_features_out(self) -> int:
        if not hasattr(self, "embedding_"):
            return self.model_.embed(torch.zeros(1, self.n_features_in_)).shape[1]
        first = self.embedding_[0] if isinstance(self.embedding_, tuple) else self.embedding_
        return first.shape[1]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the embedding's columns: the class's name and a number."""
        check_is_fitted(self)
        stem = type(self).__name__.lower()
        return np.asarray([f"{stem}{k}" for k in range(self._n_features_out)], dtype=object)


class MapEstimator(FixedMapEstimator):
    """Maps and encoders: ``transform`` gives embeddings."""

    def transform(self, X: Any) -> Any:
        """Embeddings of rows, (n, dim); of modalities a tuple of them; new rows of a map are placed."""
        return self._arranged(self._embed_new(X))


class ClusterEstimator(ClusterMixin, MethodEstimator):
    """Clusterings: ``labels_``, ``predict`` and soft assignments by ``predict_proba``."""

    def _keep(self, source: Any) -> None:
        for name in ("assignment_", "labels_", "confidence_"):
            vars(self).pop(name, None)
        if compared(self.row):
            self.kept_baseline_: bool = self.model_.history.kept_baseline  # type: ignore[union-attr]
        if isinstance(source, Features):  # an assignment of all rows is what is not to be held
            self.labels_, self.confidence_ = self._most_probable(source)
            return
        self.assignment_ = self._probabilities(self._embed_fitted(source))
        self.labels_, self.confidence_ = self.assignment_.argmax(1), self.assignment_.max(1)

    def _most_probable(self, stored: Features) -> tuple[np.ndarray, np.ndarray]:
        """Most probable cluster of every stored row, and its probability."""
        pieces = (self._probabilities(piece) for piece in self.model_.transform_pieces(stored))
        found = [(p.argmax(1), p.max(1)) for p in pieces]
        labels, confidence = (np.concatenate(part) for part in zip(*found, strict=True))
        return labels, confidence

    def _probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Soft assignments, (n, n_clusters); the mean over modalities or views."""
        logits = torch.from_numpy(embedding).log_softmax(-1).exp().numpy()
        if self.row.takes is not MODALITIES:
            return logits
        return np.mean(np.split(logits, len(self.model_.mapper.mappers)), axis=0)  # type: ignore[arg-type]

    def fit_predict(self, X: Any, y: Any = None, **kwargs: Any) -> np.ndarray:
        """``fit`` and the clusters of the same rows, (n,)."""
        self.fit(X, y, **kwargs)
        return self.labels_

    @available_if(places_new)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Soft assignments of rows, (n, n_clusters); each sums to one."""
        return self._probabilities(self._embed_new(X))

    @available_if(places_new)
    def predict(self, X: Any) -> np.ndarray:
        """Most probable cluster of every row, (n,); of stored ``Features`` some thousand rows at a time."""
        if isinstance(X, Features):
            check_is_fitted(self)
            return self._most_probable(self._source(X, reset=False))[0]
        return self.predict_proba(X).argmax(1)


class PrototypeClassifier(ClassifierMixin, MapEstimator):
    """Methods that learn one prototype a class: ``predict`` is the class of the most probable one."""

    def predict_proba(self, X: Any) -> np.ndarray:
        """Class probabilities, (n, n_classes): the learned distribution over prototypes."""
        embedding = torch.from_numpy(self._embed_new(X))
        with torch.no_grad():
            learned = self.model_.learned_over_columns(embedding)
        return learned.double().softmax(-1).numpy()  # of a limit the scores are no log-probabilities yet

    def predict(self, X: Any) -> np.ndarray:
        """Most probable class of every row, (n,)."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(1)]
