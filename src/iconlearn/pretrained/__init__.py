"""Models of Hugging Face transformers: loading them, and which of their outputs is the feature of a sample."""

from iconlearn.pretrained.loading import import_transformers, load_model, locate, quietly
from iconlearn.pretrained.pooling import POOLS, choose_pool, own_shape, pooled, takes

__all__ = [
    "POOLS",
    "choose_pool",
    "import_transformers",
    "load_model",
    "locate",
    "own_shape",
    "pooled",
    "quietly",
    "takes",
]
