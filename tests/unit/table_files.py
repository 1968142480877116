"""A small table with labels, and files of every kind that hold it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet
from safetensors.numpy import save_file

X = np.random.default_rng(0).normal(size=(6, 3)).round(3)
TEXT = ["cat", "dog", "ant", "cat", "dog", "cat"]
CODES = [1, 2, 0, 1, 2, 1]


def write(path: Path, X=X, labels=TEXT, name="kind") -> Path:
    """A file of the kind that `path` says, with a label column or key `name` unless labels is None."""
    if path.suffix == ".npy":
        np.save(path, X)
    elif path.suffix == ".npz":
        np.savez(path, X=X, **({} if labels is None else {name: np.asarray(labels)}))
    elif path.suffix == ".safetensors":  # holds numbers only
        extra = {} if labels is None else {name: np.unique(labels, return_inverse=True)[1]}
        save_file({"X": np.ascontiguousarray(X), **extra}, path)
    else:
        columns = {f"x{i}": X[:, i] for i in range(X.shape[1])}
        table = pa.table(columns | ({} if labels is None else {name: labels}))
        if path.suffix == ".parquet":
            parquet.write_table(table, path)
        else:
            from pyarrow import csv

            csv.write_csv(table, path)
    return path


KINDS = [".npy", ".npz", ".csv", ".parquet", ".safetensors"]
NAMED = KINDS[1:]
