"""What is known about a data set: its samples in one of five forms, a table to show, and labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples with what is known about them.

    Attributes
    ----------
    name : str
        File stem, or the built-in name.
    X : ndarray of float32 or float64, shape (n, d)
        One finite row a sample, C-contiguous: the features, or in other forms what pictures and scores use.
        That is for a graph the rows it was made from or the degrees (n, 1), for modalities their columns side
        by side, for captioned rows the rows, and for tokens the ids as numbers.
    y : ndarray of int64, shape (n,), or None
        Label codes, positions in `classes`; -1 where the label is missing.
    classes : list of str, or None
        Class names, in the order of the codes: sorted (by value where the labels are numbers), or that of the source.
    image_shape : tuple of int, or None
        (channels, height, width) where the rows of X are flattened images.
    form : str, default "rows"
        "rows", "graph", "modalities", "captioned rows" or "tokens", the names of what methods take.
    source : default None
        The samples in that form: a csr_array of weights (n, n), a tuple of tables, (rows, captions), or ids
        (n, length). None for rows, which are X.
    columns : list of str, or None
        Names of the columns of X, where its source names them: a .csv or .parquet file of features.

    Examples
    --------
    >>> import numpy as np
    >>> from iconlearn.data.dataset import Dataset
    >>> Dataset("tiny", np.zeros((2, 3)), None, None).learns_from.shape
    (2, 3)
    """

    name: str
    X: np.ndarray
    y: np.ndarray | None
    classes: list[str] | None
    image_shape: tuple[int, ...] | None = None
    form: str = "rows"
    source: Any = None
    columns: list[str] | None = None

    @property
    def column_names(self) -> list[str]:
        """Names of the columns of X: those of its source where they are as many, else x0, x1, ..."""
        d, names = self.X.shape[1], self.columns or []
        return list(names) if len(names) == d else [f"x{k}" for k in range(d)]

    @property
    def learns_from(self) -> Any:
        """What a method of this form learns from: the source, or X where there is none."""
        return self.X if self.source is None else self.source
