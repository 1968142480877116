"""One image: from a file or bytes to RGB pixels, whatever its mode, with limits on what it may cost."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from iconlearn._errors import FileFormatError, InputError

# Raster formats that need no other program; EPS, for one, would start Ghostscript.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "JPEG2000")
SUFFIXES = frozenset(
    (
        ".jpg",
        ".jpeg",
        ".png",
        ".webp",
        ".bmp",
        ".gif",
        ".tif",
        ".tiff",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".jp2",
    )
)
MOST_UNEVEN = 100  # times that one side may exceed the other: resizing the shorter one enlarges the longer


class ImageError(InputError):
    """One image cannot be decoded; ``skip_corrupt`` allows to go on without some of them."""


def read_image(file: Path | bytes, name: str) -> Image.Image:
    """Decode an image as RGB, upright.

    Parameters
    ----------
    file : Path or bytes
        A file, or what one holds: JPEG, PNG, WebP, BMP, GIF and TIFF (their first frame), PPM, JPEG 2000.
    name : str
        What messages call it.

    Returns
    -------
    PIL.Image.Image in mode RGB
        Turned as its EXIF orientation says, alpha dropped, 16-bit greys scaled to 8 bits.

    Raises
    ------
    ImageError
        Damaged, truncated, of another format, with more than ``PIL.Image.MAX_IMAGE_PIXELS`` pixels, or with one
        side more than 100 times the other.
    FileFormatError
        The file cannot be read at all: missing, no permission, a failing disk.

    Examples
    --------
    >>> import io
    >>> from PIL import Image
    >>> from iconlearn.extraction.images import read_image
    >>> body = io.BytesIO()
    >>> Image.new("L", (4, 3), 7).save(body, "PNG")
    >>> image = read_image(body.getvalue(), "grey.png")
    >>> image.mode, image.size, image.getpixel((0, 0))
    ('RGB', (4, 3), (7, 7, 7))
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata, of which web images are full
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file, formats=FORMATS) as image:
                return to_rgb(image)
    except Exception as error:
        cause = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        if isinstance(error, OSError) and error.errno is not None:
            raise FileFormatError(
                f"{name}: the file cannot be read ({cause}); see to it and go on"
            ) from error
        if isinstance(error, MemoryError):
            raise
        mend = (
            "mend the data set and begin anew (features in an empty folder)"
            if isinstance(file, bytes)
            else "replace it and go on, or remove it and begin anew (features in an empty folder)"
        )
        raise ImageError(
            f"{name}: not an image that can be decoded ({cause}); {mend}, or allow to skip some: skip_corrupt=N "
            "(--skip-corrupt N)"
        ) from error


def to_rgb(image: Image.Image) -> Image.Image:
    """Any image that PIL opened, upright and in mode RGB; loads its pixels."""
    short, long = sorted(image.size)
    if long > MOST_UNEVEN * short:
        raise ValueError(f"sides {image.size[0]} x {image.size[1]} differ more than {MOST_UNEVEN}-fold")
    image.load()
    return _upright(_to_eight_bits(image)).convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a damaged EXIF block says nothing about the pixels
        return image


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Greys of 16 bits as 8 bits; PIL's own conversion would cut them off at 255."""
    if image.mode == "F":
        raise ValueError("floating-point pixels, whose range is unknown; save it with 8 bits")
    if image.mode != "I" and not image.mode.startswith("I;16"):
        return image
    values = np.asarray(image).astype(np.int64)
    return Image.fromarray((values.clip(0, 65535) // 257).astype(np.uint8))
