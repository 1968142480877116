"""Random views of rows and of small images, drawn from an explicit generator."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class ImageJitter:
    """Random affine map, contrast, brightness, erased patch and noise for small images.

    Parameters
    ----------
    image_shape : (channels, height, width)
        Flat rows are folded and returned flat.
    rotation : float, default 20
        Largest angle in degrees.
    scale, shear : float, default 0.2
        Largest relative change of size, and of slant.
    shift : float, default 1
        Largest shift in pixels.
    contrast : float, default 0.3
        Largest relative change of contrast; brightness changes by a quarter of it.
    erase : float, default 0.5
        Probability that a patch of about a third of each side is blanked.
    noise : float, default 0.05
        Standard deviation of added noise, relative to the brightest pixel of the batch.

    Examples
    --------
    >>> import torch
    >>> ImageJitter((1, 8, 8))(torch.rand(5, 64), torch.Generator().manual_seed(0)).shape
    torch.Size([5, 64])
    """

    image_shape: tuple[int, int, int]
    rotation: float = 20.0
    scale: float = 0.2
    shear: float = 0.2
    shift: float = 1.0
    contrast: float = 0.3
    erase: float = 0.5
    noise: float = 0.05

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """One view of every image, in the shape of ``x``."""
        images = x.reshape(len(x), *self.image_shape)
        peak = images.abs().amax().clamp(min=torch.finfo(images.dtype).tiny)
        images = self._warp(images, generator)
        n = len(images)
        images = images * (1 + self.contrast * signed((n, 1, 1, 1), generator, x))
        images = images + peak * self.contrast / 4 * signed((n, 1, 1, 1), generator, x)
        images = images.masked_fill(self._patch(n, generator).to(x.device), 0.0)
        noise = torch.randn(images.shape, generator=generator).to(images)
        return (images + peak * self.noise * noise).reshape(x.shape)

    def _warp(self, images: Tensor, generator: torch.Generator) -> Tensor:
        n, (_, height, width) = len(images), self.image_shape
        angle = signed((n,), generator, images) * math.radians(self.rotation)
        size_x, size_y = 1 + self.scale * signed((2, n), generator, images)
        slant = self.shear * signed((n,), generator, images)
        move = signed((2, n), generator, images) * self.shift * 2
        cos, sin = angle.cos(), angle.sin()
        first = torch.stack([cos * size_x, (cos * slant - sin) * size_y, move[0] / width], 1)
        second = torch.stack([sin * size_x, (sin * slant + cos) * size_y, move[1] / height], 1)
        grid = F.affine_grid(torch.stack([first, second], 1), list(images.shape), align_corners=False)
        return F.grid_sample(images, grid, align_corners=False, padding_mode="zeros")

    def _patch(self, n: int, generator: torch.Generator) -> Tensor:
        """Where each image is blanked, (n, 1, height, width) bool."""
        inside = torch.rand(n, generator=generator).lt(self.erase).view(n, 1, 1, 1)
        for side, shape in zip(self.image_shape[1:], ((n, 1, -1, 1), (n, 1, 1, -1)), strict=True):
            length = max(1, (side + 1) // 3)
            start = torch.randint(0, side - length + 1, (n, 1), generator=generator)
            place = torch.arange(side)
            inside = inside & ((place >= start) & (place < start + length)).view(shape)
        return inside


@dataclass(frozen=True)
class RowJitter:
    """Noise and dropped columns for rows of numbers.

    Parameters
    ----------
    noise : float, default 0.1
        Standard deviation of added noise, relative to each column's own.
    drop : float, default 0.2
        Probability that a number is replaced by its column's mean.

    Examples
    --------
    >>> import torch
    >>> RowJitter()(torch.rand(5, 3), torch.Generator().manual_seed(0)).shape
    torch.Size([5, 3])
    """

    noise: float = 0.1
    drop: float = 0.2

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """One view of every row."""
        x = x.float()
        mean, spread = x.mean(0), x.std(0, unbiased=False)
        dropped = torch.rand(x.shape, generator=generator).lt(self.drop).to(x.device)
        noise = torch.randn(x.shape, generator=generator).to(x)
        return torch.where(dropped, mean, x) + self.noise * spread * noise


def signed(shape: tuple[int, ...], generator: torch.Generator, like: Tensor) -> Tensor:
    """Uniform numbers in [-1, 1)."""
    return (torch.rand(shape, generator=generator) * 2 - 1).to(like)
