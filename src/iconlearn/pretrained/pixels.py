"""How a model was trained to see pixels from 0 to 1: scale, offset and order of the channels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from iconlearn._errors import FileFormatError
from iconlearn.pretrained.safety import read_json

BYTE = 255


@dataclass(frozen=True, eq=False)
class Pixels:
    """``pixels[order] * scale + offset``, in each channel.

    Attributes
    ----------
    scale, offset : Tensor of shape (channels, 1, 1)
    order : Tensor of shape (channels,)
    """

    scale: Tensor
    offset: Tensor
    order: Tensor

    @classmethod
    def as_they_are(cls, channels: int) -> Pixels:
        """Nothing is changed."""
        return cls(torch.ones(channels, 1, 1), torch.zeros(channels, 1, 1), torch.arange(channels))

    @classmethod
    def of_folder(cls, folder: Path, channels: int) -> Pixels:
        """As the image processor of a model's folder has it; nothing is changed where there is none.

        Raises
        ------
        FileFormatError
            It has another number of channels than the model, or what is no number.
        """
        for name in ("preprocessor_config.json", "processor_config.json"):
            if (folder / name).is_file():
                told = read_json(folder / name)
                told = told.get("image_processor", told)
                try:
                    return cls.of_processor(told, channels)
                except (TypeError, ValueError, AttributeError, RuntimeError) as cause:
                    raise FileFormatError(
                        f"{folder / name}: image_mean, image_std or rescale_factor do not fit the {channels} channels "
                        f"of the model ({cause}); fetch it again"
                    ) from cause
        return cls.as_they_are(channels)

    @classmethod
    def of_processor(cls, told: dict[str, Any], channels: int) -> Pixels:
        """As the settings of an image processor have it."""
        factor = float(told.get("rescale_factor") or 1 / BYTE) if told.get("do_rescale", True) else 1.0
        mean, spread = [0.0], [1.0]
        if told.get("do_normalize", True):
            mean, spread = told.get("image_mean") or mean, told.get("image_std") or spread
        center, width = (
            torch.tensor(v, dtype=torch.float64).reshape(-1, 1, 1).expand(channels, 1, 1)
            for v in (mean, spread)
        )
        shift = 1.0 if told.get("rescale_offset") else 0.0  # of processors that bring bytes to -1 to 1
        order = torch.arange(channels)
        pixels = cls(
            (BYTE * factor / width).float(),
            (-(center + shift) / width).float(),
            order.flip(0) if told.get("do_flip_channel_order") else order,
        )
        if not bool(pixels.scale.isfinite().all() & pixels.offset.isfinite().all()):
            raise ValueError("they are not finite")
        return pixels
