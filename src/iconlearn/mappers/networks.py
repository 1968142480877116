"""Parametric mappers: linear maps, multi-layer perceptrons and a small convolutional network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from iconlearn._checks import check_number
from iconlearn._describe import Described
from iconlearn._errors import InputError, OptionError
from iconlearn.conditional import Conditional
from iconlearn.mappers._build import Initializable, draw, layer, seeded
from iconlearn.mappers._rows import RowLinear
from iconlearn.mappers.images import check_image_shape
from iconlearn.points import Points


class Network(Initializable, Described, nn.Module):
    """A mapper whose weights come from its own seed; ``fit`` draws them anew, so a refit repeats itself."""

    net: nn.Module

    def initialize(self, data: Points, target: Conditional | None, generator: torch.Generator) -> None:
        """Fresh weights."""
        for part in self.modules():
            if isinstance(part, (nn.Linear, nn.Conv2d)):
                draw(part, generator)
            elif isinstance(part, nn.GroupNorm):
                part.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map rows, (n, ...) to (n, out)."""
        return self.net(x)


def flat(x: Tensor, owner: object, width: int, like: Tensor) -> Tensor:
    """Rows as vectors of the expected width, in the type of the parameter ``like``."""
    x = x.flatten(1) if x.ndim > 1 else x.unsqueeze(1)
    if x.shape[-1] != width:
        raise InputError(
            f"{owner} takes rows of {width} numbers, but the data has {x.shape[-1]}; check the data"
        )
    return x.to(like.dtype)


class Linear(Network):
    """x W^T + b.

    Parameters
    ----------
    in_features, out_features : int
    bias : bool, default True
    seed : int, default 0

    Examples
    --------
    >>> from iconlearn import Linear
    >>> Linear(64, 2)
    Linear(in_features=64, out_features=2)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, seed: int = 0) -> None:
        super().__init__()
        self.in_features = check_number("Linear", "in_features", in_features, low=1, integer=True)
        self.out_features = check_number("Linear", "out_features", out_features, low=1, integer=True)
        self.bias, self.seed = bool(bias), seed
        self.net = layer(
            RowLinear, self.in_features, self.out_features, bias=self.bias, generator=seeded(seed)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(flat(x, self, self.in_features, next(self.parameters())))


class Orthonormal(Network):
    """A linear map with orthonormal rows, W W^T = 1, kept so by a QR decomposition: the mapper of PCA.

    Parameters
    ----------
    in_features, out_features : int
        ``out_features`` at most ``in_features``.
    seed : int, default 0

    Examples
    --------
    >>> from iconlearn import Orthonormal
    >>> Orthonormal(64, 2)
    Orthonormal(in_features=64, out_features=2)
    """

    def __init__(self, in_features: int, out_features: int, seed: int = 0) -> None:
        super().__init__()
        self.in_features = check_number("Orthonormal", "in_features", in_features, low=1, integer=True)
        self.out_features = check_number(
            "Orthonormal", "out_features", out_features, low=1, high=self.in_features, integer=True
        )
        self.seed = seed
        self.raw = nn.Parameter(torch.randn(self.in_features, self.out_features, generator=seeded(seed)))

    @torch.no_grad()
    def initialize(self, data: Points, target: Conditional | None, generator: torch.Generator) -> None:
        """Fresh weights."""
        self.raw.copy_(torch.randn(self.raw.shape, generator=generator))

    @property
    def weight(self) -> Tensor:
        """W, (out_features, in_features)."""
        q, r = torch.linalg.qr(self.raw)
        return (q * r.diagonal().sign()).mT

    def forward(self, x: Tensor) -> Tensor:
        return flat(x, self, self.in_features, self.raw) @ self.weight.mT


class MLP(Network):
    """Linear layers with ReLU between.

    Parameters
    ----------
    in_features, out_features : int
    hidden : sequence of int, default (256,)
    seed : int, default 0
    input_scale : float, default 1
        Inputs are divided by it.

    Examples
    --------
    >>> from iconlearn import MLP
    >>> MLP(64, 10, hidden=(128, 128))
    MLP(in_features=64, out_features=10, hidden=(128, 128))
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        hidden: Sequence[int] = (256,),
        seed: int = 0,
        input_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.in_features = check_number("MLP", "in_features", in_features, low=1, integer=True)
        self.out_features = check_number("MLP", "out_features", out_features, low=1, integer=True)
        self.hidden = tuple(check_number("MLP", "hidden", h, low=1, integer=True) for h in hidden)
        self.seed = seed
        self.input_scale = check_number("MLP", "input_scale", input_scale, low=0, open_low=True, high=1e30)
        generator = seeded(seed)
        widths = (self.in_features, *self.hidden)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [layer(RowLinear, before, after, generator=generator), nn.ReLU()]
        layers.append(layer(RowLinear, widths[-1], self.out_features, generator=generator))
        self.net = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        x = flat(x, self, self.in_features, next(self.parameters()))
        return self.net(x / self.input_scale)


class CNN(Network):
    """A small convolutional encoder for small images: three 3 x 3 convolutions, group norm, a hidden layer.

    Images of 8 x 8 to about 64 x 64; each of the last two convolutions halves the sides. Group
    normalisation, so an image's embedding does not depend on its batch-mates.

    Parameters
    ----------
    image_shape : (channels, height, width)
        Flat rows of channels * height * width numbers are accepted and folded.
    embedding_dim : int, default 64
    width : int, default 16
        Channels of the first convolution; doubled twice. A multiple of 8.
    hidden : int, default 128
    seed : int, default 0
    input_scale : float, default 1
        Inputs are divided by it.

    Examples
    --------
    >>> from iconlearn import CNN
    >>> CNN((1, 8, 8), embedding_dim=64)
    CNN(image_shape=(1, 8, 8))
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        embedding_dim: int = 64,
        width: int = 16,
        hidden: int = 128,
        seed: int = 0,
        input_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.image_shape = check_image_shape("CNN", image_shape)
        self.embedding_dim = check_number("CNN", "embedding_dim", embedding_dim, low=1, integer=True)
        self.width = check_number("CNN", "width", width, low=8, integer=True)
        if self.width % 8:
            raise OptionError(
                f"CNN: width={width} must be a multiple of 8, the number of normalisation groups"
            )
        self.hidden = check_number("CNN", "hidden", hidden, low=1, integer=True)
        self.seed = seed
        self.input_scale = check_number("CNN", "input_scale", input_scale, low=0, open_low=True, high=1e30)
        generator = seeded(seed)
        channels, height, wide = self.image_shape
        layers: list[nn.Module] = []
        for after, stride in ((self.width, 1), (2 * self.width, 2), (4 * self.width, 2)):
            convolution = layer(nn.Conv2d, channels, after, 3, padding=1, stride=stride, generator=generator)
            layers += [convolution, nn.GroupNorm(8, after), nn.ReLU()]
            channels = after
        flat_features = channels * -(-height // 4) * -(-wide // 4)
        self.net = nn.Sequential(
            *layers,
            nn.Flatten(),
            layer(RowLinear, flat_features, self.hidden, generator=generator),
            nn.ReLU(),
            layer(RowLinear, self.hidden, self.embedding_dim, generator=generator),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = flat(x, self, math.prod(self.image_shape), next(self.parameters()))
        return self.net(x.unflatten(1, self.image_shape) / self.input_scale)
