"""Random views of a batch of images, made on the device where the images are, by kornia."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from iconlearn._checks import check_choice, check_names, check_number
from iconlearn._errors import InputError, OptionError
from iconlearn.mappers.images import as_images, check_image_shape
from iconlearn.processes import own_randomness

KERNEL = 0.1  # side of the kernel of a blur, as a share of the side of the image


@dataclass(frozen=True)
class ImageView:
    """A random view of every image of a batch: ``view(x, generator)``, for ``fit(augment=...)``.

    Crop and resize, flip, colour jitter, grey, blur and solarisation, in this order and each drawn for every image; the
    order of brightness, contrast, saturation and hue within the jitter is one for a batch.
    Equal generators give equal views; torch's global state is left as it was.

    Parameters
    ----------
    image_shape : (channels, height, width)
        Of the views, with 1 or 3 channels. Images of any size are cropped to it; flat rows of as many numbers are
        folded, and the views are flat again.
    crop : (float, float), default (0.08, 1)
        Share of the area that a crop keeps, uniform between the two; (1, 1) keeps the whole image.
    flip : float, default 0.5
        Probability of a horizontal flip; 0 for digits and letters.
    jitter : float, default 0.8
        Probability of a colour jitter.
    brightness, contrast, saturation, hue : float, default 0.8, 0.8, 0.8 and 0.2
        Its strength. Images of one channel have no saturation and hue.
    grey : float, default 0.2
        Probability that an image loses its colours.
    blur : float, default 0.5
        Probability of a Gaussian blur of 0.1 to 2 pixels.
    solarize : float, default 0
        Probability that pixels above one half are inverted.
    peak : float, default 1
        The value of a white pixel, of images and of views: 255 for bytes, 0 is black.

    Raises
    ------
    OptionError
        If an argument is out of range.
    InputError
        If the batch is not of images; if kornia is not installed.

    Examples
    --------
    >>> import torch
    >>> from iconlearn.augmentations import ImageView
    >>> view = ImageView((3, 16, 16))
    >>> view(torch.rand(4, 3, 20, 24), torch.Generator().manual_seed(0)).shape
    torch.Size([4, 3, 16, 16])
    """

    image_shape: tuple[int, int, int]
    crop: tuple[float, float] = (0.08, 1.0)
    flip: float = 0.5
    jitter: float = 0.8
    brightness: float = 0.8
    contrast: float = 0.8
    saturation: float = 0.8
    hue: float = 0.2
    grey: float = 0.2
    blur: float = 0.5
    solarize: float = 0.0
    peak: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "image_shape", check_image_shape("ImageView", self.image_shape))
        for name in ("flip", "jitter", "brightness", "contrast", "saturation", "grey", "blur", "solarize"):
            check_number("ImageView", name, getattr(self, name), low=0, high=1)
        if self.image_shape[0] not in (1, 3):
            raise OptionError(
                f"ImageView: image_shape={self.image_shape} has {self.image_shape[0]} channels, not 1 or 3"
            )
        check_number("ImageView", "hue", self.hue, low=0, high=0.5)
        check_number("ImageView", "peak", self.peak, low=0, open_low=True, high=1e30)
        low, high = self.crop if isinstance(self.crop, tuple) and len(self.crop) == 2 else (0, 0)
        if not 0 < low <= high <= 1:
            raise OptionError(
                f"ImageView: crop={self.crop!r} must be two shares of the area, 0 < low <= high <= 1"
            )

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """The view, (n, channels, height, width), or flat rows where ``x`` has them."""
        like = torch.empty(0, dtype=x.dtype if x.is_floating_point() else torch.get_default_dtype())
        images = as_images(x, "ImageView", self.image_shape, like, any_size=True)
        if len(images) and not 0 <= float(images.min()) <= float(images.max()) <= self.peak:
            raise InputError(
                f"ImageView(peak={self.peak:g}) takes pixels from 0 to {self.peak:g}, but the images have "
                f"{float(images.min()):g} to {float(images.max()):g}; set peak=, such as 255 for bytes"
            )
        seed = int(torch.randint(2**62, (), generator=generator))
        with torch.no_grad(), own_randomness(seed, x.device):
            changed = pipeline(self)(images / self.peak).clamp(0, 1) * self.peak
        return changed.flatten(1) if x.ndim == 2 else changed


PRESETS: dict[str, tuple[dict[str, Any], ...]] = {
    "simclr": ({},),
    "moco-v3": (
        {"brightness": 0.4, "contrast": 0.4, "saturation": 0.2, "hue": 0.1, "blur": 1.0},
        {"brightness": 0.4, "contrast": 0.4, "saturation": 0.2, "hue": 0.1, "blur": 0.1, "solarize": 0.2},
    ),
    "characters": (
        {"crop": (0.5, 1.0), "flip": 0.0, "brightness": 0.4, "contrast": 0.4, "saturation": 0.0, "hue": 0.0}
        | {"grey": 0.0, "blur": 0.0},
    ),
    "small": ({"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.1, "blur": 0.0},),
}


def image_views(preset: str, image_shape: tuple[int, int, int], **changes: Any) -> tuple[ImageView, ...]:
    """Views as a method's paper makes them, for ``fit(augment=...)``; the first view by the first, and so on in turn.

    Parameters
    ----------
    preset : {"simclr", "moco-v3", "small", "characters"}
        "simclr" and "moco-v3" are for photographs, the latter with two unlike views; "small" is for images of about 32
        pixels, as in the experiments with CIFAR-10: weaker colours, no blur; "characters" for digits and letters, which
        mean something else in a mirror: half of the area at least, no flips.
    image_shape : (channels, height, width)
        Of the views.
    **changes
        Arguments of :class:`ImageView` that are to be others in all views, such as ``flip=0``.

    References
    ----------
    Chen et al., SimCLR, ICML 2020, appendices A and B.9; Chen, Xie & He, MoCo v3, ICCV 2021.

    Examples
    --------
    >>> from iconlearn.augmentations import image_views
    >>> [view.solarize for view in image_views("moco-v3", (3, 224, 224))]
    [0.0, 0.2]
    """
    check_choice("image_views", "preset", preset, PRESETS)
    check_names("image_views", changes, set(ImageView.__dataclass_fields__) - {"image_shape"})
    return tuple(replace(ImageView(image_shape, **settings), **changes) for settings in PRESETS[preset])


class OfGrey(nn.Module):
    """An operation on colours, of images of one channel."""

    def __init__(self, operation: nn.Module) -> None:
        super().__init__()
        self.operation = operation

    def forward(self, x: Tensor) -> Tensor:
        """The images changed, (n, 1, height, width)."""
        return self.operation(x.expand(-1, 3, -1, -1)).mean(1, keepdim=True)


def pipeline(view: ImageView) -> nn.Module:
    """The operations of a view."""
    try:
        import kornia.augmentation as kornia
    except ImportError as error:
        raise InputError(
            'views of images need kornia, which is not installed: pip install "iconlearn[encoders]"'
        ) from error
    channels, height, width = view.image_shape
    kernel = max(3, round(KERNEL * min(height, width)) | 1)
    steps: list[nn.Module] = [
        kornia.RandomResizedCrop((height, width), scale=view.crop, cropping_mode="resample")
    ]
    if view.crop == (1.0, 1.0):
        steps = [kornia.Resize((height, width))]
    steps.append(kornia.RandomHorizontalFlip(p=view.flip))
    if channels == 3:
        strengths = (view.brightness, view.contrast, view.saturation, view.hue)
        steps += [kornia.ColorJitter(*strengths, p=view.jitter), kornia.RandomGrayscale(p=view.grey)]
    else:
        steps.append(OfGrey(kornia.ColorJitter(view.brightness, view.contrast, p=view.jitter)))
    steps += [
        kornia.RandomGaussianBlur((kernel, kernel), (0.1, 2.0), p=view.blur),
        kornia.RandomSolarize(thresholds=0.0, additions=0.0, p=view.solarize),
    ]
    return nn.Sequential(*steps)
