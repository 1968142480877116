"""What the processes of ``crew`` do in tests: each function runs in every one of them."""

from __future__ import annotations

import copy
import os
import signal
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn
from toys import batch_of, blobs, model_of

from iconlearn import (
    KNN,
    METHODS,
    MLP,
    Augmentation,
    CrossModal,
    DataLabel,
    Embedding,
    Gaussian,
    ICon,
    IConLearnError,
    Label,
    Learnable,
    Linear,
    Momentum,
    Perplexity,
    PerView,
    Predicted,
    Prototypes,
    Queue,
    SoftmaxHead,
    StudentT,
    UniformCluster,
)
from iconlearn._errors import ProcessError
from iconlearn.divergences import DIVERGENCES
from iconlearn.features import Features, open_features
from iconlearn.inputs import as_inputs
from iconlearn.mappers import Initializable, embed
from iconlearn.processes import ALONE
from iconlearn.train import pulse
from iconlearn.train.processes import alone, join
from iconlearn.train.run import shared_parameters

CPU = torch.device("cpu")
X, Y = blobs(53, 5)


def views(n: int, width: int = 5, count: int = 2) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(n)
    return tuple(torch.randn(n, width, generator=generator, dtype=torch.float64) for _ in range(count))


class Tied(nn.Module):
    """A second tower that shares its weights with the first."""

    def __init__(self, first: nn.Module) -> None:
        super().__init__()
        self.first, self.last = first, nn.Linear(3, 3, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.first(x))


def tied() -> ICon:
    first = Linear(5, 3)
    return ICon(Gaussian(2.0), StudentT(), first, mapper_j=Tied(first))


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))


COS = Gaussian(0.7, "cos")
# name: model, batch of 7 samples, which no 2 or 3 processes can share evenly
PROBLEMS: dict[str, Any] = {
    "one view, target from the data": lambda: (ICon(Gaussian(2.0), StudentT(), MLP(5, 2)), views(7)[0]),
    "joint": lambda: (
        ICon(Gaussian(2.0, normalize="joint"), StudentT(normalize="joint"), MLP(5, 2)),
        views(7)[0],
    ),
    "two views": lambda: (ICon(Augmentation(2), COS, MLP(5, 3)), views(7)),
    "three views": lambda: (ICon(Augmentation(3).debias(0.2), COS, MLP(5, 3)), views(7, count=3)),
    "learned widths": lambda: (ICon(Augmentation(2), Gaussian(Learnable(0.7), "cos"), MLP(5, 3)), views(7)),
    "momentum": lambda: (
        ICon(Augmentation(2), COS, Predicted(MLP(5, 3), MLP(3, 3)), mapper_j=Momentum(0.9)),
        views(7),
    ),
    "queue": lambda: (ICon(Augmentation(2), COS, MLP(5, 3), mapper_j=Queue(9, keys=Momentum(0.9))), views(7)),
    "prototypes": lambda: (
        ICon(DataLabel(), Gaussian(0.7), MLP(5, 3), mapper_j=Prototypes(4, 3)),
        (*views(7, count=1), torch.tensor([0, 1, 2, 3, 0, 1, 2])),
    ),
    "labels": lambda: (
        ICon(Label(), COS.debias(0.1), MLP(5, 3)),
        (*views(7, count=1), torch.tensor([0, 1, 1, 0, 2, 1, 2])),
    ),
    "two towers": lambda: (
        ICon(CrossModal(), Gaussian(0.7, "cos", pairs="cross_view"), PerView(Linear(5, 3), Linear(4, 3))),
        (*views(7, count=1), *views(7, 4, count=1)),
    ),
    "a second tower of the user's": lambda: (tied(), views(7, count=1)[0]),
    "clusters": lambda: (ICon(KNN(2), UniformCluster().debias(0.3), SoftmaxHead(5, 3)), views(7)[0]),
    "batch normalisation": lambda: (ICon(Augmentation(2), COS, network()), views(7)),
    "pieces": lambda: (ICon(Augmentation(2), COS, MLP(5, 3)), replace(as_inputs(views(7)), pieces=2)),
    "pieces, batch normalisation": lambda: (
        ICon(Augmentation(2), COS, network()),
        replace(as_inputs(views(7)), pieces=2),
    ),
    "table": lambda: (
        ICon(Gaussian(2.0), StudentT(), Embedding(7, init="random", scale=1.0)),
        views(7)[0],
    ),
}


def in_float64(model: ICon) -> ICon:
    """A model with weights that are the same in every process."""
    model.double()
    generator = torch.Generator().manual_seed(5)
    for parameter in model.parameters():
        if parameter.requires_grad and parameter.ndim != 0:
            parameter.data = torch.randn(parameter.shape, generator=generator, dtype=torch.float64) / 2
    for part in model.modules():
        if isinstance(part, (Momentum, Queue)) and isinstance(part, Initializable):
            part.initialize(None, None, generator)  # type: ignore[arg-type]
    return model.train()


