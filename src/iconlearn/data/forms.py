"""Graphs, modalities, captioned rows and tokens: told by the keys of an archive, and checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.data.features import as_floats, as_table, listed
from iconlearn.data.graphs import degrees, holds_sparse, read_sparse

_ImageShape = tuple[int, ...] | None
MOST_TOKENS = 1 << 20  # a vocabulary beyond this is a mistake, such as hashes for ids


def form_of(path: Path, keys: Iterable[str]) -> tuple[str, list[str]]:
    """The form that the keys of an archive say, without its labels, and the keys that hold it."""
    keys = list(keys)
    if "X" in keys:
        return ("captioned rows", ["X", "captions"]) if "captions" in keys else ("rows", [])
    if path.suffix.lower() == ".npz" and holds_sparse(keys):
        return "graph", []  # scipy reads its own file
    parts = sorted((key for key in keys if re.fullmatch("X_[0-9]+", key)), key=lambda key: int(key[2:]))
    if len(parts) < 2:
        return ("tokens", ["tokens"]) if "tokens" in keys else ("rows", [])
    if "tokens" in keys:
        raise InputError(f"{path}: holds both modalities ({listed(parts)}) and tokens; keep one of the two")
    if parts != [f"X_{k}" for k in range(1, len(parts) + 1)]:
        raise InputError(
            f"{path}: holds modalities {listed(parts)}, but they are numbered X_1, X_2, ... without gaps; "
            "rename them"
        )
    return "modalities", parts


def _tables(path: Path, arrays: Mapping[str, np.ndarray]) -> tuple[tuple[np.ndarray, ...], _ImageShape]:
    """The arrays as tables with the same rows, and the image shape of the first."""
    found = [as_table(array, f"{path}: {key}") for key, array in arrays.items()]
    lengths = {key: len(array) for key, array in arrays.items()}
    if len(set(lengths.values())) != 1:
        seen = ", ".join(f"{key}: {n}" for key, n in lengths.items())
        raise InputError(f"{path}: different numbers of rows ({seen}); row i of each must be sample i")
    return tuple(table for table, _ in found), found[0][1]


def _modalities(path: Path, arrays: Mapping[str, np.ndarray]) -> tuple[Any, _ImageShape]:
    return _tables(path, arrays)[0], None  # side by side, images are none


def _captioned(path: Path, arrays: Mapping[str, np.ndarray]) -> tuple[Any, _ImageShape]:
    kind = arrays["captions"].dtype
    if kind.kind not in "biuf":
        raise InputError(
            f"{path}: captions of type {kind}, but they are compared as features of shape (n, d); encode them as "
            "numbers, or rename the key if they are no captions"
        )
    return _tables(path, arrays)


def _tokens(path: Path, arrays: Mapping[str, np.ndarray]) -> tuple[Any, _ImageShape]:
    ids = arrays["tokens"]
    if ids.dtype.kind not in "iu":
        raise InputError(
            f"{path}: tokens of type {ids.dtype}, but ids are integers; save tokens.astype(int), or name a table "
            "of features X"
        )
    if ids.ndim != 2 or not len(ids) or ids.shape[1] < 2:
        raise InputError(
            f"{path}: tokens of shape {ids.shape}, but (sequences, length) with a length from 2 is needed; pad "
            "or cut the sequences to one length"
        )
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= MOST_TOKENS:
        raise InputError(
            f"{path}: tokens from {low} to {high}, but ids count from 0 and stay below {MOST_TOKENS}; renumber "
            "them with np.unique(tokens, return_inverse=True)"
        )
    return ids.astype(np.int64), None


READ_FORM: dict[str, Callable[[Path, Mapping[str, np.ndarray]], tuple[Any, _ImageShape]]] = {
    "graph": lambda path, _: (read_sparse(path), None),
    "modalities": _modalities,
    "captioned rows": _captioned,
    "tokens": _tokens,
}

# What pictures and scores use as X where it is not what is learned from.
_TABLES: dict[str, Callable[[Any], np.ndarray]] = {
    "graph": lambda graph: degrees(graph).astype(np.float32),
    "modalities": lambda source: np.concatenate(source, axis=1),
    "captioned rows": lambda source: source[0],
    "tokens": lambda source: as_floats(source, "tokens"),
}


def table_of(form: str, source: Any) -> np.ndarray:
    """The (n, d) table that stands for samples of another form than rows."""
    return _TABLES[form](source)
