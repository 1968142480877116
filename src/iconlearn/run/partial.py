"""What a long run keeps beside its output folder until it is finished: `RUN.partial`."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from iconlearn._errors import BusyError, DiskError, IConLearnError
from iconlearn._lock import locked
from iconlearn.run.folder import RECORD, check_target, put_in_place

NEIGHBORS, CHECKPOINT, RESULTS, SNAPSHOTS = "neighbors", "checkpoint.safetensors", "results", "snapshots"
RECORDING = "recording.icon"


class Partial:
    """The folder of an unfinished run: neighbours, checkpoint, and results on their way to the output folder.

    Everything in it is there whole or not at all, and results count once their record is in place, which comes last,
    so a run that is killed at any moment is finished by the same command.
    """

    def __init__(self, out: str | os.PathLike[str]) -> None:
        self.target = Path(os.path.abspath(os.path.expanduser(out)))
        self.folder = self.target.with_name(f"{self.target.name}.partial")

    @property
    def neighbors(self) -> Path:
        """Folder of the search for neighbours."""
        return self.folder / NEIGHBORS

    @property
    def checkpoint(self) -> Path:
        """File with the state of the training."""
        return self.folder / CHECKPOINT

    @property
    def snapshots(self) -> Path:
        """Folder of the moments that pictures show."""
        return self.folder / SNAPSHOTS

    @property
    def recording(self) -> Path:
        """File of what was recorded so far."""
        return self.folder / RECORDING

    def finished(self, command: Mapping[str, Any]) -> dict[str, Any] | None:
        """The record in the output folder, if it is that of the same command."""
        try:
            record = json.loads((self.target / RECORD).read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        return record if isinstance(record, dict) and record.get("command") == command else None

    @contextmanager
    def working(self, *, overwrite: bool) -> Iterator[None]:
        """Keep other processes out while the run is worked on.

        Raises
        ------
        OptionError
            If the output folder is a file, holds something, or may not be written to; or if another process is at
            work.
        DiskError
            If nothing can be written, or the disk is full; what is finished is kept.
        """
        check_target(self.target, overwrite)
        made = [parent for parent in self.folder.parents if not parent.exists()]
        try:
            with self._writing(), locked(self.folder):
                check_target(self.target, overwrite)  # another may have ended meanwhile
                yield
        finally:
            for folder in (self.folder, *made):
                with suppress(OSError):  # it holds what is to be gone on with, or the results
                    folder.rmdir()

    @contextmanager
    def results(self) -> Iterator[Path]:
        """An empty folder for the results, which take the place of those in the output folder if all went well."""
        aside = self.folder / RESULTS
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        try:
            yield aside
            put_in_place(aside, self.target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def forget(self) -> None:
        """Remove what a finished run went on from; called while the run is worked on."""
        self._remove()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Say why something cannot be written."""
        try:
            yield
        except OSError as cause:
            if isinstance(cause, IConLearnError):
                raise
            raise DiskError(
                cause.errno,
                f"{self.target} cannot be written ({cause.strerror or cause}); make room or change its mode: what is "
                f"done is kept in {self.folder}, and the same command goes on from there",
            ) from cause

    def clear(self) -> None:
        """Remove what a finished run has left, unless another process works there."""
        if self.folder.is_dir():
            with suppress(BusyError), locked(self.folder):
                self._remove()
            with suppress(OSError):
                self.folder.rmdir()

    def _remove(self) -> None:
        """What is ours."""
        for name in (NEIGHBORS, RESULTS, SNAPSHOTS):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for path in (
            self.checkpoint,
            self.recording,
            *self.folder.glob(".*.part"),
        ):  # these of a process that was killed
            path.unlink(missing_ok=True)
