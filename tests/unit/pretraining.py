"""Models with Pretrained in them that tests fit."""

from __future__ import annotations

import torch
from vision import SQUARE

from iconlearn import Augmentation, Gaussian, ICon, Pretrained

IMAGES = torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(0))
WORDS = torch.tensor([[3, 4, 5, 6], [7, 8, 0, 0], [9, 3, 4, 0], [11, 12, 13, 14], [6, 0, 0, 0]])
TINY = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
VIT = {"model_type": "vit", **TINY, **SQUARE}
BERT = {"model_type": "bert", **TINY, "vocab_size": 50, "max_position_embeddings": 16}


def views(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """An augmentation: noise."""
    return x + 0.1 * torch.randn(x.shape, generator=generator)


def fitted(mapper: Pretrained, steps: int = 2, **options) -> ICon:
    """A model of a few images, fitted with two noisy views of each."""
    parts = {"mapper_j": options.pop("mapper_j", None)}
    model = ICon(Augmentation(2), Gaussian(0.7, metric="cos"), mapper, **parts)
    return model.fit(IMAGES.numpy(), max_iter=steps, lr=0.01, augment=views, **options)
