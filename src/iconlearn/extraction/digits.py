"""The digits of scikit-learn as images, for what has to run without a download."""

from __future__ import annotations

import numpy as np
from PIL import Image

from iconlearn._errors import OptionError
from iconlearn.data.builtin import load_digits_dataset
from iconlearn.extraction.source import ImageSource

PEAK = 16  # value of full ink in the data set


class DigitImages(ImageSource):
    """1797 grey images of 8 x 8 pixels, with values 0 to 255.

    Examples
    --------
    >>> from iconlearn.extraction.digits import DigitImages
    >>> image, label, name = DigitImages()[3]
    >>> image.size, image.mode, label, name
    ((8, 8), 'L', 3, 'digits/3')
    """

    kind = "digits of scikit-learn"

    def __init__(self, split: str | None = None, labels: str | None = None) -> None:
        if split is not None or labels is not None:
            raise OptionError(
                f"digits: split={split!r}, labels={labels!r}, but the built-in digits have no splits and one kind of "
                "label; leave both out"
            )
        digits = load_digits_dataset()
        assert digits.y is not None
        self.pixels = np.rint(digits.X.reshape(-1, 8, 8) * (255 / PEAK)).astype(np.uint8)
        self.labels, self.classes = digits.y, digits.classes

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[Image.Image, int, str]:
        return Image.fromarray(self.pixels[index]), int(self.labels[index]), f"digits/{index}"
