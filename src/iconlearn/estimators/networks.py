"""What estimators check of the network and the views that were chosen for an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from iconlearn._checks import check_choice
from iconlearn._errors import OptionError
from iconlearn.recipes import BACKBONES, JITTER, VIEWS


def check_network(owner: str, image_shape: Any, backbone: Any, augment: Any) -> None:
    """Refuse a backbone or views that nobody knows, or that rows which are no images cannot have."""
    if backbone is not None and not callable(backbone):
        check_choice(owner, "backbone", backbone, BACKBONES)
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
