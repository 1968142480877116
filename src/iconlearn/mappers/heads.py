"""Softmax heads: parametric soft assignments to clusters."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from iconlearn._checks import check_choice, check_number
from iconlearn._describe import Described
from iconlearn._errors import OptionError
from iconlearn.conditional import Conditional
from iconlearn.mappers._build import Initializable, draw, kmeans_centres, layer, seeded
from iconlearn.mappers._rows import RowLinear
from iconlearn.mappers.networks import flat
from iconlearn.points import Points, require_value


class SoftmaxHead(Initializable, Described, nn.Module):
    """Log-probabilities of clusters, log softmax(W x + b): the linear head of InfoNCE clustering.

    Inputs are centred and divided by one common scale, both taken from the data by ``fit``: columns keep their
    relative spread, and the scale of the data does not matter.

    Parameters
    ----------
    in_features, num_clusters : int
    init : {"k-means", "random"}, default "k-means"
        Where ``fit`` starts: soft membership of one k-means solution (a different one for every restart), or
        small noise.
    seed : int, default 0

    References
    ----------
    Alshammari et al., I-Con, ICLR 2025, section 4.

    Examples
    --------
    >>> from iconlearn import SoftmaxHead
    >>> SoftmaxHead(64, 10)
    SoftmaxHead(in_features=64, num_clusters=10)
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, in_features: int, num_clusters: int, init: str = "k-means", seed: int = 0) -> None:
        super().__init__()
        self.in_features = check_number("SoftmaxHead", "in_features", in_features, low=1, integer=True)
        self.num_clusters = check_number("SoftmaxHead", "num_clusters", num_clusters, low=1, integer=True)
        self.init = check_choice("SoftmaxHead", "init", init, ("k-means", "random"))
        self.seed = seed
        self.net = layer(RowLinear, self.in_features, self.num_clusters, generator=seeded(seed))
        self.register_buffer("mean", torch.zeros(self.in_features))
        self.register_buffer("spread", torch.ones(()))

    def scaled(self, x: Tensor) -> Tensor:
        """Centred rows in units of the common scale."""
        return (flat(x, repr(self), self.in_features, self.net.weight) - self.mean) / self.spread

    def forward(self, x: Tensor) -> Tensor:
        """Log-probabilities, (n, num_clusters)."""
        return self.net(self.scaled(x)).log_softmax(-1)

    @torch.no_grad()
    def initialize(self, data: Points, target: Conditional | None, generator: torch.Generator) -> None:
        """Take centre and scale from the data, and the start from ``init``."""
        x = require_value(data, repr(self)).flatten(1)
        if x.shape[1] != self.in_features:
            raise OptionError(
                f"{self!r} takes its centre and start from the data, which has {x.shape[1]} columns; set "
                "in_features to that, or inside another module use nn.Sequential(Linear(...), nn.LogSoftmax(-1))"
            )
        self.mean.copy_(x.mean(0))
        spread = (x - self.mean).square().mean().sqrt()
        self.spread.copy_(torch.where(spread > 0, spread, 1.0))
        draw(self.net, generator)
        if self.init == "k-means":
            # Logits -beta |x - centre|^2 up to a constant; beta makes memberships soft enough to move.
            centres, inertia = kmeans_centres(self.scaled(x), self.num_clusters, generator)
            beta = 2.0 / inertia if inertia > 0 else 1.0
            self.net.weight.copy_(2 * beta * centres)
            self.net.bias.copy_(-beta * centres.square().sum(-1))
