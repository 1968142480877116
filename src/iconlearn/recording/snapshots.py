"""Moments of a run, and files that keep them until it is finished."""

from __future__ import annotations

import io
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from iconlearn._errors import FileFormatError
from iconlearn._files import write_aside


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One moment: ``embedding`` (shown rows, dim), ``log_p`` and ``log_q`` (anchors, columns), float32."""

    step: int
    loss: float
    embedding: np.ndarray
    log_p: np.ndarray
    log_q: np.ndarray


class SnapshotFolder:
    """A file for every moment, so that a run which is killed and goes on has its early moments too.

    Parameters
    ----------
    folder : Path
        Made when there is something to write.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as path:
    ...     folder, none = SnapshotFolder(Path(path)), np.zeros((1, 1), np.float32)
    ...     for step in (0, 5, 9):
    ...         folder.write(Snapshot(step, 1.0, none, none, none), np.array([3]))
    ...     kept, anchors = folder.read(until=5)
    >>> [moment.step for moment in kept], anchors
    ([0, 5], array([3]))
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, moment: Snapshot, anchors: np.ndarray) -> None:
        """Keep a moment, and the rows whose p and q it shows."""
        buffer = io.BytesIO()
        np.savez(buffer, anchors=anchors, **vars(moment))
        write_aside(self.folder / f"{moment.step:012d}.npz", buffer.getvalue())

    def read(self, until: int) -> tuple[list[Snapshot], np.ndarray | None]:
        """Moments up to a step, and the anchors of all of them.

        Raises
        ------
        FileFormatError
            If a file is damaged.
        """
        moments, anchors = [], None
        for path in sorted(self.folder.glob("*.npz")):
            try:
                with np.load(path, allow_pickle=False) as held:
                    step, loss = int(held["step"]), float(held["loss"])
                    arrays = [held[name] for name in ("embedding", "log_p", "log_q")]
                    chosen = held["anchors"]
            except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as cause:
                raise FileFormatError(f"{path}: not a moment of a run ({cause}); remove it") from cause
            if step <= until:
                moments.append(Snapshot(step, loss, *arrays))
                anchors = chosen
        return moments, anchors

    def clear(self) -> None:
        """Forget all moments."""
        shutil.rmtree(self.folder, ignore_errors=True)
