"""What the estimators share, and the kinds that there are: maps, clusterings, classifiers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, ClusterMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from iconlearn._errors import InputError, OptionError
from iconlearn.data.features import to_array
from iconlearn.intake import CAPTIONED, GRAPH, MODALITIES, ROWS
from iconlearn.methods import Method
from iconlearn.model import ICon
from iconlearn.train.events import Progress

COMMON: dict[str, Any] = {
    "image_shape": None,
    "max_iter": None,
    "restarts": None,
    "random_state": 0,
    "callbacks": (),
    "verbose": 0,
}


class MethodEstimator(BaseEstimator):
    """What all estimators share: validate, build the model of the row, fit it, keep it as ``model_``."""

    row: Method
    image_shape: Any
    max_iter: int | None
    restarts: int | None
    random_state: Any
    callbacks: Any
    verbose: int

    def fit(self, X: Any, y: Any = None) -> MethodEstimator:
        """Fit to X, of the kind that the method takes; ``y`` only where it compares labels."""
        row = self.row
        source = self._source(X, reset=True)
        codes = self._codes(row, y, row.takes.length(source))
        recipe = row.recipe(**{name: getattr(self, name) for name in row.parameters})
        self._present = recipe.present
        seed = self._seed()
        if self.image_shape is not None and row.takes not in (ROWS, CAPTIONED):
            raise OptionError(
                f"{type(self).__name__}: image_shape={self.image_shape!r}, but this method learns from "
                f"{row.takes.name}; leave it out"
            )
        shape = row.takes.shape(
            source,
            image_shape=self.image_shape,
            n_classes=None if codes is None else len(self.classes_),
            seed=seed,
        )
        options = {**row.fit, "random_state": seed, "callbacks": self._callbacks()}
        if recipe.augment is not None:
            options["augment"] = recipe.augment(shape)
        if self.max_iter is not None:
            options.pop("epochs", None)
            options["max_iter"] = self.max_iter
        if self.restarts is not None:
            options["restarts"] = self.restarts
        self.model_: ICon = recipe.model(shape).fit(self._batch(source), codes, **options)
        self.loss_curve_ = np.asarray(self.model_.history.losses)  # type: ignore[union-attr]
        self.n_iter_ = len(self.loss_curve_)
        # Nodes of a graph are known by their ids: coordinates may coincide.
        known = None if row.takes.places_new else {"id": np.arange(row.takes.length(source))}
        self._keep(self._embed(source) if known is None else self.model_.transform(known))
        return self

    def _source(self, X: Any, *, reset: bool) -> Any:
        """X checked; names and number of the columns of rows are kept (``reset``) or compared."""
        takes, name = self.row.takes, type(self).__name__
        if takes is CAPTIONED and not (reset or isinstance(X, tuple)):
            X = (X, X)  # captions are the target's business, and only the fit has one
        source = takes.read(X, name, 2 if reset else 1)
        try:
            if takes is ROWS or takes is CAPTIONED:
                rows, given = (source, X) if takes is ROWS else (source[0], X[0])
                named = given if hasattr(given, "columns") else rows
                validate_data(self, named, reset=reset, skip_check_array=True)  # type: ignore[arg-type]
        except ValueError as cause:
            raise InputError(f"{cause}; pass the columns that fit was given") from cause
        return source

    def _batch(self, source: Any) -> Any:
        """What the model sees of checked data."""
        return self.row.takes.batch(source) if self._present is None else self._present(source)

    def _codes(self, row: Method, y: Any, n: int) -> np.ndarray | None:
        """Class codes, with ``classes_`` kept, where the method needs labels."""
        if not row.needs_labels:
            return None
        name = type(self).__name__
        if y is None:
            raise InputError(f"{name} requires y to be passed, but the target y is None; call fit(X, y)")
        labels = to_array(y, "y")
        if labels.shape == (n, 1):
            labels = column_or_1d(labels, warn=True)
        if labels.shape != (n,):
            raise InputError(f"y has shape {labels.shape} but X has {n} rows; shape ({n},) is needed")
        if labels.dtype.kind == "f" and not np.isfinite(labels).all():
            raise InputError(
                f"y: NaN or infinite in row {int(np.argmin(np.isfinite(labels)))}; drop such rows"
            )
        try:
            check_classification_targets(labels)
            self.classes_, codes = np.unique(labels, return_inverse=True)
        except (TypeError, ValueError) as cause:
            raise InputError(f"y: {cause}; {name} compares classes, so pass codes or names") from cause
        return codes

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.pairwise = self.row.takes is GRAPH
        tags.target_tags.required = self.row.needs_labels
        return tags

    def _seed(self) -> int:
        state = self.random_state
        if state is None:
            return int(np.random.SeedSequence().generate_state(1)[0])
        if isinstance(state, np.random.RandomState):
            return int(state.randint(2**31))
        if isinstance(state, (int, np.integer)) and state >= 0:
            return int(state)
        raise OptionError(f"{type(self).__name__}: random_state={state!r} must be a non-negative int or None")

    def _callbacks(self) -> tuple[Any, ...]:
        given = self.callbacks
        if not isinstance(given, (tuple, list)):
            raise OptionError(f"{type(self).__name__}: callbacks={given!r} must be a tuple of functions")
        return (*given, Progress(self.row.name)) if self.verbose else tuple(given)

    def _keep(self, embedding: np.ndarray) -> None:
        """Fitted attributes of the kind."""
        self.embedding_ = self._arranged(embedding)

    def _arranged(self, embedding: np.ndarray) -> Any:
        """Embeddings as the user gets them: of modalities, one array each."""
        if self.row.takes is not MODALITIES:
            return embedding
        return tuple(np.split(embedding, len(self.model_.mapper.mappers)))  # type: ignore[arg-type]

    def _embed(self, source: Any) -> np.ndarray:
        """What the model makes of checked data, views below one another."""
        return self.model_.transform(self._batch(source))

    def _embed_new(self, X: Any) -> np.ndarray:
        """What the model makes of a user's data."""
        check_is_fitted(self)
        return self._embed(self._source(X, reset=False))


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
        self.fit(X, y)
        return self.embedding_

    @property
    def _n_features_out(self) -> int:
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

    def _keep(self, embedding: np.ndarray) -> None:
        self.assignment_ = self._probabilities(embedding)
        self.labels_ = self.assignment_.argmax(1)

    def _probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Soft assignments, (n, n_clusters); the mean over modalities or views."""
        logits = torch.from_numpy(embedding).log_softmax(-1).exp().numpy()
        if self.row.takes is not MODALITIES:
            return logits
        return np.mean(np.split(logits, len(self.model_.mapper.mappers)), axis=0)  # type: ignore[arg-type]

    def fit_predict(self, X: Any, y: Any = None, **kwargs: Any) -> np.ndarray:
        """``fit`` and the clusters of the same rows, (n,)."""
        self.fit(X, y)
        return self.labels_

    @available_if(places_new)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Soft assignments of rows, (n, n_clusters); each sums to one."""
        return self._probabilities(self._embed_new(X))

    @available_if(places_new)
    def predict(self, X: Any) -> np.ndarray:
        """Most probable cluster of every row, (n,)."""
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
