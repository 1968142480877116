"""Bandwidths: the values that ``sigma`` may take besides a number."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from iconlearn._checks import check_number
from iconlearn._describe import show
from iconlearn._errors import OptionError
from iconlearn._parallel import in_pieces
from iconlearn._widths import kth_rows, mean_rows, perplexity_rows


class RowBandwidth(ABC):
    """A bandwidth solved from squared distances: one for every row, or (``shared``) one for all rows."""

    shared: bool = False  # all rows take the root mean square of what each would take alone

    @abstractmethod
    def neighbors(self) -> int | None:
        """Keep this many nearest candidates of every row; None keeps all."""

    @abstractmethod
    def solve_rows(self, indptr: Tensor, squared: Tensor) -> Tensor:
        """Squared distances (E,) in compressed rows, inf where there is no candidate, to (n,) bandwidths sigma."""

    def solve(self, squared: Tensor) -> Tensor:
        """(b, k) squared distances, inf where there is no candidate, to (b,) bandwidths sigma."""
        rows, width = squared.shape
        indptr = torch.arange(rows + 1, device=squared.device) * width
        return self.solve_rows(indptr, squared.flatten())

    def sufficient(self) -> int | None:
        """How many nearest candidates determine the bandwidth where no points coincide; None means all."""
        return self.neighbors()


def over_rows(loop: Callable[..., None], indptr: Tensor, squared: Tensor, *given: float) -> Tensor:
    """``loop`` over all rows, in float64, to bandwidths of the type of the distances."""
    starts, entries = indptr.cpu().numpy(), squared.detach().cpu().contiguous().numpy()
    sigma = torch.empty(len(starts) - 1, dtype=torch.float64)
    out = sigma.numpy()
    in_pieces(lambda a, b: loop(starts, entries, *given, a, b, out), len(out))
    return sigma.to(squared)


@dataclass(frozen=True, repr=False)
class Perplexity(RowBandwidth):
    r"""Choose sigma_i so that every row has the same perplexity, exp of its entropy in nats.

    .. math:: \exp H(p(\cdot|i)) = \text{value}, \qquad
              H(\beta) = \log Z_i + \beta\, E_{p(\cdot|i)}[d_{ij}^2], \quad \beta = 1 / (2\sigma_i^2)

    solved in float64 by Newton's method on log beta within a bracket. A row whose nearest points coincide more
    than ``value`` times cannot reach it; it gets the uniform distribution over the coincident points.

    Parameters
    ----------
    value : float, default 30
        Effective number of neighbours, usually 5 to 50; more than 1.
    kept : int, None or "auto"
        Nearest candidates kept in each row, at least value; "auto" keeps 3 * value (the mass beyond is
        negligible). ``None`` keeps every candidate and makes the target dense.

    References
    ----------
    Hinton & Roweis, Stochastic Neighbor Embedding, NeurIPS 2002; the truncation as in van der Maaten,
    Accelerating t-SNE using Tree-Based Algorithms, JMLR 2014.

    Examples
    --------
    >>> Perplexity(30).neighbors()
    90
    """

    value: float = 30.0
    kept: int | str | None = "auto"

    def __post_init__(self) -> None:
        check_number("Perplexity", "value", self.value, low=1, open_low=True, high=1e9)
        if not (self.kept is None or self.kept == "auto"):
            check_number("Perplexity", "kept", self.kept, low=1, integer=True)
            if int(self.kept) < self.value:
                raise OptionError(
                    f"Perplexity: kept={self.kept!r} must be at least value={show(self.value)}, which fewer "
                    "neighbours cannot reach; leave kept out"
                )

    def __repr__(self) -> str:
        return f"Perplexity({show(self.value)}{'' if self.kept == 'auto' else f', kept={self.kept}'})"

    def neighbors(self) -> int | None:
        """Nearest candidates kept in each row."""
        if self.kept == "auto":
            return math.ceil(3 * self.value)
        return None if self.kept is None else int(self.kept)

    def solve_rows(self, indptr: Tensor, squared: Tensor) -> Tensor:
        """Bandwidth of every row; see the class."""
        return over_rows(perplexity_rows, indptr, squared, math.log(self.value))


@dataclass(frozen=True)
class KthNeighbor(RowBandwidth):
    """sigma_i = distance from i to its k-th nearest candidate (self-tuning bandwidth).

    Parameters
    ----------
    k : int, default 7
        Which neighbour. A row with fewer candidates takes its farthest; coincident points, whose distance is
        0, take the row's smallest positive distance, or 1 where there is none.

    References
    ----------
    Zelnik-Manor & Perona, Self-Tuning Spectral Clustering, NeurIPS 2004.

    Examples
    --------
    >>> import torch
    >>> KthNeighbor(2).solve(torch.tensor([[1.0, 4.0, 9.0]])).tolist()
    [2.0]
    """

    k: int = 7

    def __post_init__(self) -> None:
        check_number("KthNeighbor", "k", self.k, low=1, integer=True)

    def neighbors(self) -> int | None:
        """Keep every candidate."""
        return None

    def solve_rows(self, indptr: Tensor, squared: Tensor) -> Tensor:
        """Bandwidth of every row; see the class."""
        return over_rows(kth_rows, indptr, squared, self.k)

    def sufficient(self) -> int | None:
        """The k nearest."""
        return self.k


@dataclass(frozen=True)
class Spread(RowBandwidth):
    """One sigma for all rows: a share of the root mean square distance between candidates.

    Makes a fixed-width kernel independent of the scale of the data.

    Parameters
    ----------
    share : float, default 0.1

    Examples
    --------
    >>> import torch
    >>> round(Spread(0.5).solve(torch.tensor([[3.0, 5.0]])).item(), 6)
    1.0
    """

    share: float = 0.1
    shared = True

    def __post_init__(self) -> None:
        check_number("Spread", "share", self.share, low=0, open_low=True, high=1e9)

    def neighbors(self) -> int | None:
        """Keep every candidate."""
        return None

    def solve_rows(self, indptr: Tensor, squared: Tensor) -> Tensor:
        """The row's own value; see ``shared``."""
        return over_rows(mean_rows, indptr, squared) * self.share


