"""Names of a package that are imported when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def late(
    package: str, where: Mapping[str, str], more: Callable[[str], Any] = lambda name: None
) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    where : mapping of str to str
        The module of each name.
    more : callable, optional
        What else is there by a name; None if nothing is.

    Examples
    --------
    >>> find = late("here", {"OrderedDict": "collections"})
    >>> find("OrderedDict")()
    OrderedDict()
    >>> find("other")
    Traceback (most recent call last):
        ...
    AttributeError: module 'here' has no attribute 'other'
    """

    def find(name: str) -> Any:
        if name in where:
            return getattr(import_module(where[name]), name)
        if (found := more(name)) is not None:
            return found
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find
