"""Writing pictures aside and renaming them, so that a reader never sees half a file."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from iconlearn._errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_UNDATED = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}, "jpg": {}, "jpeg": {}}


@contextmanager
def written_aside(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary name next to ``path``; it takes the place of ``path`` if all went well.

    Raises
    ------
    InputError
        If the folder of ``path`` does not exist.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(f"cannot write {path}: the folder {path.parent} does not exist; make it first")
    aside = path.with_name(f".{path.stem}-{uuid.uuid4().hex[:12]}.tmp")
    try:
        yield aside
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def save_figure(fig: Figure, path: str | os.PathLike[str]) -> Path:
    """Save a figure, atomically, in the format that the name ends with.

    Parameters
    ----------
    fig : Figure
        What one of the functions of `iconlearn.viz` returned.
    path : path
        Ends with .png, .svg, .pdf or .jpg; its folder exists.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    InputError
        For another ending, or a folder that does not exist.

    Examples
    --------
    >>> from iconlearn.viz import map_figure, save_figure
    >>> save_figure(map_figure([[0, 0], [1, 1]]), "/tmp/two-points.png").name
    'two-points.png'
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in _UNDATED:
        raise InputError(f"cannot save a figure as {path.name!r}: end the name with .png, .svg, .pdf or .jpg")
    with written_aside(path) as aside:
        # Undated, so that the same figure gives the same file.
        fig.savefig(
            aside,
            format=kind,
            dpi="figure",
            facecolor=fig.get_facecolor(),
            metadata=_UNDATED[kind] or None,
        )
    return path
