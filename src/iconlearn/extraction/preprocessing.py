"""What a model was trained to see: how an image is resized and cropped, and what its pixel values become."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from iconlearn._errors import OptionError

SIDE = 64  # of the images by which a processor is tried out
DESCRIBED = ("do_resize", "size", "resample", "do_center_crop", "crop_size")


class Preprocessing(ABC):
    """Resizing and cropping, on 8-bit pixels, and then ``value * scale + offset`` in each channel.

    The second part is left to the model's device: bytes are a quarter of what there is to move and to compute.

    Attributes
    ----------
    resample : int
        PIL's number of the interpolation.
    bgr : bool
        Whether blue comes first.
    scale, offset : Tensor of float32, shape (3, 1, 1)
    """

    resample: int
    bgr: bool = False
    scale: Tensor
    offset: Tensor

    @abstractmethod
    def __call__(self, image: Image.Image) -> Tensor:
        """Pixels of the resized and cropped RGB image, (3, h, w) uint8."""

    def as_is(self, image: Image.Image) -> Tensor:
        """Pixels of an RGB image that has the model's size already, (3, h, w) uint8."""
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
        return pixels.flip(0) if self.bgr else pixels

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """How images are resized and cropped, as JSON can hold it."""

    def normalize(self, pixels: Tensor) -> Tensor:
        """What the model reads: (..., 3, h, w) float32, on the device of the pixels."""
        return pixels * self.scale.to(pixels.device) + self.offset.to(pixels.device)

    def describe(self) -> dict[str, Any]:
        """All of it, as JSON can hold it; equal descriptions make equal pixels."""
        values = {name: getattr(self, name).flatten().tolist() for name in ("scale", "offset")}
        return {name: [round(v, 6) for v in value] for name, value in values.items()} | self.settings()


class CentralCrop(Preprocessing):
    """The usual preprocessing of ImageNet models, for models that come without one of their own.

    The shorter side is resized to ``256 / 224 * size`` (bicubic), the central square is cut out, and the channels
    are normalised by ImageNet's mean and standard deviation.

    Examples
    --------
    >>> from PIL import Image
    >>> from iconlearn.extraction.preprocessing import CentralCrop
    >>> CentralCrop(32)(Image.new("RGB", (50, 40))).shape
    torch.Size([3, 32, 32])
    """

    mean = (0.485, 0.456, 0.406)
    std = (0.229, 0.224, 0.225)
    resample = int(Image.Resampling.BICUBIC)

    def __init__(self, size: int = 224) -> None:
        self.size = size
        mean, std = torch.tensor(self.mean), torch.tensor(self.std)
        self.scale, self.offset = (1 / (255 * std))[:, None, None], (-mean / std)[:, None, None]

    def __call__(self, image: Image.Image) -> Tensor:
        scale = round(self.size * 256 / 224) / min(image.size)
        width, height = (max(self.size, round(side * scale)) for side in image.size)
        left, top = (width - self.size) // 2, (height - self.size) // 2
        whole = image.resize((width, height), Image.Resampling(self.resample))
        return self.as_is(whole.crop((left, top, left + self.size, top + self.size)))

    def settings(self) -> dict[str, Any]:
        return {"class": type(self).__name__, "size": self.size}


class ModelProcessor(Preprocessing):
    """A transformers image processor, for one image at a time; with ``size``, for squares of another size.

    What it does to the values is read off its results for a black and a white image, and then checked.

    Raises
    ------
    OptionError
        It does more than resize, crop and scale the channels, such as cutting an image into tiles.
    """

    def __init__(self, processor: Any, size: int | None = None) -> None:
        self.processor = processor
        self.resample = int(getattr(processor, "resample", None) or Image.Resampling.BICUBIC)
        self._sizes = {} if size is None else sizes_for(processor, size)
        self._raw = switched_off(processor, "do_rescale", "do_normalize")
        bare = switched_off(processor, "do_resize", "do_center_crop", "do_pad")
        black, white = (self._run(Image.new("RGB", (SIDE, SIDE), (v, v, v)), **self._sizes) for v in (0, 255))
        if black.ndim != 3 or len(black) != 3:
            raise OptionError(
                f"{type(processor).__name__}: makes arrays of shape {tuple(black.shape)}, but (3, h, w) is needed"
            )
        middle = (slice(None), slice(black.shape[1] // 2, None), slice(black.shape[2] // 2, None))
        black, white = (values[middle][:, :1, :1] for values in (black, white))
        self.scale, self.offset = (white - black) / 255, black
        noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8))
        as_it_was = self._run(noise, **bare)
        self.bgr = not torch.allclose(self.normalize(self.as_is(noise)), as_it_was, atol=1e-4)
        pairs = (self.as_is(noise), as_it_was), (self(noise), self._run(noise, **self._sizes))
        if not all(torch.allclose(self.normalize(pixels), own, atol=1e-4) for pixels, own in pairs):
            raise OptionError(
                f"{type(processor).__name__}: does more than resize, crop and scale the channels of an image"
            )

    def __call__(self, image: Image.Image) -> Tensor:
        return self._run(image, **self._sizes, **self._raw).to(torch.uint8)

    def settings(self) -> dict[str, Any]:
        own = {name: getattr(self.processor, name, None) for name in DESCRIBED} | self._sizes
        return {name: plain(value) for name, value in own.items()}

    def _run(self, image: Image.Image, **options: Any) -> Tensor:
        # channels_last is said, because an image of one or three pixels a side could be taken for another layout
        found = self.processor(
            images=image, return_tensors="np", input_data_format="channels_last", **options
        )
        return torch.from_numpy(np.ascontiguousarray(found["pixel_values"][0], dtype=np.float32))


def switched_off(processor: Any, *steps: str) -> dict[str, bool]:
    """Options that leave out these steps, as far as a processor has them."""
    return {step: False for step in steps if hasattr(processor, step)}


def plain(value: Any) -> Any:
    """A setting of a processor as JSON can hold it; sizes are mappings of a class of their own."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return list(value) if isinstance(value, (list, tuple)) else {k: v for k, v in dict(value).items() if v}


def sizes_for(processor: Any, size: int) -> dict[str, Any]:
    """The options of a processor that make its results squares of ``size``, in its own proportions."""
    resized = {name: value for name, value in dict(processor.size).items() if value}
    if not getattr(processor, "do_center_crop", False):
        return {"size": dict.fromkeys(resized, size)}
    ratio = size / dict(processor.crop_size)["height"]
    return {
        "size": {name: max(size, round(value * ratio)) for name, value in resized.items()},
        "crop_size": {"height": size, "width": size},
    }


def fixed_shape(prepare: Preprocessing) -> tuple[int, int]:
    """Height and width of every image that comes out of a preprocessing.

    Raises
    ------
    OptionError
        They depend on the image, so that images do not fit into one batch.
    """
    shapes = {tuple(prepare(Image.new("RGB", size)).shape[1:]) for size in ((96, 64), (64, 96))}
    if len(shapes) > 1:
        raise OptionError(
            f"the model's preprocessing keeps the proportions of an image (shapes {sorted(shapes)}), so images do "
            "not fit into one batch; give image_size (--image-size), such as 224"
        )
    height, width = shapes.pop()
    return int(height), int(width)
