"""How views of an image are changed at random, on 8-bit pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from iconlearn._checks import check_number


@dataclass(frozen=True)
class Augmentation:
    """How views are changed at random: rescale and crop, colour jitter, Gaussian blur.

    Parameters
    ----------
    scale : (float, float), default (0.25, 1.0)
        Share of the image's area that the crop keeps, uniform between the two.
    ratio : (float, float), default (3 / 4, 4 / 3)
        Width to height of the crop, log-uniform between the two.
    jitter : float, default 0.8
        Probability of colour jitter.
    brightness, contrast, saturation : float, default 0.4, 0.4, 0.2
        Each is multiplied by a number from ``[1 - x, 1 + x]``, in random order.
    hue : float, default 0.1
        Hue is shifted by up to this share of the colour wheel.
    blur : float, default 0.5
        Probability of a Gaussian blur.
    sigma : (float, float), default (0.1, 2.0)
        Its standard deviation in pixels of an image of 224 pixels; others in proportion.

    Notes
    -----
    The paper names the four operations and not their strengths; these are those of DINO's crops (Caron et al.,
    2021), less flips and solarisation, with which the backbones of the paper were trained.

    Examples
    --------
    >>> import numpy as np
    >>> from PIL import Image
    >>> from iconlearn.extraction import Augmentation
    >>> Augmentation()(Image.new("RGB", (40, 30)), (16, 16), np.random.default_rng(0)).size
    (16, 16)
    """

    scale: tuple[float, float] = (0.25, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    jitter: float = 0.8
    brightness: float = 0.4
    contrast: float = 0.4
    saturation: float = 0.2
    hue: float = 0.1
    blur: float = 0.5
    sigma: tuple[float, float] = (0.1, 2.0)

    def __post_init__(self) -> None:
        for name in ("jitter", "brightness", "contrast", "saturation", "blur"):
            check_number("Augmentation", name, getattr(self, name), low=0, high=1)
        check_number("Augmentation", "hue", self.hue, low=0, high=0.5)
        for name, high in (("scale", 1.0), ("ratio", 100.0), ("sigma", 100.0)):
            low, top = getattr(self, name)
            check_number("Augmentation", f"{name}[0]", low, low=0, high=top, open_low=True)
            check_number("Augmentation", f"{name}[1]", top, low=0, high=high, open_low=True)

    def __call__(
        self,
        image: Image.Image,
        shape: tuple[int, int],
        rng: np.random.Generator,
        resample: int = Image.Resampling.BICUBIC,
    ) -> Image.Image:
        """A changed view of an RGB image, of ``shape`` (height, width)."""
        box = self.crop(image.size, rng)
        view = image.resize((shape[1], shape[0]), Image.Resampling(resample), box=box)
        if rng.random() < self.jitter:
            for change in rng.permutation(4):
                view = self.recolor(view, int(change), rng)
        if rng.random() < self.blur:
            view = view.filter(ImageFilter.GaussianBlur(rng.uniform(*self.sigma) * min(shape) / 224))
        return view

    def crop(self, size: tuple[int, int], rng: np.random.Generator) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of a crop, in pixels and parts of them."""
        width, height = size
        area = rng.uniform(*self.scale) * width * height
        ratio = np.exp(rng.uniform(*np.log(self.ratio)))
        w, h = min(width, np.sqrt(area * ratio)), min(height, np.sqrt(area / ratio))
        left, top = rng.random() * (width - w), rng.random() * (height - h)
        return float(left), float(top), float(min(width, left + w)), float(min(height, top + h))

    def recolor(self, image: Image.Image, change: int, rng: np.random.Generator) -> Image.Image:
        """Brightness (0), contrast (1), saturation (2) or hue (3), changed at random."""
        if change == 3:
            return shift_hue(image, rng.uniform(-self.hue, self.hue))
        enhance = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)[change]
        strength = (self.brightness, self.contrast, self.saturation)[change]
        return enhance(image).enhance(rng.uniform(1 - strength, 1 + strength))


def shift_hue(image: Image.Image, share: float) -> Image.Image:
    """The hue of every pixel, turned by this share of the colour wheel."""
    hue, saturation, value = image.convert("HSV").split()
    turned = np.asarray(hue) + np.uint8(round(share * 255) % 256)
    return Image.merge("HSV", (Image.fromarray(turned), saturation, value)).convert("RGB")
