"""What a run is a run of: short texts by which the checkpoint of another run is told apart."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from iconlearn._describe import Described, arguments
from iconlearn.inputs import Inputs
from iconlearn.objective import Objective
from iconlearn.train.options import Training

SHOWN = 60  # characters of a text in a message
# Options that change nothing of what a run computes.
ASIDE = ("callbacks", "checkpoint", "checkpoint_every", "processes")


def fingerprint(model: Objective, data: Inputs, options: Training) -> dict[str, str]:
    """Data, model and options in short texts, by name; a run goes on only where all are the same.

    Arrays are told apart by their content, objects by their ``repr``, functions by their name. The weights that
    the run starts from are not in it, but for those of pretrained networks.
    """
    chosen = {f.name: getattr(options, f.name) for f in dataclasses.fields(options) if f.name not in ASIDE}
    return {
        "X": digest([data.views if data.stored is None else data.stored.digest, data.id, data.unit]),
        "y": digest(data.label),
        "fields": digest(dict(data.fields)),
        "neighbors": digest(data.neighbors),
        "model": plain(model),
        "the arrays of the model": digest(
            {name: given(part) for name, part in model.named_modules() if isinstance(part, Described)}
        ),
        **starting_weights(model),
        "the shapes of the model": digest(
            {name: (tuple(t.shape), t.dtype) for name, t in model.state_dict().items()}
        ),
        **{name: plain(value) for name, value in chosen.items()},
    }


def difference(then: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """The first thing in which two runs differ, in words; None where they are the same."""
    for name in now:
        if (before := then.get(name, "not there")) != now[name]:
            if name == "model" or max(len(before), len(now[name])) <= SHOWN:
                return f"{name} was {before} and is {now[name]}"
            return f"{name} differ{'' if name.endswith('s') else 's'}"
    return None


def plain(value: Any) -> str:
    """``repr`` without addresses, or the name of a function."""
    if hasattr(value, "__qualname__"):
        return str(value.__qualname__)
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def given(part: Any) -> dict[str, Any]:
    """The arguments of a part, without the parts in it and the weights, which speak for themselves."""
    return {k: v for k, v in arguments(part).items() if not isinstance(v, (nn.Module, nn.Parameter))}


def starting_weights(model: nn.Module) -> dict[str, str]:
    """What tells the weights of pretrained networks, where there are any."""
    held = {name: getattr(part, "weights_digest", "") for name, part in model.named_modules()}
    known = {name: told for name, told in held.items() if told}
    return {"the pretrained weights": digest(known)} if known else {}


def digest(value: Any) -> str:
    """SHA-256 of a nest of arrays, numbers and names."""
    found = hashlib.sha256()
    absorb(found, value)
    return found.hexdigest()


def absorb(found: Any, value: Any) -> None:
    """Add a value to a hash: its kind and size before its content, so that no two nests read the same."""
    if isinstance(value, Tensor):
        value = [value.shape, *sparse_parts(value)] if value.is_sparse else content(value)
    elif hasattr(value, "nnz") and hasattr(value, "tocsr"):
        rows = value.tocsr()
        value = [value.shape, rows.indptr, rows.indices, rows.data]
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, np.ndarray) and value.dtype != object:
        found.update(f"{value.dtype.str}{value.shape}:".encode())
        found.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)
    elif isinstance(value, Mapping):
        absorb(found, [list(pair) for pair in value.items()])
    elif isinstance(value, (list, tuple)):
        found.update(f"{len(value)}[".encode())
        for part in value:
            absorb(found, part)
    else:
        text = plain(value).encode()
        found.update(f"{len(text)}:".encode() + text)


def sparse_parts(matrix: Tensor) -> list[Tensor]:
    """Indices and values of a sparse tensor."""
    whole = matrix.detach().coalesce()
    return [whole.indices(), whole.values()]


def content(tensor: Tensor) -> np.ndarray | list[Any]:
    """The numbers of a tensor; as bytes and the name of their type where NumPy has no such type."""
    held = tensor.detach().cpu().contiguous()
    try:
        return held.numpy()
    except TypeError:  # bfloat16 and shorter
        return [str(held.dtype), held.shape, held.reshape(-1).view(torch.uint8).numpy()]
