"""Objects that tell how they were made: ``repr`` is the code that rebuilds them.

The rule that makes it work: every constructor argument is kept, unchanged, as an attribute of the same name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor, nn


def arguments(thing: Any) -> dict[str, Any]:
    """Constructor arguments of ``thing`` that differ from their defaults, in order."""
    chosen: dict[str, Any] = {}
    for name, parameter in inspect.signature(type(thing).__init__).parameters.items():
        if name == "self" or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        value = getattr(thing, name)
        if parameter.default is parameter.empty or not same(value, parameter.default):
            chosen[name] = value
    return chosen


def same(a: Any, b: Any) -> bool:
    """Equality that never compares arrays element by element."""
    if a is b:
        return True
    return not isinstance(a, (Tensor, np.ndarray, nn.Module)) and type(a) is type(b) and bool(a == b)


def show(value: Any) -> str:
    """One argument as code; arrays are summarised by type, shape and element type."""
    if isinstance(value, nn.Parameter):
        return (
            f"Learnable({show(float(value.detach()))})"
            if value.numel() == 1
            else f"<Parameter {tuple(value.shape)}>"
        )
    if isinstance(value, (Tensor, np.ndarray)) or hasattr(value, "nnz"):
        return f"<{type(value).__name__} {tuple(value.shape)}>"
    if isinstance(value, float):
        if value in (float("inf"), float("-inf")):
            return f"float('{value}')"
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if inspect.isfunction(value) or inspect.isbuiltin(value):
        return value.__qualname__
    if isinstance(value, nn.Module) and "forward" in type(value).__dict__ and not has_rebuild(value):
        return f"{type(value).__name__}(...)"
    return repr(value)


def has_rebuild(module: nn.Module) -> bool:
    """Does the module's class write its own repr?"""
    return type(module).__repr__ is not nn.Module.__repr__


def rebuild(thing: Any, **instead: Any) -> str:
    """``Name(argument=value, ...)`` with the arguments that differ from their defaults.

    ``instead`` gives values that stand for an argument that has no code of its own.
    """
    inside = ", ".join(f"{name}={show(instead.get(name, value))}" for name, value in arguments(thing).items())
    return f"{type(thing).__name__}({inside})"


class Described:
    """Mixin: ``repr`` rebuilds the object."""

    __repr__: Callable[[], str] = rebuild  # type: ignore[assignment]
