"""Critics: networks that score every row of x with every row of y."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from iconlearn._describe import Described
from iconlearn._numerics import recompute
from iconlearn.mappers import MLP, Linear

DEPTH = 3  # hidden layers: the first, and two more
PAIRS = 1 << 14  # pairs whose activations a joint critic holds at a time


class Separable(Described, nn.Module):
    r"""An inner product of two embeddings, :math:`s(x, y) = g(x) \cdot h(y)`.

    As many passes as rows, so it is cheap; for much information weaker than :class:`Joint`.

    Parameters
    ----------
    x_features, y_features : int
    width : int, default 256
        Units of each of the three hidden layers of g and of h.
    embedding_dim : int, default 32
    seed : int, default 0
        Of the weights; a fit draws its own.

    References
    ----------
    van den Oord, Li and Vinyals, 2018; sizes: Lee and Rhee, A Benchmark Suite for Evaluating Neural Mutual Information
    Estimators on Unstructured Datasets, 2024.

    Examples
    --------
    >>> import torch
    >>> Separable(3, 2)(torch.zeros(5, 3), torch.zeros(4, 2)).shape
    torch.Size([5, 4])
    """

    def __init__(
        self, x_features: int, y_features: int, width: int = 256, embedding_dim: int = 32, seed: int = 0
    ) -> None:
        super().__init__()
        self.x_features, self.y_features = x_features, y_features
        self.width, self.embedding_dim, self.seed = width, embedding_dim, seed
        self.of_x = MLP(x_features, embedding_dim, (width,) * DEPTH, seed=seed)
        self.of_y = MLP(y_features, embedding_dim, (width,) * DEPTH, seed=seed + 1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Scores (n, m) of n rows of x with m rows of y."""
        return self.of_x(x) @ self.of_y(y).mT


class Joint(Described, nn.Module):
    """A network of x and y side by side: the strongest critic, with n^2 passes for a batch of n.

    The first layer is a sum of one of x and one of y, so it is passed by rows and not by pairs, however many columns
    there are. Of a batch with more than 16384 pairs activations are not kept, but made again for the gradient a tile at
    a time.

    Parameters
    ----------
    x_features, y_features : int
    width : int, default 256
        Units of each of the three hidden layers.
    seed : int, default 0
        Of the weights; a fit draws its own.

    Examples
    --------
    >>> import torch
    >>> Joint(3, 2)(torch.zeros(5, 3), torch.zeros(4, 2)).shape
    torch.Size([5, 4])
    """

    def __init__(self, x_features: int, y_features: int, width: int = 256, seed: int = 0) -> None:
        super().__init__()
        self.x_features, self.y_features, self.width, self.seed = x_features, y_features, width, seed
        self.of_x = Linear(x_features, width, seed=seed)
        self.of_y = Linear(y_features, width, bias=False, seed=seed + 1)
        self.net = MLP(width, 1, (width,) * (DEPTH - 1), seed=seed + 2)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Scores (n, m) of n rows of x with m rows of y."""
        first, second = self.of_x(x), self.of_y(y)
        if len(x) * len(y) <= PAIRS:
            return self._pairs(first, second)
        tiles = first.split(max(1, PAIRS // len(y)))
        return torch.cat([recompute(self._pairs, tile, second) for tile in tiles])

    def _pairs(self, first: Tensor, second: Tensor) -> Tensor:
        """The other layers, of the sums of what the first makes of x and of y."""
        hidden = (first[:, None] + second).relu()
        return self.net(hidden.flatten(0, 1)).reshape(len(first), len(second))


class Bilinear(Described, nn.Module):
    r"""The score :math:`x^\top W y`, for features that are aligned already.

    It has no quadratic terms in x or in y alone, which the log ratio even of Gaussians needs.

    Parameters
    ----------
    x_features, y_features : int
    seed : int, default 0
        Of the weights; a fit draws its own.

    Examples
    --------
    >>> import torch
    >>> Bilinear(3, 2)(torch.zeros(5, 3), torch.zeros(4, 2)).shape
    torch.Size([5, 4])
    """

    def __init__(self, x_features: int, y_features: int, seed: int = 0) -> None:
        super().__init__()
        self.x_features, self.y_features, self.seed = x_features, y_features, seed
        self.net = Linear(x_features, y_features, bias=False, seed=seed)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Scores (n, m) of n rows of x with m rows of y."""
        turned = self.net(x)
        return turned @ y.to(turned.dtype).mT


class Baselined(nn.Module):
    """A critic less the log of a learned baseline a(y): the scores of TUBA."""

    def __init__(self, critic: nn.Module, y_features: int, width: int = 256) -> None:
        super().__init__()
        self.critic, self.log_baseline = critic, MLP(y_features, 1, (width,) * DEPTH, seed=2)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Scores (n, m) of n rows of x with m rows of y."""
        return self.critic(x, y) - self.log_baseline(y).mT


CRITICS = {"separable": Separable, "joint": Joint, "bilinear": Bilinear}


def make_critic(name: str, x_features: int, y_features: int, width: int) -> nn.Module:
    """A critic by name; a bilinear one has no width."""
    if name == "bilinear":
        return Bilinear(x_features, y_features)
    return CRITICS[name](x_features, y_features, width)
