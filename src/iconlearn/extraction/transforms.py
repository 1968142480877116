"""From an image to what a model sees of it: its own preprocessing, and views changed at random before it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from iconlearn._errors import InputError, OptionError
from iconlearn.extraction.augmentation import Augmentation

DESCRIBED = (
    "do_resize",
    "size",
    "resample",
    "do_center_crop",
    "crop_size",
    "rescale_factor",
    "image_mean",
    "image_std",
)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Preprocessing(Protocol):
    """What a model was trained to see."""

    @property
    def resample(self) -> int:
        """PIL's number of the interpolation."""
        ...

    def __call__(self, image: Image.Image) -> Tensor:
        """Resize, crop and normalise: (3, h, w) float32."""
        ...

    def normalize(self, image: Image.Image) -> Tensor:
        """Normalise an image that has the model's size already: (3, h, w) float32."""
        ...

    def describe(self) -> dict[str, Any]:
        """What it does, as JSON can hold it."""
        ...


@dataclass(frozen=True)
class CentralCrop:
    """The usual preprocessing of ImageNet models, for models that come without one of their own.

    The shorter side is resized to ``256 / 224 * size`` (bicubic), the central square is cut out, and the channels
    are normalised by mean and standard deviation.
    """

    size: int = 224
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    resample: int = Image.Resampling.BICUBIC

    def __call__(self, image: Image.Image) -> Tensor:
        scale = round(self.size * 256 / 224) / min(image.size)
        width, height = (max(self.size, round(side * scale)) for side in image.size)
        left, top = (width - self.size) // 2, (height - self.size) // 2
        whole = image.resize((width, height), Image.Resampling(self.resample))
        return self.normalize(whole.crop((left, top, left + self.size, top + self.size)))

    def normalize(self, image: Image.Image) -> Tensor:
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
        return (pixels - torch.tensor(self.mean)[:, None, None]) / torch.tensor(self.std)[:, None, None]

    def describe(self) -> dict[str, Any]:
        return {"class": type(self).__name__, **asdict(self)}


class ModelProcessor:
    """A transformers image processor, for one image at a time; with ``size``, for squares of another size."""

    def __init__(self, processor: Any, size: int | None = None) -> None:
        self.processor = processor
        self.resample = int(getattr(processor, "resample", None) or Image.Resampling.BICUBIC)
        self._sizes = {} if size is None else sizes_for(processor, size)
        self._as_is = {
            name: False for name in ("do_resize", "do_center_crop", "do_pad") if hasattr(processor, name)
        }

    def __call__(self, image: Image.Image) -> Tensor:
        return self._run(image, **self._sizes)

    def normalize(self, image: Image.Image) -> Tensor:
        return self._run(image, **self._as_is)

    def describe(self) -> dict[str, Any]:
        own = {name: getattr(self.processor, name, None) for name in DESCRIBED} | self._sizes
        return {name: plain(value) for name, value in own.items()}

    def _run(self, image: Image.Image, **options: Any) -> Tensor:
        # channels_last is said, because an image of one or three pixels a side could be taken for another layout
        found = self.processor(
            images=image, return_tensors="np", input_data_format="channels_last", **options
        )
        return torch.from_numpy(np.ascontiguousarray(found["pixel_values"][0], dtype=np.float32))


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
    shapes = {tuple(prepare(Image.new("RGB", size, (128, 128, 128))).shape) for size in ((96, 64), (64, 96))}
    if len(shapes) > 1:
        raise OptionError(
            f"the model's preprocessing keeps the proportions of an image (shapes {sorted(shapes)}), so images do "
            "not fit into one batch; give image_size (--image-size), such as 224"
        )
    shape = shapes.pop()
    if len(shape) != 3 or shape[0] != 3:
        raise OptionError(f"the model's preprocessing makes arrays of shape {shape}, but (3, h, w) is needed")
    return int(shape[1]), int(shape[2])


class Views:
    """All views of an image, as the model sees them: itself first, the others changed at random.

    The random numbers of a view follow from the seed, the image's index and the view's number alone, so they are
    the same in any batch, worker process or resumed run.

    Parameters
    ----------
    prepare : Preprocessing
        The model's own.
    views : int
        Number of views, the first of which is unchanged.
    seed : int
    augmentation : Augmentation
    """

    def __init__(self, prepare: Preprocessing, views: int, seed: int, augmentation: Augmentation) -> None:
        self.prepare, self.views, self.seed, self.augmentation = prepare, views, seed, augmentation
        self.shape = fixed_shape(prepare)

    def __call__(self, image: Image.Image, index: int) -> Tensor:
        """(views, 3, h, w) float32."""
        seen = [self.prepare(image)]
        for view in range(1, self.views):
            rng = np.random.default_rng((self.seed, index, view))
            changed = self.augmentation(image, self.shape, rng, self.prepare.resample)
            seen.append(self.prepare.normalize(changed))
            if seen[-1].shape != seen[0].shape:
                raise InputError(
                    f"the model's preprocessing resizes where it should only normalise ({tuple(seen[-1].shape)} "
                    f"instead of {tuple(seen[0].shape)}), so it cannot make changed views; use views=1"
                )
        return torch.stack(seen)

    def describe(self) -> dict[str, Any]:
        """What features depend on, besides model and images."""
        return {
            "preprocessing": self.prepare.describe(),
            "shape": list(self.shape),
            "augmentation": asdict(self.augmentation),
            "seed": self.seed,
        }
