"""Options of a run, and what it leaves behind."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import torch
from torch import Tensor

from iconlearn._checks import check_choice, check_names, check_number
from iconlearn._errors import OptionError
from iconlearn.train.events import Callback
from iconlearn.train.optimizers import OPTIMIZERS
from iconlearn.train.precision import PRECISIONS
from iconlearn.train.schedules import PerSample, Schedule, as_schedule

View = Callable[[Tensor, torch.Generator], Tensor]
Augment = View | Sequence[View]
# Options that some optimisers have, and others do not.
OF_OPTIMIZERS = ("momentum", "gain", "weight_decay")


def in_turn(augment: Augment) -> Sequence[View]:
    """What makes the first view, the second, and so on in turn.

    Examples
    --------
    >>> in_turn(len)
    (<built-in function len>,)
    """
    return (augment,) if callable(augment) else augment


def make_views(augment: Augment, x: Tensor, generator: torch.Generator, count: int) -> list[Tensor]:
    """So many views of a batch."""
    makers = in_turn(augment)
    return [makers[k % len(makers)](x, generator) for k in range(count)]


@dataclass(frozen=True)
class Training:
    """Options of a run; see :meth:`iconlearn.ICon.fit` for their meaning."""

    max_iter: int = 500
    epochs: int | None = None
    batch_size: int | None = None
    accumulate: int = 1
    precision: str = "32-true"
    positives: int = 0
    classes_per_batch: int | None = None
    optimizer: str = "adam"
    lr: float | Schedule | PerSample | None = None
    momentum: float | Schedule | None = None
    gain: float | Schedule | None = None
    weight_decay: float | Schedule | None = None
    max_grad_norm: float | None = None
    exaggeration: float | Schedule | None = None
    temperature: float | Schedule | None = None
    augment: Augment | None = None
    restarts: int = 1
    baseline: float | None = None
    random_state: int | None = 0
    tol: float | None = None
    warm_start: bool = False
    checkpoint: str | os.PathLike[str] | None = None
    checkpoint_every: int | None = None
    callbacks: tuple[Callback, ...] = ()
    processes: Any = None
    lenient: bool = False  # suggested, not asked for: what does not apply is left out

    def __post_init__(self) -> None:
        check_number("fit", "max_iter", self.max_iter, low=0, integer=True)
        check_number("fit", "restarts", self.restarts, low=1, integer=True)
        check_number("fit", "accumulate", self.accumulate, low=1, integer=True)
        check_choice("fit", "precision", self.precision, PRECISIONS)
        check_choice("fit", "optimizer", self.optimizer, OPTIMIZERS)
        check_number("fit", "positives", self.positives, low=0, integer=True)
        if self.positives and (self.batch_size is None or self.batch_size <= self.positives):
            raise OptionError(
                f"fit: positives={self.positives} join every sample of a batch, but batch_size={self.batch_size}; "
                f"give a batch_size of at least {self.positives + 1}, or leave positives out"
            )
        for name in ("epochs", "batch_size", "checkpoint_every", "classes_per_batch"):
            if getattr(self, name) is not None:
                check_number("fit", name, getattr(self, name), low=1, integer=True)
        self._check_classes()
        for name in ("lr", *OF_OPTIMIZERS, "exaggeration", "temperature"):
            if (value := getattr(self, name)) is not None and not isinstance(value, PerSample):
                as_schedule(name, value)
        if self.max_grad_norm is not None:
            check_number("fit", "max_grad_norm", self.max_grad_norm, low=0, open_low=True)
        for name in OF_OPTIMIZERS:
            if getattr(self, name) is not None and not getattr(OPTIMIZERS[self.optimizer], f"has_{name}"):
                able = ", ".join(sorted(n for n, o in OPTIMIZERS.items() if getattr(o, f"has_{name}")))
                raise OptionError(f"fit: optimizer={self.optimizer!r} takes no {name}; those that do: {able}")
        if self.augment is not None and not callable(self.augment):
            several = isinstance(self.augment, (tuple, list)) and len(self.augment) > 0
            if not several or not all(map(callable, self.augment)):
                raise OptionError(
                    f"fit: augment={self.augment!r} must be a function (x, generator) -> view of x, or a tuple of such "
                    "functions, which make the views in turn"
                )
        if self.random_state is not None:
            check_number("fit", "random_state", self.random_state, low=0, high=2**63 - 1, integer=True)
        if self.baseline is not None:
            check_number("fit", "baseline", self.baseline, low=-1, high=100)
        if self.tol is not None:
            check_number("fit", "tol", self.tol, low=0)
        if not isinstance(self.warm_start, bool):
            raise OptionError(f"fit: warm_start={self.warm_start!r} must be True or False")
        if self.warm_start and self.restarts > 1:
            raise OptionError(
                f"fit: warm_start=True goes on from one state, so restarts={self.restarts} have nothing to choose "
                "from; leave one of them out"
            )
        if self.checkpoint is not None and not isinstance(self.checkpoint, (str, os.PathLike)):
            raise OptionError(f"fit: checkpoint={self.checkpoint!r} must be the path of a file")
        if self.checkpoint is None and self.checkpoint_every is not None:
            raise OptionError(
                f"fit: checkpoint_every={self.checkpoint_every} but there is no file to write; give checkpoint=path"
            )
        known = self.processes is None or self.processes == 1 or hasattr(self.processes, "global_rank")
        if self.processes is True or not known:
            raise OptionError(
                f"fit: processes={self.processes!r} must be None (join those of torchrun), 1 (stay alone), or a Fabric "
                "of lightning_fabric"
            )
        if not (isinstance(self.callbacks, (tuple, list)) and all(map(callable, self.callbacks))):
            raise OptionError(f"fit: callbacks={self.callbacks!r} must be a tuple of functions of an Event")

    def _check_classes(self) -> None:
        """Refuse batches that cannot have equally many samples of so many classes."""
        if self.classes_per_batch is None:
            return
        size = self.batch_size or 0
        if size < 2 * self.classes_per_batch or size % self.classes_per_batch:
            raise OptionError(
                f"fit: classes_per_batch={self.classes_per_batch} takes equally many samples, at least two, of each "
                f"class, but batch_size={self.batch_size}; give a batch_size that is a multiple, such as "
                f"{8 * self.classes_per_batch}"
            )
        if self.positives:
            raise OptionError(
                f"fit: positives={self.positives} and classes_per_batch={self.classes_per_batch} both say who joins a "
                "batch; leave one of them out"
            )

    def seed(self) -> int:
        """The seed of the run; drawn from the system when random_state is None."""
        if self.random_state is None:
            return int.from_bytes(os.urandom(7), "big")
        return int(self.random_state)


def training_options(owner: str, options: dict[str, Any]) -> Training:
    """Options by name, with unknown names refused."""
    check_names(owner, options, {f.name for f in fields(Training)})
    return Training(**options)


@dataclass
class History:
    """What a run leaves behind.

    The loss of every step (of the state before it, at the accuracy of steps); the exact loss of the state that is left,
    where one target on all rows stood for the whole run; whether the run was cut short, or stopped because the loss
    stood still (``tol``); the step at which it went on from a checkpoint; the losses of the restarts when each was last
    compared, lowest first; whether k-means was kept (``baseline``); and the share of rows that had no mass under the
    target and were left out (the mean over the steps).
    """

    losses: list[float] = field(default_factory=list)
    loss: float | None = None
    interrupted: bool = False
    converged: bool = False
    resumed_from: int | None = None
    restart_losses: list[float] = field(default_factory=list)
    kept_baseline: bool = False
    empty_rows: float = 0.0


def whole(history: History | None) -> History:
    """The history of a run that came to its end; for those to whom half a run says nothing.

    Raises
    ------
    KeyboardInterrupt
        where Ctrl-C cut the run short (``fit`` itself returns then, with the best state so far).
    """
    if history is None or history.interrupted:
        raise KeyboardInterrupt
    return history
