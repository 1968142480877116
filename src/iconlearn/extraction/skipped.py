"""Damaged images: how many may be left out, and which were, so that rows and images can be matched again."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from iconlearn._errors import FileFormatError
from iconlearn._files import write_aside
from iconlearn.extraction.images import ImageError
from iconlearn.features.layout import writing

log = logging.getLogger("iconlearn")


class Damaged:
    """The damaged images that were left out, and how many there may be."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.found: list[dict[str, Any]] = []

    def add(self, bad: list[dict[str, Any]]) -> bool:
        """Note damaged images, and tell whether there are new ones; one too many is an error that names it."""
        known = {entry["image"] for entry in self.found}
        new = [entry for entry in bad if entry["image"] not in known]
        if len(self.found) + len(new) > self.most:
            worst = new[self.most - len(self.found)]
            raise ImageError(
                worst["cause"]
                + (f" [{self.most} were skipped before it, as many as allowed]" if self.most else "")
            )
        for entry in new:
            log.warning("skipped: %s", entry["cause"])
        self.found += new
        return bool(new)


class Skipped(Damaged):
    """Damaged images that are listed on disk before the rows that follow them.

    So a resumed run knows which image every row is.
    """

    def __init__(self, path: Path, most: int) -> None:
        super().__init__(most)
        self.path = path

    def go_on_from(self, rows: int, finished: bool) -> int:
        """The image after the one that row ``rows - 1`` is; what was skipped later will be met again.

        In a ``finished`` folder nothing is met again: what was skipped after the last row was passed, too.
        """
        if not rows:
            self.path.unlink(missing_ok=True)
            return 0
        before = self.read() if self.path.exists() else []
        image = rows
        for entry in before:
            image += entry["image"] < image + finished
        self.found = [entry for entry in before if entry["image"] < image]
        return image

    def read(self) -> list[dict[str, Any]]:
        try:
            found = json.loads(self.path.read_text("utf-8"))
            return sorted(
                ({"image": int(entry["image"]), "cause": str(entry["cause"])} for entry in found),
                key=lambda entry: entry["image"],
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FileFormatError(
                f"{self.path}: cannot be read ({error}); without it rows and images cannot be matched, so start "
                "anew in another folder"
            ) from error

    def add(self, bad: list[dict[str, Any]]) -> bool:
        new = super().add(bad)
        if new:
            body = json.dumps(self.found, indent=1, ensure_ascii=False)
            with writing(self.path):
                write_aside(self.path, body.encode("utf-8"))
        return new