class Learnable(nn.Module):
    """A positive width trained with the mapper: sigma = exp(log_sigma).

    Parameters
    ----------
    initial : float, default 1
        Where it starts.
    at_least : float, default 0
        Smallest width; 0.1 is CLIP's cap of 100 on the logit scale.

    Examples
    --------
    >>> round(Learnable(0.5)().item(), 6)
    0.5
    """

    def __init__(self, initial: float = 1.0, at_least: float = 0.0) -> None:
        super().__init__()
        self.initial = check_number("Learnable", "initial", initial, low=0, open_low=True, high=1e30)
        self.at_least = check_number("Learnable", "at_least", at_least, low=0, high=self.initial)
        self.log_sigma = nn.Parameter(torch.tensor(math.log(self.initial)))

    def forward(self) -> Tensor:
        """The current width, a scalar tensor."""
        sigma = self.log_sigma.exp()
        # the gradient passes below the bound, so that a width which has reached it can grow again
        return sigma + (self.at_least - sigma).clamp(min=0).detach()

    def __repr__(self) -> str:
        bound = f", at_least={show(self.at_least)}" if self.at_least else ""
        return f"Learnable({show(self.initial)}{bound})"


Width = float | RowBandwidth | Learnable | nn.Parameter


def check_width(owner: str, argument: str, width: Width, *, limits: bool) -> Width:
    """Refuse a width that is not positive; 0 and inf are allowed where a limit is defined."""
    if isinstance(width, (RowBandwidth, Learnable, nn.Parameter)):
        return width
    low_ok = limits and width == 0
    try:
        value = float(width)
    except (TypeError, ValueError):
        value = math.nan
    if (
        isinstance(width, (bool, str, bytes))
        or not (value > 0 or low_ok)
        or (math.isinf(value) and not limits)
    ):
        ends = "0, inf, " if limits else ""
        raise OptionError(
            f"{owner}: {argument}={width!r} must be > 0, {ends}Perplexity, KthNeighbor or Learnable; "
            "for a temperature t use sigma=t**0.5"
        )
    return value
