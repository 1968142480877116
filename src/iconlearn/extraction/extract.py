"""Features of all images of a source, written to disk in shards; a killed run goes on where it was."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from iconlearn._checks import check_choice, check_number
from iconlearn._errors import DiskError, InputError
from iconlearn.extraction.augmentation import Augmentation
from iconlearn.extraction.backbone import load_backbone
from iconlearn.extraction.batches import prepared
from iconlearn.extraction.skipped import Skipped
from iconlearn.extraction.source import ImageSource
from iconlearn.extraction.sources import open_images
from iconlearn.extraction.states import States
from iconlearn.extraction.views import Views
from iconlearn.features import Features, FeatureWriter

SHARD_ROWS = 2048  # what a kill may cost: minutes on a CPU


def extract_features(
    source: Any,
    model: str | Path,
    out: str | Path,
    *,
    views: int = 3,
    batch_size: int = 64,
    device: str = "cpu",
    workers: int = 0,
    skip_corrupt: int = 0,
    seed: int = 0,
    dtype: str = "float16",
    image_size: int | None = None,
    pool: str = "auto",
    split: str | None = None,
    labels: str | None = None,
    augmentation: Augmentation | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Features:
    """Features of images under a frozen model, several views each, written to a folder.

    View 0 is the image as the model was trained to see it; the others are changed at random first. What is on disk
    when a run ends early is kept: the same call goes on from there and ends with the same features. A folder
    that holds features made otherwise is refused, and so is an image that was changed after its features were made.

    Parameters
    ----------
    source : str, Path, datasets.Dataset or ImageSource
        As for `open_images`.
    model : str or Path
        As for `load_backbone`: a folder, or a name on the Hugging Face hub.
    out : str or Path
        Folder for the features.
    views : int, default 3
        Views of every image; 1 is the unchanged one alone.
    batch_size : int, default 64
        Images that go through the model at once.
    device : str, default "cpu"
    workers : int, default 0
        Processes that read and prepare images; 0 is this one.
    skip_corrupt : int, default 0
        How many images may be damaged. They are left out and listed in ``skipped.json``; one more is an error.
    seed : int, default 0
        Of the changes. They do not depend on batches, workers or where a run was resumed.
    dtype : {"float16", "float32"}, default "float16"
        As stored.
    image_size, pool
        As for `load_backbone`.
    split, labels
        As for `open_images`.
    augmentation : Augmentation, optional
        The changes; see there for the default.
    progress : callable, optional
        Called with the number of images done and of all.

    Returns
    -------
    Features
        Rows in the order of the source, with labels, class names and names of the images.

    Raises
    ------
    ImageError
        More damaged images than ``skip_corrupt``, naming the last.
    InputError
        An image was changed after its features were made, naming the first.
    InputError, OptionError, FileFormatError
        Of the source, the model or the options.
    DiskError
        The disk is full, before or during the run; finished shards are kept.

    Examples
    --------
    ::

        features = extract_features("imagenet/train", "facebook/dinov2-base", "features/", device="cuda", workers=8)
        features.take(np.arange(10), view=1)  # (10, 768)
    """
    for name, value, low in (("views", views, 1), ("batch_size", batch_size, 1), ("workers", workers, 0)):
        check_number("features", name, value, low=low, high=2**16, integer=True)
    check_number("features", "skip_corrupt", skip_corrupt, low=0, integer=True)
    check_number("features", "seed", seed, low=0, high=2**63, integer=True)
    check_choice("features", "dtype", dtype, ("float16", "float32"))
    images = open_images(source, split, labels)
    if not len(images):
        raise InputError(f"source: {images.kind} without images; there is nothing to do")
    backbone = load_backbone(model, pool=pool, image_size=image_size, device=device)
    make_views = Views(backbone.prepare, views, seed, augmentation or Augmentation())
    about = {
        "source": {"kind": images.kind, "images": len(images), "digest": digest(images)},
        "model": {
            "name": Path(model).name,
            "class": backbone.name,
            "pool": backbone.pool,
            "digest": backbone.digest(),
        },
        "transforms": make_views.describe(),
    }
    folder = Path(out)
    states = States(folder / "images.states", images)
    writer = FeatureWriter(
        folder,
        backbone.dim,
        views=views,
        shard_rows=SHARD_ROWS,
        dtype=dtype,
        classes=images.classes,
        about=about,
    )
    labelled = images.classes is not None
    with writer:  # whatever is refused from here on, the folder is left to others
        skipped = Skipped(folder / "skipped.json", skip_corrupt)
        start = skipped.go_on_from(writer.rows, writer.manifest.complete)
        states.go_on_from(start, {entry["image"] for entry in skipped.found})
        check_room(folder, (len(images) - start) * views * backbone.dim * np.dtype(dtype).itemsize)
        for batch in prepared(images, make_views, start, batch_size, workers):
            if batch.failure is not None:
                raise batch.failure
            skipped.add(batch.bad)
            new = batch.index >= start  # the first batch of a resumed run may begin before it
            if new.any():
                features = torch.stack([backbone(batch.pixels[:, view]) for view in range(views)], 1)
                names = [name for name, keep in zip(batch.names, new, strict=True) if keep]
                writer.add(features[torch.from_numpy(new)], batch.labels[new] if labelled else None, names)
            if progress is not None:
                progress(batch.last + 1, len(images))
        return writer.close()


def digest(images: ImageSource) -> str:
    """What tells one source from another."""
    parts = [images.kind, len(images), images.classes, images.fingerprint()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def check_room(folder: Path, needed: int) -> None:
    """Refuse to start what the disk cannot hold."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DiskError(
            errno.ENOSPC,
            f"{folder}: {needed / 1e9:.2f} GB of features are to come, but {free / 1e9:.2f} GB are free; make room, "
            "or use fewer views or dtype='float16'",
        )
