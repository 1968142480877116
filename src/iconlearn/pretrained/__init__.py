"""Models of Hugging Face transformers: loading them, and which of their outputs is the feature of a sample."""

from iconlearn.pretrained.freezing import first_calls, freeze
from iconlearn.pretrained.loading import import_transformers, load_model, locate, quietly, reason
from iconlearn.pretrained.pixels import Pixels
from iconlearn.pretrained.pooling import POOLS, choose_pool, own_shape, pooled, pooled_text, takes
from iconlearn.pretrained.safety import Held
from iconlearn.pretrained.settings import brief, settings_of
from iconlearn.pretrained.source import Source, digest_of
from iconlearn.pretrained.tokens import tokenize

__all__ = [
    "POOLS",
    "Held",
    "Pixels",
    "Source",
    "brief",
    "choose_pool",
    "digest_of",
    "first_calls",
    "freeze",
    "import_transformers",
    "load_model",
    "locate",
    "own_shape",
    "pooled",
    "pooled_text",
    "quietly",
    "reason",
    "settings_of",
    "takes",
    "tokenize",
]
