"""Images with texts: what CLIP and its kin are trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.extraction.loading import pixel_shape, read_all
from iconlearn.extraction.sources import open_images


@dataclass(frozen=True, eq=False)
class CaptionedImages:
    """Images and their texts.

    Attributes
    ----------
    X : ndarray of float32, shape (n, channels height width)
        Pixels from 0 to 255.
    texts : list of str
        One an image.
    image_shape : (channels, height, width)
    """

    X: np.ndarray
    texts: list[str]
    image_shape: tuple[int, int, int]


def load_captioned_images(
    source: Any,
    image_shape: Sequence[int] = (3, 32, 32),
    *,
    text: str | None = None,
    split: str | None = None,
    skip_corrupt: int = 0,
    workers: int = 0,
) -> CaptionedImages:
    """Images of a source that has texts, and the texts, in memory.

    Parameters
    ----------
    source : str, Path or datasets.Dataset
        A parquet file, a folder of them, or a data set of the Hugging Face hub, with a column of images and one of
        texts. Of a list of texts the first is taken.
    image_shape : (channels, height, width), default (3, 32, 32)
        To which images are brought, as by `load_images`.
    text : str, optional
        Column of texts; "caption", "text" or another usual name where it is not given.
    split, skip_corrupt, workers
        As of `load_images`.

    Returns
    -------
    CaptionedImages

    Raises
    ------
    InputError
        If the source has no texts, no such column, or an image without a text; names its row.
    MemoryBudgetError, ImageError, FileFormatError, OptionError
        As of `load_images`.

    References
    ----------
    Radford et al., Learning Transferable Visual Models From Natural Language Supervision, ICML 2021.

    Examples
    --------
    >>> import io, tempfile
    >>> import pyarrow as pa
    >>> from PIL import Image
    >>> from pyarrow import parquet
    >>> from iconlearn.extraction import load_captioned_images
    >>> def png(colour):
    ...     file = io.BytesIO()
    ...     Image.new("RGB", (8, 8), colour).save(file, "PNG")
    ...     return file.getvalue()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = pa.table({"image": [png("red"), png("blue")], "caption": ["a red field", "the sea"]})
    ...     parquet.write_table(table, f"{folder}/pairs.parquet")
    ...     pairs = load_captioned_images(f"{folder}/pairs.parquet", image_shape=(3, 4, 4))
    >>> pairs.X.shape, pairs.texts
    ((2, 48), ['a red field', 'the sea'])
    """
    shape = pixel_shape("load_captioned_images", image_shape)
    check_number("load_captioned_images", "skip_corrupt", skip_corrupt, low=0, integer=True)
    check_number("load_captioned_images", "workers", workers, low=0, high=2**16, integer=True)
    images = open_images(source, split)
    if not hasattr(images, "texts"):
        raise InputError(
            f"source: {images.kind} have no texts; give parquet files, or a data set of the hub, with a column of them"
        )
    cells = [first(cell) for cell in images.texts(text)]  # type: ignore[attr-defined]
    empty = [row for row, cell in enumerate(cells) if not cell]
    if empty:
        raise InputError(
            f"source: {len(empty)} of {len(cells)} images have no text, the first in row {empty[0]}; leave these rows "
            "out, or name another column: text="
        )
    held = read_all(images, shape, skip_corrupt, workers)
    return CaptionedImages(held.X, [cells[row] for row in held.index], shape)


def first(cell: Any) -> str:
    """The text of a cell, of a list the first; nothing where there is none."""
    if isinstance(cell, (list, tuple)):
        cell = cell[0] if cell else None
    return cell.strip() if isinstance(cell, str) else ""
