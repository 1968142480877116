"""From what a user names to a source of images."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from iconlearn._errors import FileFormatError, InputError, OptionError
from iconlearn.data.features import listed
from iconlearn.extraction.binaries import BinaryImages, layout_of
from iconlearn.extraction.digits import DigitImages
from iconlearn.extraction.folders import open_folder
from iconlearn.extraction.idx import IdxImages, holds_idx
from iconlearn.extraction.source import ImageSource
from iconlearn.extraction.tables import HubImages, ParquetImages, parquet_files


def open_images(source: Any, split: str | None = None, labels: str | None = None) -> ImageSource:
    """Open a source of images; the images themselves are read one by one, later.

    Parameters
    ----------
    source : str, Path, datasets.Dataset or ImageSource
        A folder: of class folders (ImageNet's layout), of images, of the binary files of CIFAR-10, CIFAR-100 or
        STL-10, of the idx files of MNIST, Fashion-MNIST or KMNIST (packed by gzip or not), or of parquet files
        with a column of images; one parquet file; "digits", the built-in ones of scikit-learn, where no folder is
        called so; the name of a data set on the Hugging Face hub, if ``datasets`` is installed; or an object of
        the two classes.
    split : str, optional
        "train" (default), "test", ... where the source has splits; a subfolder of a folder of images.
    labels : str, optional
        Column of labels, where there are several: "fine_label" (default) or "coarse_label" of CIFAR-100.

    Returns
    -------
    ImageSource

    Raises
    ------
    FileFormatError, InputError, OptionError
        The source does not exist, is damaged, holds no images, or has no such split or column.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> from iconlearn.extraction import open_images
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (4, 4)).save(f"{folder}/black.png")
    ...     images = open_images(folder)
    ...     len(images), images.classes, images[0][2]
    (1, None, 'black.png')
    """
    if isinstance(source, ImageSource):
        return source
    if hasattr(source, "features") and hasattr(source, "column_names"):
        return HubImages(source, labels)
    if isinstance(source, dict):  # a datasets.DatasetDict
        if (split or "train") not in source:
            raise OptionError(f"split={split!r} is none of the data set's splits, {listed(source)}")
        return open_images(source[split or "train"], None, labels)
    if not isinstance(source, (str, os.PathLike)):
        raise InputError(
            f"source: a {type(source).__name__}; give a folder, a data set's name or a datasets.Dataset"
        )
    path = Path(source).expanduser()
    if path.is_dir():
        return open_directory(path, split, labels)
    if path.is_file():
        if path.suffix.lower() == ".parquet":
            return ParquetImages([path], labels)
        raise FileFormatError(
            f"{path}: a file, but a folder (of images, or of a data set's files) or a .parquet file is needed; "
            "unpack archives first"
        )
    if str(source).startswith((".", "/", "~")) or str(source).count("/") > 1:
        raise FileFormatError(f"{source}: does not exist (looked from {Path.cwd()})")
    if str(source) == "digits":
        return DigitImages(split, labels)
    return open_hub(str(source), split, labels)


def open_directory(path: Path, split: str | None, labels: str | None) -> ImageSource:
    """A folder, by what it holds."""
    names = sorted(os.listdir(path))
    layout = layout_of(names, path)
    if layout is not None:
        return BinaryImages(path, layout, split, labels)
    if holds_idx(path):
        return IdxImages(path, split, labels)
    if any(name.endswith(".parquet") for name in names) or any((path / "data").glob("*.parquet")):
        return ParquetImages(parquet_files(path, split), labels)
    if labels is not None:
        raise OptionError(f"{path}: labels={labels!r}, but the labels of image files are their folders")
    return open_folder(path, split)


def open_hub(name: str, split: str | None, labels: str | None) -> ImageSource:
    """A data set of the hub, by the ``datasets`` library."""
    try:
        from datasets import load_dataset  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise InputError(
            f"{name}: no folder of this name (looked from {Path.cwd()}), and for a data set of the Hugging Face hub "
            "the datasets library is missing: pip install datasets, or download its parquet files"
        ) from error
    try:
        dataset = load_dataset(name, split=split or "train")
    except Exception as error:
        cause = " ".join(str(error).split())[:200]
        raise InputError(
            f"{name}: the hub's data set cannot be loaded ({cause}); check name and split"
        ) from error
    return HubImages(dataset, labels)
