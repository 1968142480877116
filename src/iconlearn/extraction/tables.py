"""Hugging Face data sets: parquet files with a column of encoded images, and `datasets.Dataset` objects."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from iconlearn._checks import check_choice, nearest_name
from iconlearn._errors import FileFormatError, InputError
from iconlearn.data.features import listed
from iconlearn.extraction.folders import state_of_file
from iconlearn.extraction.images import ImageError, read_image, to_rgb
from iconlearn.extraction.source import ImageSource

SHARD = re.compile(r"^(.+?)-\d+-of-\d+.*$")  # train-00000-of-00002.parquet
LABELS = ("label", "labels", "fine_label", "class")  # columns that are labels, the best first
TEXTS = ("caption", "captions", "text", "sentence", "sentences", "txt", "description")  # and texts


class ParquetImages(ImageSource):
    """Images encoded in a column of parquet files, as the Hugging Face hub stores them.

    The column holds bytes, or structs ``{"bytes", "path"}``; one row group is in memory at a time. Labels are
    numbers or text; the hub's own metadata gives their names.

    Raises
    ------
    FileFormatError
        A file cannot be read, or has other columns than the first.
    InputError
        No column of images, or no column called ``labels``.
    """

    def __init__(self, files: Sequence[Path], labels: str | None = None) -> None:
        self.files, self.kind = list(files), "parquet files"
        schema, groups = None, []
        for file in self.files:
            found, rows = read_schema(file)
            schema = schema or found
            if found.names != schema.names:
                raise FileFormatError(
                    f"{file}: columns {listed(found.names)}, but {self.files[0]} has {listed(schema.names)}; "
                    "all files of a data set must have the same ones"
                )
            groups += [(file, group, count) for group, count in enumerate(rows)]
        assert schema is not None
        self.image = image_column(self.files[0], schema)
        self.groups = [(file, group) for file, group, _ in groups]
        self.starts = np.cumsum([0, *(count for *_, count in groups)])
        declared = class_names(schema.metadata)
        label = label_column(str(self.files[0]), schema.names, list(declared), labels)
        self.labels = None
        if label is not None:
            self.labels, self.classes = read_labels(self.files, label, declared.get(label))
        self._held: tuple[int, Any] = (-1, None)

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __getitem__(self, index: int) -> tuple[Image.Image, int, str]:
        group = int(np.searchsorted(self.starts, index, "right")) - 1
        held = self._held  # another thread may replace it
        if held[0] != group:
            held = self._held = group, read_group(*self.groups[group], self.image)
        row = int(index - self.starts[group])
        body, path = encoded(held[1][row].as_py())
        name = path or f"{self.groups[group][0].name}/{index}"
        if body is None:
            raise ImageError(f"{name}: row {index} of the data set holds no image; see skip_corrupt")
        return read_image(body, name), -1 if self.labels is None else int(self.labels[index]), name

    def texts(self, column: str | None = None) -> list[Any]:
        """The cells of a column of texts: the one asked for, or the usual one."""
        schema, _ = read_schema(self.files[0])
        found = text_column(str(self.files[0]), schema.names, column)
        return [value for file in self.files for value in read_column(file, found)]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_held": (-1, None)}

    def fingerprint(self) -> str:
        """sha256 of names, sizes and times of the files, and the number of images."""
        states = [(file.name, *state_of_file(file)) for file in self.files]
        return hashlib.sha256(json.dumps([states, len(self)]).encode()).hexdigest()


class HubImages(ImageSource):
    """Images of a `datasets.Dataset`; they are decoded here, by the same rules as files.

    Raises
    ------
    InputError
        Streamed, several splits, or without a column of images.
    """

    def __init__(self, dataset: Any, labels: str | None = None) -> None:
        if not hasattr(dataset, "__len__"):
            raise InputError(
                "a streamed data set has no length and no order to go on in; load it without streaming"
            )
        self.kind = "Hugging Face data set"
        features = dict(dataset.features)
        columns = [name for name, feature in features.items() if type(feature).__name__ == "Image"]
        if not columns:
            raise InputError(f"the data set has no column of images; its columns are {listed(features)}")
        self._print = str(getattr(dataset, "_fingerprint", ""))
        self.image = columns[0]
        declared = {n: list(f.names) for n, f in features.items() if type(f).__name__ == "ClassLabel"}
        self.label = label_column("the data set", list(features), list(declared), labels)
        codes = None if self.label is None else list(dataset[self.label])
        self.labels, self.classes = (
            (None, None) if codes is None else as_codes(codes, declared.get(self.label or ""))
        )
        self.dataset = dataset.cast_column(self.image, type(features[self.image])(decode=False))

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Image.Image, int, str]:
        held = self.dataset[int(index)][self.image]
        label = -1 if self.labels is None else int(self.labels[index])
        if isinstance(held, Image.Image):
            return to_rgb(held), label, str(index)
        body, path = encoded(held)
        name = Path(path).name if path else str(index)
        if body is None and path is None:
            raise ImageError(f"{name}: row {index} of the data set holds no image; see skip_corrupt")
        return read_image(Path(path or "") if body is None else body, path or name), label, name

    def texts(self, column: str | None = None) -> list[Any]:
        """The cells of a column of texts: the one asked for, or the usual one."""
        return list(self.dataset[text_column("the data set", list(self.dataset.features), column)])

    def fingerprint(self) -> str:
        return f"{self._print}:{len(self)}"


def parquet_files(root: Path, split: str | None) -> list[Path]:
    """The parquet files of one split of a folder; "train" where there are several and none is named."""
    files = sorted(root.rglob("*.parquet"))
    splits: dict[str, list[Path]] = {}
    for file in files:
        match = SHARD.match(file.name)
        splits.setdefault(match[1] if match else file.stem if len(files) > 1 else "", []).append(file)
    named = all(SHARD.match(file.name) for file in files)
    if not named or (split is None and len(splits) == 1):
        if split is not None:
            return splits[check_choice(str(root), "split", split, splits)]
        return files
    return splits[check_choice(str(root), "split", split or "train", splits)]


def read_schema(file: Path) -> tuple[Any, list[int]]:
    """The columns of a parquet file and the rows of its row groups."""
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(file) as opened:
            meta = opened.metadata
            return opened.schema_arrow, [meta.row_group(k).num_rows for k in range(meta.num_row_groups)]
    except Exception as error:
        raise unreadable(file, error) from error


def read_group(file: Path, group: int, column: str) -> Any:
    """One column of one row group; the file is opened anew, because worker processes share no position in it."""
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(file) as opened:
            return opened.read_row_group(group, columns=[column])[column]
    except Exception as error:
        raise unreadable(file, error) from error


def read_labels(files: Sequence[Path], column: str, names: list[str] | None) -> tuple[np.ndarray, list[str]]:
    """Codes of the labels of all files, and the names of the classes."""
    return as_codes([value for file in files for value in read_column(file, column)], names)


def read_column(file: Path, column: str) -> list[Any]:
    """All cells of a column."""
    from pyarrow import parquet

    try:
        return parquet.read_table(file, columns=[column])[column].to_pylist()
    except Exception as error:
        raise unreadable(file, error) from error


def as_codes(values: Sequence[Any], names: list[str] | None) -> tuple[np.ndarray, list[str]]:
    """Labels as indices of class names, -1 where there is none; names that nobody gave are the values, sorted."""
    if names is not None:
        codes = np.array([-1 if v is None else int(v) for v in values], dtype=np.int64)
        if codes.max(initial=-1) >= len(names):
            raise InputError(f"label {codes.max()}, but there are names of {len(names)} classes only")
        return np.where(codes < 0, -1, codes), names
    kinds = sorted({value for value in values if value is not None})
    code = {value: k for k, value in enumerate(kinds)}
    codes = np.array([code.get(value, -1) for value in values], dtype=np.int64)
    return codes, [str(value) for value in kinds]


def unreadable(file: Path, error: Exception) -> FileFormatError:
    cause = " ".join(str(error).split())[:200]
    return FileFormatError(f"{file}: cannot be read as parquet ({cause}); the file is damaged or truncated")


def image_column(file: Path, schema: Any) -> str:
    """The first column of encoded images."""
    import pyarrow as pa

    for field in schema:
        kind = field.type
        if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
            return field.name
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            return field.name
    raise InputError(
        f"{file}: no column of encoded images (bytes, or structs with bytes); its columns are "
        f"{listed(f'{field.name}: {field.type}' for field in schema)}"
    )


def encoded(held: Any) -> tuple[bytes | None, str | None]:
    """Bytes and path of an image's cell."""
    if isinstance(held, dict):
        return held.get("bytes"), held.get("path")
    return held, None


