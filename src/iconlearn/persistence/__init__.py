"""Saving and loading: tensors in safetensors, everything else in JSON with a schema number; no pickle."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from iconlearn._errors import FileFormatError, OptionError
from iconlearn.inputs import Inputs
from iconlearn.methods import Method
from iconlearn.model import ICon
from iconlearn.neighbors import NeighborGraph
from iconlearn.persistence.estimators import CLASSES, describe_estimator, make_estimator
from iconlearn.persistence.files import paths, read_document, read_tensors, write
from iconlearn.persistence.parts import decode, encode

__all__ = ["CLASSES", "load", "save"]


def save(model: Any, path: str | os.PathLike[str]) -> Path:
    """Write a model or estimator as ``path.safetensors`` and ``path.json``, each aside first and then renamed.

    A ``mapper`` of the user's own class is saved by its tensors; ``load`` then needs such a mapper to put them
    into. It is the only part that may be of a class of the user's: a distribution, a ``mapper_j`` or one of
    several mappers may not. Of an estimator everything is written but ``callbacks``, which are code, and what
    ``set_output`` was told.

    Parameters
    ----------
    model : ICon or estimator
        An estimator has to be fitted.
    path : path
        With or without an ending.

    Returns
    -------
    Path
        Of the JSON file.

    Raises
    ------
    OptionError
        If a file cannot describe a part: a callable metric, a divergence without a name, a generator in place of a
        seed, or a part of the user's own class other than the whole ``mapper``.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from iconlearn import ICon, Gaussian, Linear, TSNE, load
    >>> model = ICon(Gaussian(2), Gaussian(1), Linear(3, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load(save(model, folder + "/model"))
    ICon(target_dist=Gaussian(sigma=2), learned_dist=Gaussian(), mapper=Linear(in_features=3, out_features=2))
    >>> estimator = TSNE(perplexity=3, max_iter=5).fit(np.eye(12))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load(save(estimator, folder + "/map"))
    TSNE(max_iter=5, perplexity=3)
    """
    fitted = getattr(model, "model_", model)
    if not isinstance(fitted, ICon):
        raise OptionError(
            f"save: {type(model).__name__} is neither an ICon nor a fitted estimator; fit it first"
        )
    tensors: dict[str, Tensor] = {f"state.{k}": v for k, v in fitted.state_dict().items()}
    document: dict[str, Any] = {
        "model": encode(fitted, tensors, "config"),
        "unit": fitted.unit,
        "training_data": describe_data(fitted.training_data, tensors),
    }
    if isinstance(getattr(model, "row", None), Method):
        document["estimator"] = describe_estimator(model, tensors)
    return write(path, document, tensors)


def load(path: str | os.PathLike[str], *, mapper: nn.Module | None = None) -> Any:
    """Read a model or estimator that :func:`save` wrote, of this version or an earlier one.

    Parameters
    ----------
    path : path
        With or without an ending.
    mapper : nn.Module, optional
        Where the saved model had a mapper of the user's own class: one of the same shape.

    Returns
    -------
    ICon or estimator
        What was saved; of an estimator, a file of schema 1 holds the ``ICon`` alone. ``transform`` gives the same bits.

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
        model.eval()
        described = document.get("estimator")
        return model if described is None else make_estimator(described, model, tensors)
    except FileFormatError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError, OverflowError) as cause:
        raise FileFormatError(f"{json_file}: does not fit its tensors or this version ({cause})") from cause


def describe_data(data: Inputs | None, tensors: dict[str, Tensor]) -> dict[str, Any] | None:
    """The training rows that a table needs to place new ones; their numbers go to ``tensors``."""
    if data is None:
        return None
    tensors["data.id"] = data.id
    tensors |= {f"data.views.{k}": v for k, v in enumerate(data.views)}
    tensors |= {f"data.fields.{k}": v for k, v in data.fields.items()}
    if data.label is not None:
        tensors["data.label"] = data.label
    described = {"views": len(data.views), "fields": sorted(data.fields), "unit": data.unit}
    graph = None if data.views else data.neighbors  # rows are searched again
    if graph is not None:
        tensors |= {"data.neighbors.cols": graph.cols, "data.neighbors.squares": graph.squares}
        described["neighbors"] = {"metric": graph.metric, "recall": graph.recall, "unit": graph.unit}
    return described


def read_data(described: Any, tensors: dict[str, Tensor]) -> Inputs | None:
    """The reverse of :func:`describe_data`."""
    if described is None:
        return None
    graph = described.get("neighbors")
    if graph is not None:
        cols, squares = (tensors[f"data.neighbors.{part}"] for part in ("cols", "squares"))
        graph = NeighborGraph(
            cols, squares, str(graph["metric"]), float(graph["recall"]), float(graph["unit"])
        )
        if cols.shape != squares.shape or not 0 <= int(cols.min()) <= int(cols.max()) < len(cols):
            raise ValueError("the neighbours are no rows")
    return Inputs(
        views=tuple(tensors[f"data.views.{k}"] for k in range(int(described["views"]))),
        id=tensors["data.id"],
        label=tensors.get("data.label"),
        fields={name: tensors[f"data.fields.{name}"] for name in described["fields"]},
        unit=float(described["unit"]),
        neighbors=graph,
    )
