"""The output folder: written aside as a whole, and put in place only when everything in it is there."""

from __future__ import annotations

import os
from pathlib import Path

from iconlearn._errors import OptionError

RECORD = "run.json"
# What a run may leave behind; only these are ever replaced or removed in an existing folder.
ARTEFACTS = (
    "assignment.npy",
    "assignment.parquet",
    "clusters.parquet",
    "confusion.png",
    "contact_sheet.png",
    "embedding.npy",
    "embedding.parquet",
    "loss.png",
    "map.png",
    "model.json",
    "model.safetensors",
    "p_vs_q.png",
    "recording.icon",
    "reliability.png",
    RECORD,
    "training.gif",
)


def check_target(target: Path, overwrite: bool) -> None:
    """Refuse a file, and a folder that holds something unless its results may be replaced."""
    if target.exists() and not target.is_dir():
        raise OptionError(f"out={str(target)!r} is a file, but a folder is needed; name another")
    if target.is_dir() and not overwrite and (held := sorted(p.name for p in target.iterdir())):
        some = ", ".join(held[:4]) + (", ..." if len(held) > 4 else "")
        raise OptionError(
            f"out={str(target)!r} is not empty, it holds {some}; name another folder, or pass --overwrite to "
            "replace the results of an earlier run"
        )
    if target.is_dir() and not os.access(target, os.W_OK):
        raise OptionError(f"out={str(target)!r} may not be written to; change its mode, or name another")


def put_in_place(aside: Path, target: Path) -> None:
    """Rename the whole folder if its place is free; else replace the earlier results file by file.

    The record, which says that a run is finished, goes first and comes last: a kill in between leaves no mixture of
    two runs that passes for one.
    """
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    if not target.exists():
        aside.rename(target)
        return
    (target / RECORD).unlink(missing_ok=True)
    fresh = {path.name for path in aside.iterdir()}
    for name in sorted(set(ARTEFACTS) - fresh):
        (target / name).unlink(missing_ok=True)
    for name in sorted(fresh, key=lambda name: (name == RECORD, name)):
        os.replace(aside / name, target / name)