def class_names(metadata: dict[bytes, bytes] | None) -> dict[str, list[str]]:
    """Names of the classes of every label column that the hub's metadata declares."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        return {
            name: [str(n) for n in feature["names"]]
            for name, feature in features.items()
            if feature.get("_type") == "ClassLabel"
        }
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}


def label_column(owner: str, columns: list[str], declared: list[str], wanted: str | None) -> str | None:
    """The column of labels: the one asked for, the usual one, or the only one that is declared as classes."""
    if wanted is not None:
        if wanted not in columns:
            raise InputError(
                f"{owner}: labels={wanted!r} is no column; they are {listed(columns)}{nearest_name(wanted, columns)}"
            )
        return wanted
    usual = [name for name in LABELS if name in columns]
    return usual[0] if usual else declared[0] if len(declared) == 1 else None


def text_column(owner: str, columns: list[str], wanted: str | None) -> str:
    """The column of texts: the one asked for, or the usual one."""
    if wanted is not None and wanted not in columns:
        raise InputError(
            f"{owner}: text={wanted!r} is no column; they are {listed(columns)}{nearest_name(wanted, columns)}"
        )
    usual = [name for name in TEXTS if name in columns]
    if wanted is None and not usual:
        raise InputError(
            f"{owner}: no column is called {' or '.join(TEXTS[:3])}; name it: text= of {listed(columns)}"
        )
    return wanted or usual[0]
