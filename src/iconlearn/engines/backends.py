"""What sums of radial kernels are made of, by device: compiled loops on the CPU, tensor operations elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from iconlearn.engines.mesh import Field
from iconlearn.engines.mesh_tensor import TensorField
from iconlearn.engines.pairs import CompiledPairs
from iconlearn.engines.pairs_tensor import TensorPairs
from iconlearn.profile import Profile


@dataclass(frozen=True)
class Backend:
    """Sums over pairs of points, and points on a mesh."""

    pairs: Callable[[int, Profile], CompiledPairs | TensorPairs]
    field: Callable[[Tensor, float], Field | TensorField]


COMPILED = Backend(CompiledPairs, Field)
TENSORS = Backend(TensorPairs, TensorField)


def backend_of(device: torch.device) -> Backend:
    """The backend for points on this device."""
    return COMPILED if device.type == "cpu" else TENSORS
