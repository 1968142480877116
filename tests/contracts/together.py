"""What the processes of ``crew`` fit in tests: each function runs in every one of them."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from gradients import COS
from torch import nn
from toys import blobs

from iconlearn import (
    KNN,
    MLP,
    Augmentation,
    Embedding,
    Gaussian,
    ICon,
    Label,
    Momentum,
    Perplexity,
    Queue,
    SoftmaxHead,
    StudentT,
    UniformCluster,
)
from iconlearn._errors import ProcessError
from iconlearn.features import Features, open_features
from iconlearn.inputs import as_inputs
from iconlearn.mappers import embed
from iconlearn.train import pulse
from iconlearn.train.processes import alone, join

CPU = torch.device("cpu")
X, Y = blobs(53, 5)


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
