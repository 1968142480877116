"""Checkpoints: one safetensors file with the state of a run, from which the run goes on to the same bits."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from iconlearn._errors import FileFormatError, OptionError
from iconlearn._files import write_aside
from iconlearn._version import __version__
from iconlearn.inputs import Inputs
from iconlearn.objective import Objective
from iconlearn.train.fingerprint import difference, digest, fingerprint
from iconlearn.train.options import Training
from iconlearn.train.state import State, tensors_only

log = logging.getLogger("iconlearn")
SCHEMA = 2
SECONDS = 60.0  # between two writes


@dataclass(frozen=True, eq=False)
class Saved:
    """What a file holds of a run: how it started, and its state."""

    path: Path
    start: dict[str, Any]
    state: State
    sha256: str

    @property
    def finished(self) -> bool:
        """Had the run come to its end, with all that comes after the last step?"""
        return bool(self.state.values.get("finished"))

    @property
    def racing(self) -> bool:
        """Were several starts still in the race?"""
        return self.state.values.get("stage") == "race"

    def resume(self, put_back: Callable[[State], None]) -> None:
        """Put a run or race that has not begun where the saved one was."""
        try:
            put_back(self.state)
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as cause:
            raise FileFormatError(
                f"{self.path}: does not fit the run ({cause}); delete it to start anew"
            ) from cause


class Checkpoint:
    """The file of one run: what is in it, when it is written, and whose it is.

    Its header holds a JSON document and the checksum of that; the document holds the schema number, the run's
    fingerprint, its numbers, and the checksum of the tensors.
    """

    def __init__(self, path: Path, every: int | None, run_of: dict[str, str]) -> None:
        self.path, self.every, self.run_of = path, every, run_of
        self.start: dict[str, Any] = {}  # the seed of the run or race, and how it was found
        self.written = time.monotonic()

    @classmethod
    def of(cls, model: Objective, data: Inputs, options: Training) -> Checkpoint | None:
        """The checkpoint that the options ask for, in a folder that can be written to."""
        if options.checkpoint is None:
            return None
        path = Path(options.checkpoint)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            raise OptionError(
                f"fit: checkpoint={str(path)!r} cannot be written ({cause.strerror}); choose another path"
            ) from cause
        if path.is_dir() or not os.access(path.parent, os.W_OK):
            why = "it is a folder" if path.is_dir() else "its folder is read-only"
            raise OptionError(f"fit: checkpoint={str(path)!r} cannot be written ({why}); choose another path")
        tensors_only(model.state_dict())
        return cls(path, options.checkpoint_every, fingerprint(model, data, options))

    def due(self, step: int) -> bool:
        """Is it time to write?"""
        if self.every is not None:
            return step > 0 and step % self.every == 0
        return time.monotonic() - self.written >= SECONDS

    def write(self, state: State) -> None:
        """Write the state of the run or race; where the disk does not take it, warn and let the run go on."""
        from safetensors.torch import save

        document = json.dumps(
            {
                "schema": SCHEMA,
                "iconlearn": __version__,
                "torch": torch.__version__,
                "run_of": self.run_of,
                "start": self.start,
                "values": state.values,
                "sha256": digest(dict(sorted(state.tensors.items()))),
            }
        )
        header = {"iconlearn.checkpoint": document, "sha256": digest(document)}
        try:
            write_aside(self.path, save(state.tensors, header))
        except OSError as cause:
            log.warning(
                "%s: could not be written (%s); the run goes on without it", self.path, cause.strerror
            )
        self.written = time.monotonic()

    def read(self) -> Saved | None:
        """What an earlier run left in the file; None if there is no file.

        Raises
        ------
        FileFormatError
            If the file is damaged, newer than this version, not a checkpoint, or that of another run.
        """
        if not self.path.exists():
            return None
        document = self._document()
        if (differs := difference(document["run_of"], self.run_of)) is not None:
            raise FileFormatError(
                f"{self.path}: is the checkpoint of another run ({differs}); give that run's data, model and "
                "options, another path, or delete the file to start anew"
            )
        tensors = self._tensors(document["sha256"])
        state = State(tensors, document["values"])
        return Saved(self.path, document["start"], state, document["sha256"])

    def _document(self) -> dict[str, Any]:
        """The JSON document, after its checksum and its schema have been compared."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.path, "pt") as file:
                header = file.metadata() or {}
        except OSError as cause:
            raise FileFormatError(
                f"{self.path}: cannot be read ({cause.strerror or cause}); check the path"
            ) from cause
        except SafetensorError as cause:
            raise FileFormatError(
                f"{self.path}: is damaged or no checkpoint ({cause}); delete it to start anew"
            ) from cause
        text = header.get("iconlearn.checkpoint")
        if text is None:
            raise FileFormatError(f"{self.path}: is not the checkpoint of a run; choose another path")
        try:
            document = json.loads(text)
            schema = document["schema"]
        except (ValueError, LookupError, TypeError, RecursionError) as cause:
            raise self._damaged() from cause
        if schema != SCHEMA:
            raise FileFormatError(
                f"{self.path}: has schema {schema!r} but this version reads {SCHEMA}; it was written by "
                f"iconlearn {document.get('iconlearn')}: use that version, or delete the file to start anew"
            )
        if digest(text) != header.get("sha256"):
            raise self._damaged()
        return document

    def _tensors(self, checksum: str) -> dict[str, torch.Tensor]:
        """The tensors, after their checksum has been compared."""
        from safetensors.torch import load

        tensors = load(self.path.read_bytes())
        if digest(dict(sorted(tensors.items()))) != checksum:
            raise self._damaged()
        return tensors

    def _damaged(self) -> FileFormatError:
        return FileFormatError(
            f"{self.path}: is damaged (its checksum differs from its content); delete it to start anew"
        )
