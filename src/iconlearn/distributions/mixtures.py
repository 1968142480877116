"""Mixtures of distributions, written ``a * P + b * R``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from iconlearn._checks import check_number
from iconlearn._describe import show
from iconlearn._errors import OptionError
from iconlearn.composed import MixtureConditional
from iconlearn.conditional import Conditional
from iconlearn.distributions.base import WRAPPERS, Distribution, Engine, require_proper
from iconlearn.metrics import Metric
from iconlearn.neighbors import search_once
from iconlearn.points import Points


class Mixture(Distribution):
    r"""A convex combination, written ``a * P + b * R``; weights are relative and made to sum to one.

    .. math:: p(j|i) = \frac{\sum_k w_k\, p_k(j|i)}{\sum_k w_k}

    In a row where some components have no mass (an unlabelled point under :class:`Label`), the others share
    their weight.

    Examples
    --------
    >>> from iconlearn import KNN, Label
    >>> 0.7 * KNN(10) + 0.3 * Label()
    0.7 * KNN(k=10) + 0.3 * Label()
    """

    def __init__(self, parts: list[Distribution], weights: list[float]) -> None:
        normalize = parts[0].normalize
        for part in parts:
            if part.normalize != normalize:
                raise OptionError(
                    f"{part!r} is {part.normalize}-normalised but {parts[0]!r} is {normalize}-normalised; a "
                    "mixture needs one kind: add .symmetrize() or change normalize="
                )
        loosest = max((part.pairs for part in parts), key=("cross_view", "distinct", "all").index)
        super().__init__(normalize, loosest)
        self.parts = nn.ModuleList(parts)
        self.weights = [
            check_number("mixture", "weight", w, low=0, open_low=True, high=1e30) for w in weights
        ]
        self.num_views = max(part.num_views for part in parts)

    def terms(self) -> list[Distribution]:
        """The components, typed."""
        return list(self.parts)  # type: ignore[arg-type]

    def searches(self) -> list[tuple[str | Metric, str, int]]:
        return [one for part in self.terms() for one in part.searches()]

    def forward(self, i: Points, j: Points, engine: Engine) -> Conditional:
        total = sum(self.weights)
        i, j = search_once(self.searches(), i, j)
        parts = [part(i, j, engine) for part in self.terms()]
        for part, given in zip(parts, self.terms(), strict=True):
            require_proper(part, repr(given))
        return MixtureConditional(parts, [w / total for w in self.weights], self.pairs)

    def _map(self, change: Any) -> Distribution:
        return Mixture([change(part) for part in self.terms()], self.weights)

    def prepare(self, data: Points) -> Distribution:
        data, _ = search_once(self.searches(), data, data)
        return self._map(lambda part: part.prepare(data))

    def positives(self, ids: Tensor, count: int, generator: torch.Generator) -> Tensor | None:
        drawn = [part.positives(ids, count, generator) for part in self.terms()]
        known = [(one, w) for one, w in zip(drawn, self.weights, strict=True) if one is not None]
        if not known:
            return None
        weights = torch.tensor([w for _, w in known])
        chosen = torch.multinomial(weights, len(ids) * count, replacement=True, generator=generator)
        both = torch.stack([one for one, _ in known])
        return both.gather(0, chosen.to(both.device).view(1, len(ids), count)).squeeze(0)

    def per_row(self) -> Distribution:
        return self._map(lambda part: part.per_row())

    def temper(self, temperature: float) -> Distribution:
        return self._map(lambda part: part.temper(temperature))

    def __add__(self, other: Weighted | Mixture) -> Mixture:
        return add(self, other)

    def __repr__(self) -> str:
        shown = [f"({part!r})" if isinstance(part, Mixture) else repr(part) for part in self.terms()]
        return " + ".join(f"{show(w)} * {part}" for w, part in zip(self.weights, shown, strict=True))


@dataclass(frozen=True)
class Weighted:
    """One term ``weight * distribution`` of a mixture that is being written."""

    weight: float
    part: Distribution

    def __add__(self, other: Weighted | Mixture) -> Mixture:
        return add(self, other)


def add(left: Weighted | Mixture, right: Weighted | Mixture) -> Mixture:
    """The mixture of two terms or mixtures."""
    parts: list[Distribution] = []
    weights: list[float] = []
    for side in (left, right):
        if isinstance(side, Weighted):
            parts.append(side.part)
            weights.append(side.weight)
        elif isinstance(side, Mixture):
            parts += side.terms()
            weights += side.weights
        else:
            raise OptionError(f"cannot add {side!r} to a mixture; write a * P + b * R")
    return Mixture(parts, weights)


WRAPPERS["weigh"] = Weighted