def gradient(model: ICon, batch: Any, across: Any, steps: int = 2) -> dict[str, torch.Tensor]:
    """Loss and gradient of a few batches by name; a queue holds the first when it sees the second."""
    found = {}
    for step in range(steps):
        inputs = replace(as_inputs(batch, model.num_views), across=across)
        model.zero_grad()
        loss = model.loss(model.pair(inputs))
        if loss.requires_grad:
            loss.backward()
            across.average(shared_parameters(model, inputs))
        found[f"{step} loss"] = loss.detach()
        found |= {f"{step} {k}": p.grad.clone() for k, p in model.named_parameters() if p.grad is not None}
    return found


def distance(model: ICon, batch: Any) -> float:
    """Largest difference of loss and gradient between several processes and one, relative to the largest number."""
    one = gradient(copy.deepcopy(model), batch, ALONE)
    several = gradient(copy.deepcopy(model), batch, join(None, CPU))
    assert one.keys() == several.keys()
    for k, part in one.items():
        assert torch.equal(
            part.isfinite(), several[k].isfinite()
        )  # chi2 may overflow, and then does so everywhere
    kept = [k for k, part in one.items() if bool(part.isfinite().all())]
    largest = max((float(one[k].abs().max()) for k in kept), default=1.0)
    return max((float((one[k] - several[k]).abs().max()) for k in kept), default=0.0) / largest


def distances() -> dict[str, float]:
    """Of every problem."""
    torch.set_default_dtype(torch.float64)
    found = {}
    for name, make in PROBLEMS.items():
        model, batch = make()
        found[name] = distance(in_float64(model), batch)
    return found


def distances_of_methods() -> dict[str, float]:
    """Of every method of the table whose mapper is a network, under every divergence that it can have."""
    torch.set_default_dtype(torch.float64)
    found = {}
    x, y = blobs(11)
    for row in METHODS.values():
        model, options = model_of(row, x, y if row.needs_labels else None)
        batch = as_inputs(batch_of(row, x))
        if (augment := options.get("augment")) is not None:
            made = [
                augment(batch.stacked(), torch.Generator().manual_seed(k)) for k in range(model.num_views)
            ]
            batch = batch.with_views(*made)
        label = torch.from_numpy(y[: batch.n]) if row.needs_labels and batch.label is None else batch.label
        batch = replace(
            batch, label=label, views=tuple(v.double() if v.is_floating_point() else v for v in batch.views)
        )
        if not shared_parameters(model, replace(batch, across=join(None, CPU))):
            continue
        for name in DIVERGENCES:
            try:
                other = ICon(
                    model.target_dist,
                    model.learned_dist,
                    model.mapper,
                    mapper_j=model.mapper_j,
                    divergence=name,
                )
                found[f"{row.name}, {name}"] = distance(in_float64(other), batch)
            except IConLearnError:
                continue  # infinite, or a limit: there is no loss
    return found


