"""Parts of a model as JSON and tensors, and back; only classes of this library are ever made."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from iconlearn._describe import arguments
from iconlearn._errors import FileFormatError, OptionError
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
from iconlearn.mappers import MAPPERS, PerView, Pretrained
from iconlearn.model import ICon, named
from iconlearn.pretrained import Held
from iconlearn.support import Support

WRAPPERS = (Debiased, Mixture, Nearest, On, Propagated, Symmetrized, Tempered)
KNOWN: dict[str, type] = {
    **DISTRIBUTIONS,
    **MAPPERS,
    **{cls.__name__: cls for cls in (*WRAPPERS, ICon, KthNeighbor, Learnable, Perplexity, Spread)},
}
MAPPER = "config.mapper"  # where the one part may stand that is of a class of the user's


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
    if type(value) is Pretrained:
        return {"type": "Pretrained", "args": value.describe()}
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
    if kind is Pretrained:
        held = Held(len(tensors), sum(tensor.numel() for tensor in tensors.values()))
        return Pretrained.restored(known_arguments(kind, value["args"]), held)
    args = {k: decode(v, tensors, mapper) for k, v in value.get("args", {}).items()}
    if "graph" in value:
        name, *shape = value["graph"]
        check_size(kind.__name__, shape[0], tensors)
        args["weights"] = torch.sparse_coo_tensor(
            tensors[f"{name}.indices"], tensors[f"{name}.values"], tuple(shape), check_invariants=True
        ).coalesce()
    known_arguments(kind, args)
    if (weights := WEIGHTS.get(kind.__name__)) is not None:
        check_size(kind.__name__, weights(args), tensors)
    return kind(**args)


def known_arguments(kind: type, args: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a part, refused where it has no such ones."""
    if unknown := args.keys() - set(inspect.signature(kind.__init__).parameters):
        raise FileFormatError(f"{kind.__name__} has no argument {sorted(unknown)}; the file may be newer")
    return args


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
    **{
        name: lambda a, width=width: (
            9 * 64 * a.get("image_shape", (3,))[0]
            + chain(width, *a.get("projector", ()), a.get("embedding_dim", 128))
        )
        for name, width in (("ResNet18", 512), ("ResNet34", 512), ("ResNet50", 2048))
    },
    "ViT": lambda a: (
        12 * a.get("depth", 12) * a.get("width", 384) ** 2
        + math.prod(a.get("image_shape", (3, 224, 224))[1:])
        // a.get("patch_size", 16) ** 2
        * a.get("width", 384)
        + a.get("image_shape", (3,))[0] * a.get("patch_size", 16) ** 2 * a.get("width", 384)
        + chain(a.get("width", 384), *a.get("projector", ()), a.get("embedding_dim", 128))
    ),
    "CNN": lambda a: chain(
        math.prod(-(-int(s) // 4) for s in a["image_shape"]), a.get("hidden", 128), a.get("embedding_dim", 64)
    ),
}
