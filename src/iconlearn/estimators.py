"""scikit-learn estimators, made from the rows of the table; none is written by hand."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, ClusterMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from iconlearn._checks import check_names
from iconlearn._errors import InputError, OptionError
from iconlearn.data.features import check_features, to_array
from iconlearn.methods import CLUSTERING, METHODS, Method
from iconlearn.model import ICon
from iconlearn.recipes import Shape
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

    def fit(self, X: Any, y: Any = None) -> MethodEstimator:
        """Fit to the rows of X; ``y`` only where the method compares labels."""
        row = self.row
        data = self._features(X, reset=True)
        codes = self._codes(row, y, len(data))
        parameters = {name: getattr(self, name) for name in row.parameters}
        recipe = row.recipe(**parameters)
        seed = self._seed()
        shape = Shape.of(
            data,
            image_shape=self.image_shape,  # type: ignore[attr-defined]
            n_classes=None if codes is None else len(self.classes_),
            seed=seed,
        )
        options = {**row.fit, "random_state": seed, "callbacks": self._callbacks()}
        if recipe.augment is not None:
            options["augment"] = recipe.augment(shape)
        if self.max_iter is not None:  # type: ignore[attr-defined]
            options.pop("epochs", None)
            options["max_iter"] = self.max_iter  # type: ignore[attr-defined]
        if self.restarts is not None:  # type: ignore[attr-defined]
            options["restarts"] = self.restarts  # type: ignore[attr-defined]
        self.model_: ICon = recipe.model(shape).fit(data, codes, **options)
        self.loss_curve_ = np.asarray(self.model_.history.losses)  # type: ignore[union-attr]
        self.n_iter_ = len(self.loss_curve_)
        self._keep(data)
        return self

    def _features(self, X: Any, *, reset: bool) -> np.ndarray:
        """X as a checked array; names and number of its columns are kept (``reset``) or compared."""
        data = check_features(X, "X", 2 if reset else 1)
        try:
            named = X if hasattr(X, "columns") else data
            validate_data(self, named, reset=reset, skip_check_array=True)  # type: ignore[arg-type]
        except ValueError as cause:
            raise InputError(f"{cause}; pass the columns that fit was given") from cause
        return data

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
        tags.target_tags.required = self.row.needs_labels
        return tags

    def _seed(self) -> int:
        state = self.random_state  # type: ignore[attr-defined]
        if state is None:
            return int(np.random.SeedSequence().generate_state(1)[0])
        if isinstance(state, np.random.RandomState):
            return int(state.randint(2**31))
        if isinstance(state, (int, np.integer)) and state >= 0:
            return int(state)
        raise OptionError(f"{type(self).__name__}: random_state={state!r} must be a non-negative int or None")

    def _callbacks(self) -> tuple[Any, ...]:
        given = self.callbacks  # type: ignore[attr-defined]
        if not isinstance(given, (tuple, list)):
            raise OptionError(f"{type(self).__name__}: callbacks={given!r} must be a tuple of functions")
        return (*given, Progress(self.row.name)) if self.verbose else tuple(given)  # type: ignore[attr-defined]

    def _keep(self, data: np.ndarray) -> None:
        """Fitted attributes of the family."""
        self.embedding_ = self.model_.transform(data)

    def _embed(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return self.model_.transform(self._features(X, reset=False))


class MapEstimator(TransformerMixin, MethodEstimator):
    """Maps and encoders: ``transform`` gives embeddings."""

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # embeddings are float32
        return tags

    def transform(self, X: Any) -> np.ndarray:
        """Embeddings of rows, (n, dim); new rows of a map are placed against the fitted ones."""
        return self._embed(X)

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> np.ndarray:
        """``fit`` and the embedding of the same rows."""
        return self.fit(X, y).embedding_  # type: ignore[attr-defined]

    @property
    def _n_features_out(self) -> int:
        return self.embedding_.shape[1]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the embedding's columns: the class's name and a number."""
        check_is_fitted(self)
        stem = type(self).__name__.lower()
        return np.asarray([f"{stem}{k}" for k in range(self._n_features_out)], dtype=object)


class ClusterEstimator(ClusterMixin, MethodEstimator):
    """Clusterings: ``labels_``, ``predict`` and soft assignments by ``predict_proba``."""

    def _keep(self, data: np.ndarray) -> None:
        self.assignment_ = np.exp(self.model_.transform(data))
        self.labels_ = self.assignment_.argmax(1)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Soft assignments of rows, (n, n_clusters); each sums to one."""
        return np.exp(self._embed(X))

    def predict(self, X: Any) -> np.ndarray:
        """Most probable cluster of every row, (n,)."""
        return self.predict_proba(X).argmax(1)


class PrototypeClassifier(ClassifierMixin, MapEstimator):
    """Methods that learn one prototype a class: ``predict`` is the class of the most probable one."""

    def predict_proba(self, X: Any) -> np.ndarray:
        """Class probabilities, (n, n_classes): the learned distribution over prototypes."""
        embedding = torch.from_numpy(self._embed(X))
        with torch.no_grad():
            learned = self.model_.learned_over_columns(embedding)
        return learned.exp().double().numpy()

    def predict(self, X: Any) -> np.ndarray:
        """Most probable class of every row, (n,)."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(1)]


def base_of(row: Method) -> type[MethodEstimator]:
    """Which kind of estimator a row becomes: read off its family and its columns."""
    if row.family == CLUSTERING:
        return ClusterEstimator
    return PrototypeClassifier if row.recipe().mapper_j is not None else MapEstimator


def describe(row: Method) -> str:
    """The docstring of an estimator, written from its row."""
    recipe = row.recipe()
    lines = [
        f"{row.name} ({row.paper}), as a scikit-learn estimator.",
        "",
        f"p = ``{recipe.target_dist!r}``, q = ``{recipe.learned_dist!r}``, divergence ``{recipe.divergence}``:",
        f"the cell ({row.target}, {row.learned}) of the table; family: {row.family}.",
        "",
        "Parameters",
        "----------",
        *(f"{name} : default {value!r}" for name, value in {**row.parameters, **COMMON}.items()),
    ]
    return "\n".join(lines)


def make_estimator(row: Method) -> type[MethodEstimator]:
    """A scikit-learn class whose signature is the row's hyper-parameters and the common options."""
    defaults = {**row.parameters, **COMMON}

    def initialize(self: MethodEstimator, **options: Any) -> None:
        check_names(row.estimator, options, set(defaults))
        self.__dict__.update({**defaults, **options})

    kinds = inspect.Parameter
    signature = [kinds("self", kinds.POSITIONAL_OR_KEYWORD)]
    signature += [kinds(name, kinds.KEYWORD_ONLY, default=value) for name, value in defaults.items()]
    initialize.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    body = {"__init__": initialize, "__doc__": describe(row), "__module__": __name__, "row": row}
    return type(row.estimator, (base_of(row),), body)


ESTIMATORS: dict[str, type[MethodEstimator]] = {
    row.estimator: make_estimator(row) for row in METHODS.values()
}
globals().update(ESTIMATORS)
