"""Features written in shards, so that a killed extraction goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from torch import Tensor

from iconlearn._checks import check_choice, check_number
from iconlearn._errors import InputError, OptionError
from iconlearn._files import write_aside
from iconlearn._lock import Lock, at_work
from iconlearn.data.features import listed, to_array
from iconlearn.data.files import as_path
from iconlearn.features.layout import writing
from iconlearn.features.manifest import DTYPES, KIND, NAME, Manifest, Part, read_manifest
from iconlearn.features.opening import check_part, open_features
from iconlearn.features.sources import SOURCES
from iconlearn.features.store import Features


class FeatureWriter:
    """Write features in shards; after a kill the same folder with the same arguments goes on.

    Finished shards stand as part-00000.safetensors, part-00001.safetensors, ..., each with `shard_rows` rows but
    the last, beside `features.json`, which tells what they hold and how they were made. A shard and then the
    manifest are written aside, flushed and renamed, so a kill at any moment leaves whole shards, and going on from
    row `rows` gives the same files, to the byte, as an unbroken run.

    Parameters
    ----------
    folder : path
        Made if it is not there; either empty or one that was begun with the same arguments.
    dim : int
        Numbers a row.
    views : int, default 1
        Views of every row.
    shard_rows : int, default 16384
        Rows of a shard; as many are held in memory.
    dtype : {"float16", "float32"}, default "float16"
        Type in the files.
    classes : sequence of str, default None
        Names of the label codes.
    about : mapping, default None
        How the features are made (model, transforms, source, ...), as JSON can hold it.

    Raises
    ------
    OptionError
        A folder that was begun with other arguments, holds other files of these names, or that another process
        writes to.
    FileFormatError
        A shard of a folder that was begun is missing or damaged.
    DiskError
        The disk is full, or the folder cannot be written to; finished shards stay.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from iconlearn.features import FeatureWriter
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with FeatureWriter(folder, dim=3, shard_rows=4, about={"model": "none"}) as writer:
    ...         writer.add(np.ones((5, 3)), label=[0, 1, 0, 1, -1], name=["a", "b", "c", "d", "e"])
    ...     features = FeatureWriter(folder, dim=3, shard_rows=4, about={"model": "none"}).close()
    ...     features.shape, features.label.tolist(), features.names[4]
    ((5, 3), [0, 1, 0, 1, -1], 'e')
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        dim: int,
        *,
        views: int = 1,
        shard_rows: int = 16384,
        dtype: str = "float16",
        classes: Sequence[str] | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        owner = type(self).__name__
        sizes = {"dim": dim, "views": views, "shard_rows": shard_rows}
        d, views, shard_rows = (
            check_number(owner, k, v, low=1, integer=True, high=2**31) for k, v in sizes.items()
        )
        check_choice(owner, "dtype", dtype, DTYPES)
        self.folder = as_path(folder, "folder")
        named = None if classes is None else [str(name) for name in classes]
        self.manifest = Manifest(d, views, dtype, shard_rows, named, _as_json(owner, about or {}))
        self._held = 0  # rows that wait for their shard to be full
        self._rows = np.empty((0, views, d), dtype=dtype)
        self._labels = np.empty(0, dtype=np.int64)
        self._names: list[str] = []
        self._failed = False
        self._lock: Lock | None = None
        if (self.folder / NAME).exists() and not at_work(self.folder) and read_manifest(self.folder).complete:
            self._go_on()  # nothing is written, so many may do this at once
            return
        with writing(self.folder):
            self._lock = Lock(self.folder)
            for left in self.folder.glob(".*.part"):  # of a process that was killed while it wrote
                left.unlink(missing_ok=True)
        if (self.folder / NAME).exists():
            self._go_on()
        else:
            self._begin()

    def _begin(self) -> None:
        if others := sorted(path.name for path in self.folder.iterdir() if path.suffix in SOURCES):
            raise OptionError(
                f"{self.folder}: holds {listed(others)} but no {NAME}, so it was not begun here; give an empty folder"
            )
        self.manifest.write(self.folder)

    def _go_on(self) -> None:
        begun = read_manifest(self.folder)
        asked, before = self.manifest.made(), begun.made()
        for name in [*asked, *before]:
            if asked.get(name) != before.get(name):
                raise OptionError(
                    f"{self.folder}: was begun with {in_words(name, before.get(name), asked.get(name))}; "
                    "give the same to go on, or an empty folder to start anew"
                )
        for part in begun.shards:
            check_part(self.folder, part, begun)
        self.manifest = begun

    @property
    def rows(self) -> int:
        """Rows that are safely on disk: the number of the row to go on with."""
        return self.manifest.n

    def add(
        self,
        features: np.ndarray | Tensor,
        label: np.ndarray | Sequence[int] | None = None,
        name: Sequence[str] | None = None,
    ) -> None:
        """Rows to come next; whenever `shard_rows` have come together they are written.

        Parameters
        ----------
        features : real numbers, shape (b, views, d), or (b, d) where there is one view
        label : integers, shape (b,), default None
            Codes, -1 where there is none.
        name : sequence of b str, default None
            Names of the rows, such as file names.

        Raises
        ------
        InputError
            Shapes that do not fit; NaN, infinity or numbers beyond the type; codes that are no class.
        OptionError
            The folder is finished, or an earlier shard could not be written.
        DiskError
            As the class says.
        """
        if self.manifest.complete or self._failed:
            why = "it is finished" if self.manifest.complete else "a shard could not be written"
            raise OptionError(f"{self.folder}: no rows can be added, {why}; open another writer")
        rows = self._as_rows(features)
        labels, names = self._as_labels(label, len(rows)), self._as_names(name, len(rows))
        if not len(self._rows):
            self._rows = np.empty((self.manifest.shard_rows, *rows.shape[1:]), dtype=rows.dtype)
            self._labels = np.empty(self.manifest.shard_rows, dtype=np.int64)
        done = 0
        while done < len(rows):
            count = min(len(rows) - done, self.manifest.shard_rows - self._held)
            place, part = slice(self._held, self._held + count), slice(done, done + count)
            self._rows[place], self._labels[place] = rows[part], labels[part]
            self._names += names[part]
            self._held, done = self._held + count, done + count
            if self._held == self.manifest.shard_rows:
                self._write_shard()

    def _as_rows(self, features: np.ndarray | Tensor) -> np.ndarray:
        given, told = to_array(features, "features"), self.manifest
        array = given[:, None] if given.ndim == 2 and told.views == 1 else given
        if array.ndim != 3 or array.shape[1:] != (told.views, told.d):
            raise InputError(
                f"{self.folder}: features of shape {given.shape}, but (b, {told.views}, {told.d}) is needed"
            )
        if array.dtype.kind not in "biuf":
            raise InputError(f"{self.folder}: features of {array.dtype}, not real numbers; convert them")
        with np.errstate(over="ignore", invalid="ignore"):  # looked for next
            rows = array.astype(told.dtype, copy=False)
        finite = np.isfinite(rows).all((1, 2))
        if not finite.all():
            bad = int(finite.argmin())
            worst = array[bad][~np.isfinite(rows[bad])][0]
            raise InputError(
                f"{self.folder}: row {self.rows + self._held + bad} over all holds {worst!s} as {told.dtype}; "
                + ("use dtype='float32'" if np.isfinite(worst) else "features must be finite")
            )
        return rows

    def _as_labels(self, label: np.ndarray | Sequence[int] | None, count: int) -> np.ndarray:
        if label is None:
            return np.full(count, -1, dtype=np.int64)
        codes, classes = to_array(label, "label"), self.manifest.classes
        if codes.shape != (count,) or (codes.dtype.kind not in "iu" and count):
            raise InputError(
                f"{self.folder}: label is {codes.dtype} of shape {codes.shape}, but {count} integers are needed, one "
                "per row"
            )
        most = np.iinfo(np.int64).max if classes is None else len(classes) - 1
        if count and not -1 <= codes.min() <= codes.max() <= most:
            raise InputError(
                f"{self.folder}: label codes {codes.min()} to {codes.max()}, but -1 to {most} are allowed"
            )
        return codes.astype(np.int64)

    def _as_names(self, name: Sequence[str] | None, count: int) -> list[str]:
        names = [""] * count if name is None else [str(one) for one in name]
        if len(names) != count or isinstance(name, str):
            raise InputError(f"{self.folder}: {len(names)} names for {count} rows; give one per row")
        return names

    def _write_shard(self) -> None:
        """Everything that waits, as the next shard; it counts once the manifest has it."""
        from safetensors.numpy import save

        manifest, labels = self.manifest, self._labels[: self._held]
        arrays = {"features": self._rows[: self._held]}
        if (labels >= 0).any():
            arrays["labels"] = labels
        if any(self._names):
            arrays["names"] = np.frombuffer(json.dumps(self._names).encode(), dtype=np.uint8)
        body = save(arrays, {"kind": KIND})
        path = self.folder / f"part-{len(manifest.shards):05d}.safetensors"
        part = Part(path.name, self._held, len(body), hashlib.sha256(body).hexdigest())
        try:
            with writing(path):
                write_aside(path, body)
            grown = replace(manifest, shards=[*manifest.shards, part])
            grown.write(self.folder)
        except OSError:
            self._failed = True
            self._release()
            raise
        self.manifest, self._held, self._names = grown, 0, []

    def close(self) -> Features:
        """Write what is left, note that nothing more is to come, and open the result."""
        if not self.manifest.complete:
            if self._held:
                self._write_shard()
            if not self.rows:
                raise InputError(
                    f"{self.folder}: no rows were added, so there is nothing to finish; add some"
                )
            finished = replace(self.manifest, complete=True)
            finished.write(self.folder)
            self.manifest = finished
        self._release()
        return open_features(self.folder)

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> FeatureWriter:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        """Finish, unless something went wrong: then the finished shards stay, to go on from."""
        if kind is None:
            self.close()
        self._release()


def _as_json(owner: str, about: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return json.loads(json.dumps(dict(about), sort_keys=True))
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"{owner}: about={about!r:.200} is no JSON ({error}); use text, numbers and lists"
        ) from error


def in_words(name: str, before: Any, asked: Any) -> str:
    """The first thing in which two values differ, however deep.

    Examples
    --------
    >>> in_words("about", {"seed": 0, "views": 2}, {"seed": 3, "views": 2})
    "about['seed']=0, not 3"
    """
    if isinstance(before, Mapping) and isinstance(asked, Mapping):
        for key in [*asked, *before]:
            if before.get(key) != asked.get(key):
                return in_words(f"{name}[{key!r}]", before.get(key), asked.get(key))
    return f"{name}={before!r:.200}, not {asked!r:.200}"
