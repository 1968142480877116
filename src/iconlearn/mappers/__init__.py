"""Mappers: how a sample becomes an embedding. Any ``nn.Module`` is one."""

from iconlearn.mappers._build import Initializable
from iconlearn.mappers.backbones import Encoder, ResNet18, ResNet34, ResNet50, ViT
from iconlearn.mappers.columns import (
    ColumnMapper,
    Momentum,
    Predicted,
    Prototypes,
    Queue,
    before_projector,
    representation,
)
from iconlearn.mappers.heads import SoftmaxHead
from iconlearn.mappers.hub import Pretrained
from iconlearn.mappers.networks import CNN, MLP, Linear, Orthonormal
from iconlearn.mappers.staged import Staged
from iconlearn.mappers.tables import Assignments, Embedding, Table
from iconlearn.mappers.tokens import TokenEncoder
from iconlearn.mappers.views import PerView, embed

MAPPERS = {
    cls.__name__: cls
    for cls in (
        Embedding,
        Linear,
        Orthonormal,
        MLP,
        CNN,
        ResNet18,
        ResNet34,
        ResNet50,
        ViT,
        Pretrained,
        SoftmaxHead,
        Assignments,
        PerView,
        Prototypes,
        Momentum,
        Queue,
        Predicted,
        Staged,
        TokenEncoder,
    )
}

__all__ = [
    "CNN",
    "MAPPERS",
    "MLP",
    "Assignments",
    "ColumnMapper",
    "Embedding",
    "Encoder",
    "Initializable",
    "Linear",
    "Momentum",
    "Orthonormal",
    "PerView",
    "Predicted",
    "Pretrained",
    "Prototypes",
    "Queue",
    "ResNet18",
    "ResNet34",
    "ResNet50",
    "SoftmaxHead",
    "Staged",
    "Table",
    "TokenEncoder",
    "ViT",
    "before_projector",
    "embed",
    "representation",
]
