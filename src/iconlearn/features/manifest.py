"""`features.json`: what a folder of features holds, and how it was made."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from iconlearn._errors import FileFormatError
from iconlearn._files import write_aside
from iconlearn.features.layout import writing

NAME, KIND, SCHEMA = "features.json", "iconlearn.features", 1
DTYPES = ("float16", "float32")


@dataclass(frozen=True)
class Part:
    """A finished shard: its file name, rows, size in bytes and sha256."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass
class Manifest:
    """What a folder of features holds; ``complete`` once nothing more is to come."""

    d: int
    views: int
    dtype: str
    shard_rows: int
    classes: list[str] | None = None
    about: dict[str, Any] = field(default_factory=dict)
    shards: list[Part] = field(default_factory=list)
    complete: bool = False

    @property
    def n(self) -> int:
        """Rows in finished shards."""
        return sum(part.rows for part in self.shards)

    def made(self) -> dict[str, Any]:
        """All that must be the same for a run to go on."""
        return {
            "dim": self.d, "views": self.views, "dtype": self.dtype, "shard_rows": self.shard_rows,
            "classes": self.classes, **{f"about[{name!r}]": value for name, value in self.about.items()},
        }  # fmt: skip

    def write(self, folder: Path) -> None:
        """Into ``folder``, whole or not at all."""
        told = {"kind": KIND, "schema": SCHEMA, "n": self.n, **asdict(self)}
        with writing(folder / NAME):
            write_aside(folder / NAME, (json.dumps(told, indent=1) + "\n").encode())


def read_manifest(folder: Path) -> Manifest:
    """The manifest of ``folder``, every entry of it checked."""
    path = folder / NAME
    try:
        told = json.loads(path.read_text("utf-8"))
        if not isinstance(told, dict) or told.pop("kind", None) != KIND:
            raise FileFormatError(
                f"{path}: is no description of features; choose another folder, or remove it"
            )
        if (schema := told.pop("schema", None)) != SCHEMA:
            raise FileFormatError(
                f"{path}: has schema {schema!r}, this version reads {SCHEMA}; update iconlearn"
            )
        n, parts = told.pop("n"), [Part(**part) for part in told.pop("shards")]
        found = Manifest(**told, shards=parts)
        _check(found, n)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(
            f"{path}: is damaged ({type(error).__name__}: {error!s:.120}); restore it, or make the features again"
        ) from error
    return found


def _check(found: Manifest, n: Any) -> None:
    counts = [found.d, found.views, found.shard_rows, *(part.rows for part in found.shards)]
    sizes = [part.bytes for part in found.shards]
    if not all(type(count) is int and count > 0 for count in [*counts, *sizes]) or n != found.n:
        raise ValueError(f"sizes {[n, *counts[:8]]}")
    if found.dtype not in DTYPES or type(found.complete) is not bool or not isinstance(found.about, dict):
        raise ValueError(f"dtype {found.dtype!r}, complete {found.complete!r}")
    if found.classes is not None and not all(isinstance(name, str) for name in found.classes):
        raise ValueError("class names")
    for part in found.shards:
        name = part.name
        if (
            not isinstance(name, str)
            or Path(name).name != name
            or "\\" in name
            or not name.endswith(".safetensors")
        ):
            raise ValueError(f"shard {name!r}")
        if not isinstance(part.sha256, str):
            raise ValueError(f"sha256 {part.sha256!r}")
