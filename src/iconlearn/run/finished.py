"""The record of a finished run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from iconlearn._errors import FileFormatError, OptionError
from iconlearn.methods import METHODS, Method


def read_record(run: Path) -> tuple[dict[str, Any], Method]:
    """What a run noted, and the row of its method.

    Raises
    ------
    FileFormatError
        If the folder holds no finished run.
    OptionError
        If its method is not known here.
    """
    try:
        record = json.loads((run / "run.json").read_text("utf-8"))
        name = record["method"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as cause:
        raise FileFormatError(f"{run}: holds no finished run ({cause}); give the folder of one") from cause
    if name not in METHODS:
        raise OptionError(
            f"{run}: is of the method {name!r}, which is not known here; give its file by --load"
        )
    return record, METHODS[name]
