"""Softmax heads: parametric soft assignments to clusters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from iconlearn._checks import check_choice, check_number
from iconlearn._describe import Described
from iconlearn._errors import OptionError
from iconlearn.conditional import Conditional
from iconlearn.mappers._build import Initializable, draw, layer, seeded
from iconlearn.mappers._rows import RowLinear
from iconlearn.mappers.networks import flat
from iconlearn.mappers.partitions import kmeans, linked, ridge_head
from iconlearn.points import Points, require_value

INITS = ("k-means", "linkage", "mixed", "random")
LINKED = 0.15  # share of the mixed starts that are by linkage


class SoftmaxHead(Initializable, Described, nn.Module):
    """Log-probabilities of clusters, log softmax(W x + b): the linear head of InfoNCE clustering.

    Inputs are centred and divided by one common scale, both taken from the data by ``fit``: columns keep their
    relative spread, and the scale of the data does not matter.

    Parameters
    ----------
    in_features, num_clusters : int
    init : {"k-means", "linkage", "mixed", "random"}, default "k-means"
        Where ``fit`` starts, and every restart differently: "k-means" is the soft membership of one solution;
        "linkage" joins the parts of a finer one by the graph of the target (k-means where the target has no graph),
        which finds clusters that are not round; "mixed" is one of the two at random, mostly k-means, for restarts
        that race; "random" is small noise.
    hidden : sequence of int, default ()
        Widths of hidden layers beside the linear map: logits = W x + b + net(x), with net(x) = 0 at the start unless
        that is random.
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

    def __init__(
        self,
        in_features: int,
        num_clusters: int,
        init: str = "k-means",
        hidden: Sequence[int] = (),
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.in_features = check_number("SoftmaxHead", "in_features", in_features, low=1, integer=True)
        self.num_clusters = check_number("SoftmaxHead", "num_clusters", num_clusters, low=1, integer=True)
        self.init = check_choice("SoftmaxHead", "init", init, INITS)
        self.starts_from_target = self.init in ("linkage", "mixed")
        self.hidden = tuple(check_number("SoftmaxHead", "hidden", h, low=1, integer=True) for h in hidden)
        self.seed = seed
        generator = seeded(seed)
        self.net = layer(RowLinear, self.in_features, self.num_clusters, generator=generator)
        self.bend = self._bend(generator) if self.hidden else None
        self.register_buffer("mean", torch.zeros(self.in_features))
        self.register_buffer("spread", torch.ones(()))

    def _bend(self, generator: torch.Generator) -> nn.Sequential:
        """The layers beside the linear map."""
        layers: list[nn.Module] = []
        for before, after in pairwise((self.in_features, *self.hidden)):
            layers += [layer(RowLinear, before, after, generator=generator), nn.ReLU()]
        last = layer(RowLinear, self.hidden[-1], self.num_clusters, bias=False, generator=generator)
        return nn.Sequential(*layers, last)

    def _straight(self) -> None:
        """Nothing beside the linear map, as yet."""
        if self.bend is not None:
            self.bend[-1].weight.zero_()  # type: ignore[union-attr, operator]

    def scaled(self, x: Tensor) -> Tensor:
        """Centred rows in units of the common scale."""
        return (flat(x, self, self.in_features, self.net.weight) - self.mean) / self.spread

    def forward(self, x: Tensor) -> Tensor:
        """Log-probabilities, (n, num_clusters)."""
        z = self.scaled(x)
        logits = self.net(z) if self.bend is None else self.net(z) + self.bend(z)
        return logits.log_softmax(-1)

    @torch.no_grad()
    def initialize(self, data: Points, target: Conditional | None, generator: torch.Generator) -> None:
        """Take centre and scale from the data, and the start from ``init``."""
        x = require_value(data, self).flatten(1)
        if x.shape[1] != self.in_features:
            raise OptionError(
                f"{self!r} takes its centre and start from the data, which has {x.shape[1]} columns; set "
                "in_features to that, or inside another module use nn.Sequential(Linear(...), nn.LogSoftmax(-1))"
            )
        self.mean.copy_(x.mean(0))
        spread = (x - self.mean).square().mean().sqrt()
        self.spread.copy_(torch.where(spread > 0, spread, 1.0))
        for part in self.modules():
            if isinstance(part, nn.Linear):
                draw(part, generator)
        if self.init == "random":
            return
        z = self.scaled(x)
        if target is not None and target.support is not None and self._links(generator):
            weight = ridge_head(z, linked(z, target, self.num_clusters, generator), self.num_clusters)
            self.net.weight.copy_(weight)
            self.net.bias.zero_()
            self._straight()
            return
        self.start_by_kmeans(x, generator)

    @torch.no_grad()
    def start_by_kmeans(
        self, x: Tensor, generator: torch.Generator, starts: int = 1, near: Tensor | None = None
    ) -> None:
        r"""Soft membership of a k-means solution, the best of so many and of one from the partition ``near``.

        .. math:: \log p_{ic} = -\beta |z_i - m_c|^2 + \text{const}_i, \quad
            \beta = 2 / \langle |z_i - m_{c(i)}|^2 \rangle

        in scaled rows z, c(i) being the nearest centre. :math:`\beta` sets how soft a start is, and no more: equal
        round Gaussians of these distances would have d / 4 times as much, which is far too sure where columns depend
        on one another. So the probabilities rank rows by how near they are to a border, but are not calibrated.
        """
        z = self.scaled(x)
        solutions = [kmeans(z, self.num_clusters, generator) for _ in range(starts)]
        if near is not None and len(near.unique()) == self.num_clusters:
            solutions.append(kmeans(z, self.num_clusters, generator, near))
        centres, _, inertia = min(solutions, key=lambda solution: solution[2])
        # Logits -beta |x - centre|^2 up to a constant; beta makes memberships soft enough to move.
        beta = 2.0 / inertia if inertia > 0 else 1.0
        self.net.weight.copy_(2 * beta * centres)
        self.net.bias.copy_(-beta * centres.square().sum(-1))
        self._straight()

    def _links(self, generator: torch.Generator) -> bool:
        """Is this start one by linkage?"""
        mixed = self.init == "mixed"
        return bool(torch.rand((), generator=generator) < LINKED) if mixed else self.init == "linkage"
