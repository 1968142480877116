"""What an estimator is beside its model: its class by name, its parameters, and what a fit has left on it."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from iconlearn._errors import FileFormatError, OptionError
from iconlearn.model import ICon

# Classes by name. Estimators live above this module and need scikit-learn, so the package registers here how
# to find one (as distributions do with their wrappers).
CLASSES: dict[str, Callable[[str], type | None]] = {}
CODE = ("callbacks",)  # parameters that are code, which a file does not hold: their defaults come back
PLAIN = (bool, int, str, type(None))


def describe_estimator(estimator: Any, tensors: dict[str, Tensor]) -> dict[str, Any]:
    """An estimator without its model as JSON; arrays go to ``tensors``."""
    left = {k: v for k, v in vars(estimator).items() if re.fullmatch("[a-z].*_", k) and k != "model_"}
    params = {k: v for k, v in estimator.get_params(deep=False).items() if k not in CODE}
    return {
        "name": type(estimator).__name__,
        "params": {k: encode(v, tensors, f"params.{k}") for k, v in params.items()},
        "fitted": {k: encode(v, tensors, f"fitted.{k}") for k, v in left.items()},
    }


def make_estimator(described: dict[str, Any], model: ICon, tensors: dict[str, Tensor]) -> Any:
    """The reverse of :func:`describe_estimator`."""
    name = described["name"]
    kind = CLASSES["estimator"](name) if isinstance(name, str) else None
    if kind is None:
        raise FileFormatError(
            f"the file names an unknown estimator {name!r}; register its method first, or use a newer version"
        )
    estimator: Any = kind(**{k: decode(v, tensors) for k, v in described["params"].items()})
    for key, value in described["fitted"].items():
        if not re.fullmatch("[a-z][a-z_]*_", key) or key == "model_" or hasattr(kind, key):
            raise FileFormatError(f"the file gives {name} the attribute {key!r}, which no fit leaves there")
        setattr(estimator, key, decode(value, tensors))
    estimator.model_ = model
    return estimator


def encode(value: Any, tensors: dict[str, Tensor], name: str) -> Any:
    """A parameter or fitted attribute as JSON; numbers of an array go to ``tensors`` under ``name``."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [encode(v, tensors, f"{name}.{k}") for k, v in enumerate(value)]}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "UO":
        kind = "strings" if value.dtype.kind == "U" else "objects"
        return {kind: [encode(v, tensors, f"{name}.{k}") for k, v in enumerate(value.tolist())]}
    if isinstance(value, (np.ndarray, Tensor)) or hasattr(value, "__array__"):
        tensors[name] = torch.as_tensor(value if isinstance(value, Tensor) else np.array(value))
        return {"array": name}
    raise OptionError(
        f"save: {name.removeprefix('params.')}={value!r} is a {type(value).__name__}, which a file cannot describe; "
        "set it to a number, a name or an array"
    )


def decode(value: Any, tensors: dict[str, Tensor]) -> Any:
    """The reverse of :func:`encode`."""
    if isinstance(value, (*PLAIN, float)):
        return value
    ((kind, held),) = value.items()
    if kind == "array":
        return tensors[held].numpy()
    if kind == "float":
        return float(held)
    items = [decode(v, tensors) for v in held]
    if kind in ("strings", "objects"):
        return np.array(items, dtype=np.str_ if kind == "strings" else object)
    return {"list": list, "tuple": tuple}[kind](items)
