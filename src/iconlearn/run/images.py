"""The pictures of stored rows: opened when a contact sheet shows them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.extraction import ImageError, ImageSource, read_image
from iconlearn.features import Features

SIDE = 96  # pixels of the longer side, as a contact sheet needs


class RowImages(Sequence[np.ndarray]):
    """The image of every row, small; of those that were left out of the features none is.

    Parameters
    ----------
    features : Features
        With names of rows.
    source : ImageSource, optional
        What the features were made of. Without it names are paths of files.
    """

    def __init__(self, features: Features, source: ImageSource | None) -> None:
        assert features.names is not None
        self.names, self.source = features.names, source
        self.spare = 0 if source is None else len(source) - len(self.names)
        if self.spare < 0:
            raise InputError(
                f"images: {source.kind} of {len(source)} images, but {features!r} has {features.n} rows; "  # type: ignore[union-attr, arg-type]
                "give what the features were made of, or leave images out"
            )

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, row: Any) -> np.ndarray:  # pyright: ignore[reportIncompatibleMethodOverride]
        name = self.names[int(row)]
        image = read_image(Path(name), name) if self.source is None else self._found(int(row), name)
        image.thumbnail((SIDE, SIDE))
        return np.asarray(image.convert("RGB"))

    def _found(self, row: int, name: str) -> Any:
        """The image of this name: at its row, or, where damaged images were left out, a little later."""
        assert self.source is not None
        for index in range(row, row + self.spare + 1):
            try:
                image, _, found = self.source[index]
            except ImageError:
                continue
            if found == name:
                return image
        raise InputError(
            f"images: row {row} of the features is {name!r}, which is not where {self.source.kind} has it; give what "
            "the features were made of, or leave images out"
        )


def images_of(features: Features, source: ImageSource | None) -> RowImages | None:
    """The images of rows, or None where the rows' names lead to none."""
    if features.names is None:
        if source is not None:
            raise InputError(
                f"images: {features!r} has no names of rows, so no image belongs to one; leave it out"
            )
        return None
    there = source is not None or (bool(features.names[0]) and Path(features.names[0]).is_file())
    return RowImages(features, source) if there else None
