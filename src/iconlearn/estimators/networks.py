"""What estimators check of the network and the views that were chosen for an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from iconlearn._checks import check_choice, check_number
from iconlearn._errors import OptionError
from iconlearn.recipes import BACKBONES, JITTER, VIEWS, names_model

PLAIN = "cnn"  # the small network, which has no features apart from its embedding


def check_network(
    owner: str, image_shape: Any, backbone: Any = None, projector: Any = None, augment: Any = None
) -> None:
    """Refuse a backbone or views that nobody knows, or that rows which are no images cannot have."""
    named_model = isinstance(backbone, str) and names_model(backbone)
    if backbone is not None and not callable(backbone) and not named_model:
        check_choice(owner, "backbone", backbone, BACKBONES)
    if projector is not None:
        check_projector(owner, projector, backbone)
    if isinstance(augment, str):
        check_choice(owner, "augment", augment, VIEWS)
    several = isinstance(augment, Sequence) and len(augment) > 0 and all(map(callable, augment))
    if not (augment is None or isinstance(augment, str) or callable(augment) or several):
        raise OptionError(
            f"{owner}: augment={augment!r} must be one of {list(VIEWS)}, or functions (x, generator) -> view"
        )
    named = augment if isinstance(augment, str) and augment != JITTER else None
    for name, value in (("backbone", backbone), ("augment", named)):
        if value is not None and image_shape is None:
            raise OptionError(
                f"{owner}: {name}={value!r} is for images; give image_shape=(channels, height, width) too"
            )


def device_of(owner: str, device: Any) -> torch.device:
    """The device that is named; the CPU where none is.

    Raises
    ------
    OptionError
        If it is no device, or not at hand.
    """
    try:
        found = torch.device("cpu" if device is None else device)
        torch.empty(1, device=found)
    except (RuntimeError, TypeError, AssertionError, NotImplementedError) as cause:
        why = str(cause).split(".")[0].splitlines()[0] if str(cause) else type(cause).__name__
        raise OptionError(
            f'{owner}: device={device!r} is not at hand ({why}); give "cpu", or a GPU of this machine, such as "cuda" '
            'or "cuda:1"'
        ) from cause
    return found


def check_projector(owner: str, projector: Any, backbone: Any) -> None:
    """Refuse what are no widths, and a network that could not have a projector of them."""
    if not isinstance(projector, Sequence) or isinstance(projector, str):
        raise OptionError(f"{owner}: projector={projector!r} must be a sequence of widths, such as (512,)")
    for width in projector:
        check_number(owner, "projector", width, low=1, integer=True)
    able = [name for name in BACKBONES if name != PLAIN]
    if callable(backbone):
        raise OptionError(
            f"{owner}: projector={projector!r} is for a backbone that is named, one of {able}; a function makes its "
            "own, as functools.partial(ResNet18, projector=(512,)) does"
        )
    if backbone in (None, PLAIN):
        raise OptionError(
            f"{owner}: projector={projector!r}, but the small network has no features before its embedding; give "
            f"backbone= too, one of {able}"
        )