def noisy(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return x + 0.1 * torch.randn(x.shape, generator=generator, dtype=x.dtype)


def queue() -> ICon:
    return ICon(Augmentation(2), COS, MLP(5, 3), mapper_j=Queue(30, keys=Momentum(0.9)))


def labelled() -> ICon:
    return ICon(Label(), COS, MLP(5, 3))


class Stored(Features):
    """Features that remember which rows were read."""

    views, label, classes, names, dtype, digest, peak = 2, None, None, None, "float32", "stored", 1.0

    def __init__(self) -> None:
        self.n, self.d = X.shape
        self.rows = np.stack([X, X + 0.1]).astype(np.float32)
        self.read: list[int] = []

    def take(self, index: Any, view: Any = 0) -> torch.Tensor:
        self.read.append(len(index))
        return torch.from_numpy(self.rows[np.asarray(view), np.asarray(index)])

    def check(self) -> Features:
        return self


# name: model, data, options
FITS: dict[str, Any] = {
    "clusters": lambda folder: (
        ICon(KNN(5), UniformCluster().debias(0.3), SoftmaxHead(5, 4)),
        X,
        {"batch_size": 17, "max_iter": 12, "lr": 0.02, "positives": 2},
    ),
    "batches of classes": lambda folder: (
        labelled(),
        {"value": X, "label": Y},
        {"batch_size": 12, "classes_per_batch": 3, "max_iter": 8, "accumulate": 2},
    ),
    "starts that race": lambda folder: (
        ICon(KNN(5), UniformCluster(), SoftmaxHead(5, 4)),
        X,
        {"batch_size": 17, "max_iter": 16, "lr": 0.02, "restarts": 4},
    ),
    "augmented, with a queue": lambda folder: (
        queue(),
        X,
        {"batch_size": 11, "epochs": 3, "augment": noisy, "optimizer": "sgd"},
    ),
    "all rows, with tol": lambda folder: (
        ICon(KNN(5), UniformCluster(), SoftmaxHead(5, 4)),
        X,
        {"max_iter": 200, "lr": 0.05, "tol": 0.1},
    ),
    "map": lambda folder: (
        ICon(Gaussian(Perplexity(6)).symmetrize(), StudentT(normalize="joint"), Embedding(53, 2)),
        X,
        {"max_iter": 20},
    ),
    "stored": lambda folder: (
        ICon(Augmentation(2), COS, MLP(5, 3)),
        Stored(),
        {"batch_size": 11, "max_iter": 8, "random_state": join(None, CPU).rank},  # that of the first counts
    ),
    "on disk, with neighbours that the first finds": lambda folder: (
        ICon(KNN(5), UniformCluster().debias(0.3), SoftmaxHead(5, 4)),
        open_features(f"{folder}/rows.npy"),
        {"batch_size": 17, "max_iter": 8, "lr": 0.02, "positives": 1},
    ),
}


def state(model: ICon) -> dict[str, np.ndarray]:
    """All weights."""
    return {name: tensor.numpy() for name, tensor in model.state_dict().items()}


def fits(folder: str) -> dict[str, Any]:
    """What every fit leaves: weights, losses, the losses of starts; and the rows that were read of stored ones."""
    torch.set_default_dtype(torch.float64)
    found = {}
    for name, make in FITS.items():
        model, data, options = make(folder)
        model.double().fit(data, **options)
        history = model.history
        found[name] = state(model), history.losses, history.restart_losses
        if isinstance(data, Stored):
            found["read"] = data.read
    return found


def go_on(checkpoint: str, stop: int | None) -> dict[str, Any]:
    """A run with a checkpoint, stopped after a step; the callbacks that were made, and the result."""
    torch.set_default_dtype(torch.float64)
    model, data, options = FITS["augmented, with a queue"](None)
    seen: list[int] = []

    def look(event: Any) -> bool:
        seen.append(event.step)
        return not (event.kind == "step" and event.step == stop)

    model.double().fit(data, **options, checkpoint=checkpoint, callbacks=(look,))
    return {"state": state(model), "losses": model.history.losses, "seen": seen}


def interrupted() -> tuple[bool, int]:
    """Ctrl-C in the first process, during its fourth step: was it told, and after how many steps?"""
    model, data, options = FITS["augmented, with a queue"](None)
    first = join(None, CPU).first
    calls: list[int] = []
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background a shell has it ignored

    def augment(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        calls.append(1)
        if first and len(calls) == 8:
            os.kill(os.getpid(), signal.SIGINT)
        return noisy(x, generator)

    model.fit(data, **{**options, "augment": augment})
    return model.history.interrupted, len(model.history.losses)


def interrupted_race() -> tuple[bool, int, dict[str, np.ndarray]]:
    """Ctrl-C in the first process, in the second step of a race of starts: as above, and the weights."""
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def look(event: Any) -> None:
        if event.kind == "search" and event.step == 1:
            os.kill(os.getpid(), signal.SIGINT)

    model = ICon(KNN(5), UniformCluster().debias(0.1), SoftmaxHead(5, 3))
    model.fit(X, restarts=6, max_iter=40, batch_size=20, callbacks=(look,))
    return model.history.interrupted, len(model.history.losses), state(model)


def broken(rank: int, how: str) -> tuple[str, float]:
    """A fit in which one process fails in some way: the error that this one meets, and after how long."""
    pulse.BEAT, pulse.SILENCE = 0.2, 3.0
    model, data, options = FITS["augmented, with a queue"](None)
    across = join(None, CPU)
    calls: list[int] = []

    def augment(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        calls.append(1)
        if across.rank == rank and len(calls) == 5:
            if how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            if how == "hangs":
                time.sleep(70)
            raise ValueError("an image does not decode")
        return noisy(x, generator)

    before = time.monotonic()
    try:
        model.fit(
            data + (across.rank == rank) if how == "other data" else data, **{**options, "augment": augment}
        )
    except Exception as error:
        return f"{type(error).__name__}: {error}", time.monotonic() - before
    return "", 0.0


def led() -> list[str]:
    """Turns that the first process leads, some of which fail: the errors that this one meets, and what it finds."""
    across, found = join(None, CPU), []

    def attempt(work: Any) -> None:
        try:
            found.append(str(across.lead(work)))
        except (ValueError, ProcessError) as error:
            found.append(f"{type(error).__name__}: {error}")

    def fail() -> None:
        raise ValueError("the disk is full")

    attempt(fail)
    attempt(lambda: "after it")
    return found


def parts() -> dict[str, Any]:
    """What the parts do when asked for by themselves."""
    across = join(None, CPU)
    ones = replace(as_inputs(torch.ones(8, 50)), across=across)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        dropped = embed(nn.Dropout(0.5).train(), ones)
        after = torch.rand(3)
    worked: list[int] = []
    found = across.lead(lambda: worked.append(1) or os.getpid())
    by_itself = ICon(KNN(5), UniformCluster(), SoftmaxHead(5, 4))
    if across.first:  # the others are not there
        by_itself.fit(X, max_iter=2, lr=0.01, processes=1)
        with alone():
            by_itself.fit(X, max_iter=2, lr=0.01)
    return {
        "dropped": dropped.numpy(),
        "after": after.numpy(),
        "led": (found, len(worked)),
        "few": replace(as_inputs(torch.ones(1, 2)), across=across).n,
        "all": [across.all(True), across.all(across.first), across.all(False)],
    }
