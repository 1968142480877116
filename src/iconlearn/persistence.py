"""Saving and loading: tensors in safetensors, everything else in JSON with a schema number; no pickle."""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import os
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from iconlearn._describe import arguments
from iconlearn._errors import FileFormatError, OptionError
from iconlearn._files import write_aside
from iconlearn._version import __version__
from iconlearn.bandwidth import KthNeighbor, Learnable, Perplexity, Spread
from iconlearn.distributions import (
    DISTRIBUTIONS,
    Debiased,
    DegreeSoftmax,
    Graph,
    Mixture,
    Nearest,
    On,
    Propagated,
    Symmetrized,
    Tempered,
)
from iconlearn.divergences import Divergence
from iconlearn.inputs import Inputs
from iconlearn.mappers import MAPPERS, PerView
from iconlearn.model import ICon, named
from iconlearn.support import Support

SCHEMA = 1
WRAPPERS = (Debiased, Mixture, Nearest, On, Propagated, Symmetrized, Tempered)
KNOWN: dict[str, type] = {
    **DISTRIBUTIONS,
    **MAPPERS,
    **{cls.__name__: cls for cls in (*WRAPPERS, ICon, KthNeighbor, Learnable, Perplexity, Spread)},
}
MAX_JSON = 64 << 20
MAPPER = "config.mapper"  # where the one part may stand that is of a class of the user's


def paths(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """The two files of a saved model: ``path`` without its ending, plus .safetensors and .json.

    A folder stands for the ``model`` in it, as ``iconlearn fit`` leaves it there.
    """
    stem = Path(path)
    stem = stem / "model" if stem.is_dir() else stem
    stem = stem.with_suffix("") if stem.suffix in (".json", ".safetensors") else stem
    return stem.with_name(stem.name + ".safetensors"), stem.with_name(stem.name + ".json")


def save(model: Any, path: str | os.PathLike[str]) -> Path:
    """Write a model as ``path.safetensors`` and ``path.json``, each aside first and then renamed.

    ``model`` is an ``ICon``, or a fitted estimator, of which its ``model_`` is written. Returns the path of the
    JSON file. A ``mapper`` of the user's own class is saved by its tensors; ``load``
    then needs such a mapper to put them into. It is the only part that may be of a class of the user's: a
    distribution, a ``mapper_j`` or one of several mappers may not.

    Raises
    ------
    OptionError
        If a file cannot describe a part: a callable metric, a divergence without a name, or a part of the
        user's own class other than the whole ``mapper``.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from iconlearn import ICon, Gaussian, Linear, load
    >>> model = ICon(Gaussian(2), Gaussian(1), Linear(3, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load(save(model, folder + "/model"))
    ICon(target_dist=Gaussian(sigma=2), learned_dist=Gaussian(), mapper=Linear(in_features=3, out_features=2))
    """
    model = getattr(model, "model_", model)
    if not isinstance(model, ICon):
        raise OptionError(
            f"save: {type(model).__name__} is neither an ICon nor a fitted estimator; fit it first"
        )
    from safetensors.torch import save as to_bytes

    tensors: dict[str, Tensor] = {f"state.{k}": v for k, v in model.state_dict().items()}
    config = encode(model, tensors, "config")
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "iconlearn": __version__,
        "model": config,
        "unit": model.unit,
        "training_data": None,
    }
    if (data := model.training_data) is not None:
        tensors["data.id"] = data.id
        tensors |= {f"data.views.{k}": v for k, v in enumerate(data.views)}
        tensors |= {f"data.fields.{k}": v for k, v in data.fields.items()}
        if data.label is not None:
            tensors["data.label"] = data.label
        document["training_data"] = {
            "views": len(data.views),
            "fields": sorted(data.fields),
            "unit": data.unit,
        }
    body = to_bytes({k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()})
    document["sha256"] = hashlib.sha256(body).hexdigest()
    tensor_file, json_file = paths(path)
    write_aside(tensor_file, body)
    write_aside(json_file, json.dumps(document, indent=1).encode())
    return json_file


