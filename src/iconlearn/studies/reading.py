"""YAML that is read safely, and whose every entry says where it stands when it is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iconlearn._checks import nearest_name
from iconlearn._errors import FileFormatError


@dataclass(frozen=True)
class Entry:
    """A value of a YAML file and where it stands."""

    where: str
    value: Any

    def wrong(self, seen: str, allowed: str) -> FileFormatError:
        """The error of a value that cannot be."""
        return FileFormatError(f"{self.where}: {seen}, but {allowed}")

    def a(self, kind: type | tuple[type, ...], words: str) -> Any:
        """The value, of this type."""
        if not isinstance(self.value, kind) or (isinstance(self.value, bool) and kind is not bool):
            raise self.wrong(f"{self.value!r:.60}", f"{words} is needed")
        return self.value

    def text(self) -> str:
        """A text."""
        return self.a(str, "text")

    def number(self) -> float:
        """A number."""
        return float(self.a((int, float), "a number"))

    def integer(self, low: int) -> int:
        """A whole number from ``low`` on."""
        if self.a(int, "a whole number") < low:
            raise self.wrong(str(self.value), f"at least {low} is needed")
        return self.value

    def choice(self, allowed: Collection[str], what: str) -> str:
        """One of some names."""
        if self.text() not in allowed:
            names = ", ".join(allowed)
            raise self.wrong(repr(self.value), f"{what} are {names}{nearest_name(self.value, allowed)}")
        return self.value

    def table(self, allowed: Collection[str] | None = None, needed: Collection[str] = ()) -> dict[str, Entry]:
        """Names and their entries; of ``allowed`` names, if they are told."""
        held = {str(name): value for name, value in self.a(dict, "a table of names and values").items()}
        for name in held:
            if allowed is not None and name not in allowed:
                names = ", ".join(allowed)
                raise self.wrong(
                    f"has no entry {name!r}", f"the entries are {names}{nearest_name(name, allowed)}"
                )
        for name in needed:
            if name not in held:
                raise self.wrong(f"{name!r} is missing", "it is needed")
        return {name: Entry(f"{self.where}: {name}", value) for name, value in held.items()}

    def items(self) -> Iterator[Entry]:
        """The entries of a list that is not empty."""
        if not self.a(list, "a list"):
            raise self.wrong("the list is empty", "at least one entry is needed")
        yield from (Entry(f"{self.where}[{k}]", value) for k, value in enumerate(self.value))


def read_yaml(path: Path) -> Entry:
    """A YAML file as plain values; a name that stands twice in one table is refused.

    Raises
    ------
    FileFormatError
        If there is no such file, or it is not YAML of plain values.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        """Plain values only, every name once."""

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen: set[Any] = set()
            for key, _ in node.value:
                if (name := getattr(key, "value", None)) in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{name!r} stands twice in one table", key.start_mark
                    )
                seen.add(name if isinstance(name, str) else None)
            return super().construct_mapping(node, deep)

    try:
        return Entry(path.name, yaml.load(path.read_text("utf-8"), Loader))
    except (OSError, UnicodeDecodeError) as cause:
        raise FileFormatError(f"{path}: cannot be read ({cause}); name a YAML file") from cause
    except (yaml.YAMLError, RecursionError) as cause:
        raise FileFormatError(
            f"{path}: is no YAML of plain values ({' '.join(str(cause).split())})"
        ) from cause
