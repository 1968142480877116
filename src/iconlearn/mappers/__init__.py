"""Mappers: how a sample becomes an embedding. Any ``nn.Module`` is one."""

from iconlearn.mappers._build import Initializable
from iconlearn.mappers.columns import ColumnMapper, Momentum, PerView, Prototypes, Queue, embed
from iconlearn.mappers.heads import SoftmaxHead
from iconlearn.mappers.networks import CNN, MLP, Linear, Orthonormal
from iconlearn.mappers.tables import Assignments, Embedding, Table

MAPPERS = {
    cls.__name__: cls
    for cls in (
        Embedding,
        Linear,
        Orthonormal,
        MLP,
        CNN,
        SoftmaxHead,
        Assignments,
        PerView,
        Prototypes,
        Momentum,
        Queue,
    )
}

__all__ = [
    "CNN",
    "MAPPERS",
    "MLP",
    "Assignments",
    "ColumnMapper",
    "Embedding",
    "Initializable",
    "Linear",
    "Momentum",
    "Orthonormal",
    "PerView",
    "Prototypes",
    "Queue",
    "SoftmaxHead",
    "Table",
    "embed",
]
