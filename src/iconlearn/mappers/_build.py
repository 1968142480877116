"""Layers built from an explicit generator: making a mapper never touches the global random state."""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from iconlearn._errors import InputError
from iconlearn.conditional import Conditional
from iconlearn.points import Points

Layer = TypeVar("Layer", nn.Linear, nn.Conv2d)


class Initializable:
    """Part of a mapper that ``fit`` starts anew; other modules go on from the weights they have."""

    def initialize(self, data: Points, target: Conditional | None, generator: torch.Generator) -> None:
        """Set the start from the data, the target on it (if it is fixed) and the run's generator."""
        raise NotImplementedError


def seeded(seed: int) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


def layer(kind: type[Layer], *args: object, generator: torch.Generator, **options: object) -> Layer:
    """A linear or convolutional layer, initialised as PyTorch does (Kaiming uniform) from ``generator``."""
    made: Any = nn.utils.skip_init(kind, *args, **options)
    draw(made, generator)
    return made


@torch.no_grad()
def draw(made: Any, generator: torch.Generator) -> None:
    """Fresh weights for a layer, on whatever device it is."""
    bound = made.weight[0].numel() ** -0.5
    for tensor in (made.weight, made.bias):
        if tensor is not None:
            tensor.copy_(torch.empty(tensor.shape).uniform_(-bound, bound, generator=generator))


def kmeans_centres(x: Tensor, k: int, generator: torch.Generator) -> tuple[Tensor, float]:
    """Centres (k, d) of one k-means solution, and the mean squared distance of a row to its centre."""
    import warnings

    from sklearn.cluster import KMeans  # heavy, and only needed here
    from sklearn.exceptions import ConvergenceWarning

    rows = x.detach().cpu().double().numpy()
    if k > len(rows):
        raise InputError(
            f"{k} clusters are asked for but there are only {len(rows)} rows; use at most {len(rows)}"
        )
    seed = int(torch.randint(1 << 31, (), generator=generator))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct rows than clusters
        solution: Any = KMeans(k, n_init=1, random_state=seed).fit(rows)  # type: ignore[arg-type]
    return torch.from_numpy(solution.cluster_centers_), float(solution.inertia_) / len(rows)