def load(path: str | os.PathLike[str], *, mapper: nn.Module | None = None) -> ICon:
    """Read a model that :func:`save` wrote.

    Parameters
    ----------
    path : path
        With or without an ending.
    mapper : nn.Module, optional
        Where the saved model had a mapper of the user's own class: one of the same shape.

    Raises
    ------
    FileFormatError
        If a file is missing, damaged, truncated, newer than this version, or not a saved model.
    """
    tensor_file, json_file = paths(path)
    document = read_document(json_file)
    tensors = read_tensors(tensor_file, document["sha256"])
    try:
        model = decode(document["model"], tensors, mapper)
        if not isinstance(model, ICon):
            raise FileFormatError(f"{json_file}: describes a {type(model).__name__}, not a model")
        state = {k.removeprefix("state."): v for k, v in tensors.items() if k.startswith("state.")}
        model.load_state_dict(state)
        model.unit = float(document["unit"])
        model.training_data = read_data(document["training_data"], tensors)
    except FileFormatError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError, OverflowError) as cause:
        raise FileFormatError(f"{json_file}: does not fit its tensors or this version ({cause})") from cause
    return model.eval()


def read_document(path: Path) -> dict[str, Any]:
    """The JSON part, checked for size, form and schema."""
    try:
        if path.stat().st_size > MAX_JSON:
            raise FileFormatError(f"{path}: is larger than {MAX_JSON >> 20} MiB, so it is not a saved model")
        document = json.loads(path.read_bytes())
    except OSError as cause:
        raise FileFormatError(f"{path}: cannot be read ({cause.strerror}); check the path") from cause
    except (ValueError, RecursionError) as cause:
        raise FileFormatError(f"{path}: is not JSON ({cause}); save the model again") from cause
    needed = {"schema", "model", "unit", "training_data", "sha256"}
    missing = needed - document.keys() if isinstance(document, dict) else needed
    if missing:
        raise FileFormatError(f"{path}: is not a saved model; it lacks {sorted(missing)}")
    if document["schema"] != SCHEMA:
        raise FileFormatError(
            f"{path}: has schema {document['schema']!r} but this version reads {SCHEMA}; "
            f"it was written by iconlearn {document.get('iconlearn')}: use that version or a newer one"
        )
    return document


def read_tensors(path: Path, checksum: str) -> dict[str, Tensor]:
    """The tensors, after the checksum of the whole file has been compared."""
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    try:
        body = path.read_bytes()
    except OSError as cause:
        raise FileFormatError(
            f"{path}: cannot be read ({cause.strerror}); it belongs beside the JSON"
        ) from cause
    if hashlib.sha256(body).hexdigest() != checksum:
        raise FileFormatError(
            f"{path}: is damaged or belongs to another save (its checksum differs from the JSON's)"
        )
    try:
        return from_bytes(body)
    except SafetensorError as cause:
        raise FileFormatError(f"{path}: is not a safetensors file ({cause})") from cause


def read_data(described: Any, tensors: dict[str, Tensor]) -> Inputs | None:
    """The training rows that a table needs to place new ones."""
    if described is None:
        return None
    return Inputs(
        views=tuple(tensors[f"data.views.{k}"] for k in range(int(described["views"]))),
        id=tensors["data.id"],
        label=tensors.get("data.label"),
        fields={name: tensors[f"data.fields.{name}"] for name in described["fields"]},
        unit=float(described["unit"]),
    )


