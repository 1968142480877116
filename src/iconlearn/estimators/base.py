"""What all estimators share: validate, build the model of the row, fit it, keep what it found."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from iconlearn._checks import check_number
from iconlearn._errors import InputError, OptionError
from iconlearn.estimators.labels import class_codes, partial_codes
from iconlearn.estimators.networks import check_network, device_of
from iconlearn.estimators.starts import check_start
from iconlearn.features import Stored
from iconlearn.intake import CAPTIONED, GRAPH, MODALITIES, NEIGHBORS, ROWS, STORED, TOKENS, Intake
from iconlearn.methods import METHODS, Method
from iconlearn.methods.options import streamed_options
from iconlearn.model import ICon
from iconlearn.neighbors import NeighborGraph
from iconlearn.points import UNLABELLED
from iconlearn.recipes import Recipe, Shape
from iconlearn.train.events import Progress
from iconlearn.train.schedules import Cosine

if TYPE_CHECKING:
    from typing_extensions import Self

PASSED_ON = (
    *(
        "max_iter",
        "epochs",
        "batch_size",
        "accumulate",
        "precision",
        "restarts",
        "tol",
        "baseline",
        "checkpoint",
    ),
    *("lr", "optimizer", "weight_decay", "max_grad_norm"),
)
TO_BUILD = ("init", "anchors", "backbone", "projector", "augment")  # options that say what the recipe builds
MOST_LABEL_WEIGHT = 0.99  # at 1 the rows without labels would have nothing left


def streams(row: Method, rows: Stored) -> bool:
    """Can the method learn from these rows without holding them?"""
    return bool(row.streamed) if rows.image_shape is None else row.streams_images


class MethodEstimator(BaseEstimator):
    """What all estimators share: validate, build the model of the row, fit it, keep it as ``model_``."""

    row: Method
    image_shape: Any
    max_iter: int | None
    restarts: int | None
    random_state: Any
    callbacks: Any
    verbose: int
    warm_start: bool
    checkpoint: Any

    def fit(self, X: Any, y: Any = None, *, neighbors: NeighborGraph | None = None) -> Self:
        """Fit to X.

        Parameters
        ----------
        X : array, or what else the method takes
            Maps also take a ``NeighborGraph`` in place of rows; they then start from its Laplacian eigenvectors.
            Clusterings by a head also take ``Features`` (``open_features(path)``), which stay on disk, and encoders
            images that do (``stream_images(path)``); of these there is no ``embedding_``, but ``transform``.
        y : array of shape (n,), optional
            Labels, where the method compares them, or where ``label_weight`` is above 0.
        neighbors : NeighborGraph, optional
            The nearest neighbours of the rows of X, found already, for methods whose target looks for them.

        Returns
        -------
        self
        """
        source = self._source(X, reset=True)
        takes = self._takes(source)
        if takes is NEIGHBORS and neighbors is None:
            neighbors = source
        recipe, codes = self._supervised(self._recipe(), y, takes.length(source))
        if takes is NEIGHBORS and codes is not None:
            raise InputError(
                f"{type(self).__name__}: labels steer by the nearest rows of a class, and a NeighborGraph does not "
                "say where its rows are; call fit(X, y, neighbors=graph), or set label_weight=0"
            )
        seed = self._seed()
        shape = self._shape(source, None if codes is None else len(self.classes_), seed)
        model = recipe.model(shape).to(device_of(type(self).__name__, getattr(self, "device", None)))
        options = self._options(recipe, shape, seed)
        if neighbors is not None:
            options["neighbors"] = self._checked_neighbors(neighbors, recipe)
        if self._goes_on:
            self._warm(model, options)
        self.model_: ICon = model.fit(self._batch(source), codes, **options)
        self.loss_curve_ = np.asarray(self.model_.history.losses)  # type: ignore[union-attr]
        self.n_iter_ = len(self.loss_curve_)
        self._keep(source)
        return self

    @property
    def diagnostics_(self) -> np.ndarray:
        """Share of every fitted sample in the loss, (n,); NaN where p has no mass. Computed when asked for.

        Only where every sample has an entry of its own, which is when the model knows its data.
        """
        check_is_fitted(self)
        if self.model_.training_data is None:
            raise AttributeError(
                f"{type(self).__name__} keeps no data that diagnostics_ could be of; call model_.row_losses(X)"
            )
        return self.model_.row_losses()

    def _recipe(self) -> Recipe:
        """The recipe of the row for the hyper-parameters of this estimator."""
        return self.row.recipe(**{name: getattr(self, name) for name in self.row.parameters})

    def _supervised(self, recipe: Recipe, y: Any, n: int) -> tuple[Recipe, np.ndarray | None]:
        """The recipe and class codes, with ``classes_`` kept, as far as labels are needed or wanted."""
        name = type(self).__name__
        if self.row.needs_labels:
            if y is None:
                raise InputError(f"{name} requires y to be passed, but the target y is None; call fit(X, y)")
            self.classes_, codes = class_codes(name, y, n)
            return recipe, codes
        weight = check_number(
            name, "label_weight", getattr(self, "label_weight", 0.0), low=0, high=MOST_LABEL_WEIGHT
        )
        vars(self).pop("classes_", None)
        if y is None and weight > 0:
            warnings.warn(
                f"{name}: label_weight={weight:g}, but no y is passed, so no label steers the map; call fit(X, y), or "
                "set label_weight=0",
                UserWarning,
                stacklevel=3,
            )
        if y is None or weight == 0:
            return recipe, None
        classes, codes = partial_codes(name, y, n)
        if np.unique(codes[codes != UNLABELLED], return_counts=True)[1].max(initial=0) < 2:
            return recipe, None  # no two rows of one class: the labels say nothing of who is near whom
        self.classes_ = classes
        return recipe.with_labels(weight), codes

    def _takes(self, X: Any) -> Intake:
        """What X is: of what the method takes, rows on disk, or the neighbours alone."""
        if isinstance(X, Stored):
            if streams(self.row, X):
                return STORED
            able = ", ".join(row.estimator for row in METHODS.values() if streams(row, X))
            raise InputError(
                f"{type(self).__name__}: X is {X!r}, but this method holds all rows at once; load them, or take one "
                f"that streams: {able}"
            )
        if not isinstance(X, NeighborGraph):
            return self.row.takes
        recipe = self._recipe()
        if self.row.takes is ROWS and recipe.is_map and recipe.target_dist.searches():
            return NEIGHBORS
        raise InputError(
            f"{type(self).__name__}: X is a NeighborGraph, but this method learns from {self.row.takes.words}; only "
            "maps by nearest neighbours, such as TSNE, can do with a graph alone"
        )

    def _checked_neighbors(self, neighbors: Any, recipe: Recipe) -> NeighborGraph:
        """A graph that the target will use."""
        name = type(self).__name__
        if not isinstance(neighbors, NeighborGraph):
            raise OptionError(
                f"{name}: neighbors={type(neighbors).__name__} must be a NeighborGraph; make one with "
                "NeighborGraph.of(X), from_distances(D) or from_arrays(indices, distances)"
            )
        if self.row.takes is not ROWS or not recipe.target_dist.searches():
            raise OptionError(
                f"{name}: neighbors= is given, but {recipe.target_dist!r} looks for no neighbours of rows; leave it out"
            )
        return neighbors

    def _shape(self, source: Any, n_classes: int | None, seed: int) -> Shape:
        """What the recipe must know of the data, and of the options that say how to build the mapper."""
        takes = self._takes(source)
        known = source.image_shape if takes is STORED else None
        if self.image_shape is not None and takes not in (ROWS, CAPTIONED) and self.image_shape != known:
            raise OptionError(
                f"{type(self).__name__}: image_shape={self.image_shape!r}, but this method learns from "
                f"{takes.name}; leave it out"
            )
        shape = takes.shape(source, image_shape=self.image_shape, n_classes=n_classes, seed=seed)
        chosen = {name: getattr(self, name, None) for name in TO_BUILD}
        check_start(type(self).__name__, chosen["init"], shape.n)
        network = {name: chosen[name] for name in ("backbone", "projector", "augment")}
        check_network(type(self).__name__, shape.image_shape, **network)
        return replace(shape, **{name: value for name, value in chosen.items() if value is not None})

    def _options(self, recipe: Recipe, shape: Shape, seed: int) -> dict[str, Any]:
        """Options of the training loop."""
        options = {**self.row.fit, "random_state": seed, "callbacks": self._callbacks()}
        size = getattr(self, "batch_size", None)
        if self.row.streamed and (shape.stored or size is not None):
            given = {} if size is None else {"batch_size": size}
            drawn = {} if recipe.target_dist.searches() else {"positives": 0}
            options |= streamed_options({**self.row.streamed, **drawn, **given}, shape.n)
        if recipe.augment is not None and not (shape.stored and shape.image_shape is None):
            options["augment"] = recipe.augment(shape)
        if self.max_iter is not None:
            epochs = getattr(self, "epochs", None)
            if epochs is not None:
                raise OptionError(
                    f"{type(self).__name__}: max_iter={self.max_iter!r} and epochs={epochs!r} both say how long to "
                    "train; give one"
                )
            options.pop("epochs", None)
        chosen = {name: getattr(self, name, None) for name in PASSED_ON}
        if isinstance(chosen["lr"], (int, float)) and isinstance(self.row.fit.get("lr"), Cosine):
            chosen["lr"] = replace(
                self.row.fit["lr"], peak=check_number(type(self).__name__, "lr", chosen["lr"], low=0)
            )
        return options | {name: value for name, value in chosen.items() if value is not None}

    @property
    def _goes_on(self) -> bool:
        """Is this fit the continuation of an earlier one?"""
        if not isinstance(self.warm_start, (bool, np.bool_)):
            raise OptionError(f"{type(self).__name__}: warm_start={self.warm_start!r} must be True or False")
        return bool(self.warm_start) and hasattr(self, "model_")

    def _warm(self, model: ICon, options: dict[str, Any]) -> None:
        """Put the fitted weights into a new model, and let the run go on from them."""
        try:
            for name in ("mapper", "mapper_j"):
                if (part := getattr(model, name)) is not None:
                    part.load_state_dict(getattr(self.model_, name).state_dict())
        except RuntimeError as cause:
            raise OptionError(
                f"{type(self).__name__}: warm_start=True, but the fitted {self.model_.mapper!r} and the "
                f"{model.mapper!r} of this data differ in shape; use the same data, or warm_start=False"
            ) from cause
        model.unit = self.model_.unit  # weights go with the unit that they were fitted in
        options.pop("exaggeration", None)  # it would crush the map that there is
        options |= {"warm_start": True, "restarts": 1}

    def _source(self, X: Any, *, reset: bool) -> Any:
        """X checked; names and number of the columns of rows are kept (``reset``) or compared."""
        takes, name = self._takes(X), type(self).__name__
        if not reset and self._knows_neighbors != (takes is NEIGHBORS):
            held = (
                "a NeighborGraph, and its nodes are all that it can embed"
                if self._knows_neighbors
                else "rows"
            )
            raise InputError(f"{name}: X is {takes.words}, but fit was given {held}; pass that")
        if takes is NEIGHBORS and reset:
            vars(self).pop("feature_names_in_", None)
            self.n_features_in_ = X.n
        if takes is CAPTIONED and not (reset or isinstance(X, tuple)):
            X = (X, X)  # captions are the target's business, and only the fit has one
        source = takes.read(X, name, 2 if reset else 1)
        if takes is STORED:
            self._check_width(source, reset=reset)
        if takes is TOKENS and not reset:
            self._check_tokens(source)
        try:
            if takes is ROWS or takes is CAPTIONED:
                rows, given = (source, X) if takes is ROWS else (source[0], X[0])
                named = given if hasattr(given, "columns") else rows
                validate_data(self, named, reset=reset, skip_check_array=True)  # type: ignore[arg-type]
        except ValueError as cause:
            raise InputError(f"{cause}; pass the columns that fit was given") from cause
        return source

    def _check_width(self, stored: Stored, *, reset: bool) -> None:
        """Keep the number of columns of stored rows, or compare it."""
        if reset:
            vars(self).pop("feature_names_in_", None)
            self.n_features_in_ = stored.d
        elif stored.d != self.n_features_in_:
            raise InputError(
                f"X has {stored.d} features, but {type(self).__name__} is expecting {self.n_features_in_} features as "
                "input; pass the columns that fit was given"
            )

    def _check_tokens(self, tokens: np.ndarray) -> None:
        """Refuse tokens for which the fit made no vector."""
        prototypes: Any = self.model_.mapper_j
        known, largest = prototypes.num_prototypes, int(tokens.max())
        if largest >= known:
            raise InputError(
                f"{type(self).__name__}: X has the token id {largest}, but fit was given ids from 0 to {known - 1}; "
                "keep one id for all tokens that are rare, or fit to data that has this one"
            )

    @property
    def _knows_neighbors(self) -> bool:
        """Was it fitted to neighbours alone?"""
        data = self.model_.training_data
        return self.row.takes is ROWS and data is not None and not data.views

    def _batch(self, source: Any) -> Any:
        """What the model sees of checked data."""
        present = self._recipe().present
        return self._takes(source).batch(source) if present is None else present(source)

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
        raise OptionError(
            f"{type(self).__name__}: random_state={state!r} must be a non-negative int or None; pass an int or "
            "RandomState, such as int(rng.integers(2**31)) of a Generator"
        )

    def _callbacks(self) -> tuple[Any, ...]:
        given = self.callbacks
        if not isinstance(given, (tuple, list)):
            raise OptionError(f"{type(self).__name__}: callbacks={given!r} must be a tuple of functions")
        return (*given, Progress(self.row.name)) if self.verbose else tuple(given)

    def _keep(self, source: Any) -> None:
        """Fitted attributes of the kind; rows on disk are embedded when they are asked for."""
        if isinstance(source, Stored):
            vars(self).pop("embedding_", None)
            return
        self.embedding_ = self._arranged(self._embed_fitted(source))

    def _arranged(self, embedding: np.ndarray) -> Any:
        """Embeddings as the user gets them: of modalities, one array each."""
        if self.row.takes is not MODALITIES:
            return embedding
        return tuple(np.split(embedding, len(self.model_.mapper.mappers)))  # type: ignore[arg-type]

    def _embed(self, source: Any) -> np.ndarray:
        """What the model makes of checked data, views below one another."""
        return self.model_.transform(self._batch(source))

    def _embed_fitted(self, source: Any) -> np.ndarray:
        """What the model makes of the data of the fit; nodes of a graph are known by ids, for they may coincide."""
        takes = self._takes(source)
        if takes.places_new:
            return self._embed(source)
        return self.model_.transform({"id": np.arange(takes.length(source))})

    def _embed_new(self, X: Any) -> np.ndarray:
        """What the model makes of a user's data."""
        check_is_fitted(self)
        return self._embed(self._source(X, reset=False))
