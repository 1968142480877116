"""What the features of an encoder are worth while it is trained."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from iconlearn._checks import check_number
from iconlearn._errors import InputError, OptionError
from iconlearn.data.features import to_array
from iconlearn.door import fit_inputs
from iconlearn.evaluation import knn_probe, linear_probe
from iconlearn.evaluation._inputs import codes
from iconlearn.explain import evaluating
from iconlearn.inputs import Inputs
from iconlearn.mappers import PerView, before_projector, representation
from iconlearn.monitoring.moments import Watcher
from iconlearn.objective import Objective
from iconlearn.processes import own_randomness
from iconlearn.train.events import Event

PIECE = 256  # rows that are embedded at a time


class OnlineProbe(Watcher):
    """A callback that scores the features of labelled rows now and then: nearest neighbours and a linear classifier.

    Both sets are embedded without gradient, in evaluation mode and with random states of their own, after the step's
    update. So neither weights nor averages of batch normalisation nor later draws change, and the result of the run is
    the same to the bit. Labels are seen by the probe alone.

    The run waits meanwhile, and so do the other processes of a job: some thousand rows are enough.

    Parameters
    ----------
    train, test : tuple (X, y)
        Rows as for ``fit``, of one view, and their labels, numbers or text. A class of ``test`` that ``train`` lacks
        counts as wrong.
    every : int or str, default "epoch"
        Steps, or "epoch", or "5 epochs"; the last step is looked at too. Without ``batch_size`` a step is an epoch.
    k : int, default 20
        Neighbours that vote.
    encoder : nn.Module, optional
        What is probed. By default the mapper, without its predictor; of a ``PerView`` name one of its mappers. Where
        it has a method ``features``, that is used, as of ``ResNet18`` and ``ViT``, and else its output.
    name : str, default "probe"
        What stands before the names of the numbers in ``event.notes`` and in logs.

    Attributes
    ----------
    history : list of Finding
        ``step`` (steps taken), ``epoch``, and in ``values`` the test accuracies ``knn`` and ``linear``, plain floats;
        NaN where features are not finite.

    Raises
    ------
    InputError
        If rows and labels differ in number, ``train`` has one class or fewer than k rows, or X has several views.
    OptionError
        When a run starts whose mapper is a table, or serves one view each, and no ``encoder`` is named.

    References
    ----------
    :func:`iconlearn.evaluation.knn_probe` and :func:`iconlearn.evaluation.linear_probe`.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from iconlearn import KNN, MLP, Gaussian, ICon
    >>> from iconlearn.monitoring import OnlineProbe
    >>> X, y = load_digits(return_X_y=True)
    >>> probe = OnlineProbe(train=(X[:300], y[:300]), test=(X[300:500], y[300:500]), every=20)
    >>> model = ICon(KNN(10), Gaussian(0.7, "cos"), MLP(64, 16))
    >>> _ = model.fit(X[:300], max_iter=40, lr=1e-2, callbacks=(probe,))
    >>> [finding.step for finding in probe.history], probe.history[-1].values["knn"] > 0.7
    ([20, 40], True)
    """

    def __init__(
        self,
        train: tuple[Any, Any],
        test: tuple[Any, Any],
        every: int | str = "epoch",
        k: int = 20,
        encoder: nn.Module | None = None,
        name: str = "probe",
    ) -> None:
        super().__init__(name, every)
        self.k = check_number("OnlineProbe", "k", k, low=1, integer=True)
        if not (encoder is None or isinstance(encoder, nn.Module)):
            raise OptionError(f"OnlineProbe: encoder={encoder!r} must be an nn.Module")
        self.encoder = encoder
        self.train, self.train_labels = labelled("train", train)
        self.test, self.test_labels = labelled("test", test)
        if self.train.n < self.k:
            raise InputError(
                f"OnlineProbe: train has {self.train.n} rows, but k={self.k}; lower k or add rows"
            )
        classes = set(self.train_labels.tolist())
        if len(classes) < 2:
            raise InputError(
                f"OnlineProbe: train has one class, {classes.pop()!r}; give rows of at least two"
            )

    def begin(self, event: Event) -> None:
        self.probed(event.model)

    def look(self, event: Event) -> dict[str, float]:
        train, test = (self.features(event.model, data) for data in (self.train, self.test))
        if not (np.isfinite(train).all() and np.isfinite(test).all()):
            return {"knn": math.nan, "linear": math.nan}
        sets = train, self.train_labels, test, self.test_labels
        return {"knn": knn_probe(*sets, k=self.k), "linear": linear_probe(*sets)}

    def probed(self, model: Objective) -> nn.Module:
        """What is probed of this model."""
        module = representation(model.mapper) if self.encoder is None else self.encoder
        if any(getattr(part, "reads", "value") == "id" for part in module.modules()):
            raise OptionError(
                f"OnlineProbe: the mapper {module!r} is a table, which has no features of other rows; "
                "leave the probe out"
            )
        if isinstance(module, PerView):
            raise OptionError(
                f"OnlineProbe: the mapper {module!r} has a part for each view; give encoder= one of its mappers"
            )
        return module

    @torch.no_grad()
    def features(self, model: Objective, data: Inputs) -> np.ndarray:
        """Features of all rows, (n, d) float32."""
        module, device = self.probed(model), model.device
        embed = before_projector(module)
        factor = data.unit / getattr(model, "unit", 1.0)  # both are powers of two
        pieces: list[Tensor] = []
        with evaluating(module), own_randomness(0, device):
            for rows in torch.arange(data.n).split(PIECE):
                x = data.take(rows).stacked().to(device)
                pieces.append(embed(x * factor if x.is_floating_point() else x).float().cpu())
        features = torch.cat(pieces)
        if features.ndim != 2:
            raise InputError(
                f"OnlineProbe: the features of {module!r} have shape {tuple(features.shape)}; one vector a "
                "row is needed"
            )
        return features.numpy()


def labelled(name: str, given: Any) -> tuple[Inputs, np.ndarray]:
    """Rows of one view and their labels, as many."""
    if not (isinstance(given, (tuple, list)) and len(given) == 2):
        raise InputError(f"OnlineProbe: {name} is a {type(given).__name__}; give a tuple (X, y)")
    data, labels = fit_inputs(given[0], None, min_rows=1), to_array(given[1], f"{name} labels")
    if len(data.views) > 1:
        raise InputError(f"OnlineProbe: {name} has {len(data.views)} views of each row; give one")
    if labels.shape != (data.n,):
        raise InputError(
            f"OnlineProbe: {name} has {data.n} rows and labels of shape {labels.shape}; give one label a row"
        )
    codes(labels, f"{name} labels")  # refuses NaN, and numbers among text
    return data, labels
