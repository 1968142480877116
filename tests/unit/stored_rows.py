"""Rows of three classes on disk, and the command that clusters them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from iconlearn import FeatureWriter, open_features
from iconlearn.cli import main
from iconlearn.features import Features

RNG = np.random.default_rng(0)
COUNTS = {"ape": 100, "bee": 80, "cow": 60}
Y = np.repeat([0, 1, 2], list(COUNTS.values()))
X = (6 * np.eye(3, 8)[Y] + RNG.normal(size=(240, 8))).astype(np.float32)
NAMES = sorted(
    f"{kind}/{k}.png" for kind, count in COUNTS.items() for k in range(count)
)  # as a folder is read
CALL = ("fit", "pmi-clustering", "--set", "n_clusters=3", "--epochs", "3", "--batch-size", "80", "-q")


def write_rows(folder: Path) -> Features:
    """The rows in three shards, some without a label."""
    label = np.where(np.arange(240) % 40 == 0, -1, Y)
    with FeatureWriter(folder, 8, shard_rows=100, dtype="float32", classes=list(COUNTS)) as writer:
        writer.add(X, label, NAMES)
    return open_features(folder)


def command(*args: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in args])
    return int(stop.value.code or 0)
