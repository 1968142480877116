"""Gradients of several processes and of one, for ``crew``: each function runs in every process."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

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
    PerView,
    Predicted,
    Prototypes,
    Queue,
    SoftmaxHead,
    StudentT,
    UniformCluster,
)
from iconlearn.divergences import DIVERGENCES
from iconlearn.inputs import as_inputs
from iconlearn.mappers import Initializable
from iconlearn.processes import ALONE
from iconlearn.train.processes import join
from iconlearn.train.run import shared_parameters

CPU = torch.device("cpu")


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