def encode(value: Any, tensors: dict[str, Tensor], name: str) -> Any:
    """A value as JSON; arrays go to ``tensors`` under ``name``."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, nn.Parameter):
        tensors[name] = value
        return {"parameter": name}
    if isinstance(value, (list, tuple, nn.ModuleList)):
        return [encode(v, tensors, f"{name}.{k}") for k, v in enumerate(value)]
    if isinstance(value, (Graph, DegreeSoftmax)):
        support = Support(value.indptr, value.cols, value.num_ids)
        tensors[f"{name}.indices"] = torch.stack([support.rows, support.cols])
        tensors[f"{name}.values"] = value.log_weight.exp()
        args = {k: v for k, v in arguments(value).items() if k != "weights"}
        return {"type": type(value).__name__, "args": args, "graph": [name, support.n, support.m]}
    if isinstance(value, PerView):
        return {"type": "PerView", "parts": encode(value.mappers, tensors, f"{name}.mappers")}
    if KNOWN.get(type(value).__name__) is type(value):
        args = {k: encode(v, tensors, f"{name}.{k}") for k, v in arguments(value).items()}
        return {"type": type(value).__name__, "args": args}
    if isinstance(value, Divergence):
        if isinstance(name_of := named(value), str):
            return name_of
        raise OptionError(
            f"save: divergence={value.name!r} is a Divergence of your own, which a file cannot describe; "
            "save model.state_dict() and make the model in code"
        )
    if isinstance(value, nn.Module):
        if name != MAPPER:
            raise OptionError(
                f"save: {name.removeprefix('config.')}={type(value).__name__} is of a class that is not part of "
                "iconlearn, and only the whole mapper may be; save model.state_dict() and make the model in code"
            )
        return {"external": type(value).__name__}
    if callable(value):
        raise OptionError(f"save: {value!r} is a function, which a file cannot describe; use a named metric")
    tensors[name] = torch.as_tensor(value)
    return {"tensor": name}


def decode(value: Any, tensors: dict[str, Tensor], mapper: nn.Module | None) -> Any:
    """The reverse of :func:`encode`; only classes of this library are ever made."""
    if isinstance(value, list):
        return [decode(v, tensors, mapper) for v in value]
    if not isinstance(value, dict):
        return value
    if "float" in value:
        return float(value["float"])
    if "tensor" in value:
        return tensors[value["tensor"]].numpy()
    if "parameter" in value:
        return nn.Parameter(tensors[value["parameter"]].clone())
    if "external" in value:
        if mapper is None:
            raise FileFormatError(
                f"the saved model has a mapper of the class {value['external']!r}, which is not part of iconlearn; "
                "pass one to put the tensors into: load(path, mapper=...)"
            )
        return mapper
    kind = KNOWN.get(value["type"])
    if kind is None:
        raise FileFormatError(
            f"the file names an unknown part {value['type']!r}; it may come from a newer version"
        )
    if kind is PerView:
        return PerView(*decode(value["parts"], tensors, mapper))
    args = {k: decode(v, tensors, mapper) for k, v in value.get("args", {}).items()}
    if "graph" in value:
        name, *shape = value["graph"]
        check_size(kind.__name__, shape[0], tensors)
        args["weights"] = torch.sparse_coo_tensor(
            tensors[f"{name}.indices"], tensors[f"{name}.values"], tuple(shape), check_invariants=True
        ).coalesce()
    allowed = set(inspect.signature(kind.__init__).parameters)
    if unknown := args.keys() - allowed:
        raise FileFormatError(f"{kind.__name__} has no argument {sorted(unknown)}; the file may be newer")
    if (weights := WEIGHTS.get(kind.__name__)) is not None:
        check_size(kind.__name__, weights(args), tensors)
    return kind(**args)


def check_size(part: str, count: int, tensors: dict[str, Tensor]) -> None:
    """Refuse a part that claims more numbers than the file holds, before memory is taken for it."""
    held = sum(tensor.numel() for tensor in tensors.values())
    if count > held:
        raise FileFormatError(
            f"{part} is described with {count} numbers but the file holds {held}; save it again"
        )


def chain(*widths: int) -> int:
    """Weights of linear layers with these widths."""
    return sum(int(a) * int(b) for a, b in pairwise(widths))


# A lower bound of the numbers that a mapper allocates, from its arguments.
WEIGHTS: dict[str, Callable[[Mapping[str, Any]], int]] = {
    "Embedding": lambda a: chain(a["num_embeddings"], a.get("dim", 2)),
    "Assignments": lambda a: chain(a["num_embeddings"], a["num_clusters"]),
    "Prototypes": lambda a: chain(a["num_prototypes"], a["dim"]),
    "Linear": lambda a: chain(a["in_features"], a["out_features"]),
    "Orthonormal": lambda a: chain(a["in_features"], a["out_features"]),
    "SoftmaxHead": lambda a: chain(a["in_features"], a["num_clusters"]),
    "TokenEncoder": lambda a: (
        chain(a["vocabulary"], a.get("token_dim", 32))
        + chain(a["context"] * a.get("token_dim", 32), a.get("hidden", 256), a["out_features"])
    ),
    "MLP": lambda a: chain(a["in_features"], *a.get("hidden", (256,)), a["out_features"]),
    "CNN": lambda a: chain(
        math.prod(-(-int(s) // 4) for s in a["image_shape"]), a.get("hidden", 128), a.get("embedding_dim", 64)
    ),
}
