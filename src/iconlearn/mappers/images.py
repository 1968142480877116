"""Batches of images as networks take them: four dimensions, floating point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from iconlearn._checks import check_number
from iconlearn._errors import InputError, OptionError


def check_image_shape(owner: str, image_shape: Any) -> tuple[int, int, int]:
    """Refuse anything but three positive integers."""
    sides = tuple(image_shape) if isinstance(image_shape, Sequence) else ()
    if len(sides) != 3:
        raise OptionError(f"{owner}: image_shape={image_shape!r} must be (channels, height, width)")
    channels, height, width = (check_number(owner, "image_shape", s, low=1, integer=True) for s in sides)
    return channels, height, width


def as_images(x: Tensor, owner: Any, shape: tuple[int, int, int], like: Tensor, *, any_size: bool) -> Tensor:
    """Images (n, channels, height, width) in the type of ``like``; flat rows are folded.

    Raises
    ------
    InputError
        If rows are neither such images nor flat ones of this shape.
    """
    flat = x.ndim == 2 and x.shape[1] == math.prod(shape)
    fits = x.ndim == 4 and x.shape[1] == shape[0] and (any_size or tuple(x.shape[1:]) == shape)
    if not (flat or fits):
        wanted = f"({shape[0]}, height, width)" if any_size else str(shape)
        raise InputError(
            f"{owner} takes images of shape {wanted}, or rows of {math.prod(shape)} numbers, but the data has rows of "
            f"shape {tuple(x.shape[1:])}; set image_shape= to that of the data"
        )
    return (x.unflatten(1, shape) if flat else x).to(like.dtype)
