"""Features that stay on disk: opened, taken by rows, streamed, and written in shards."""

from iconlearn.features.opening import open_features
from iconlearn.features.store import Features
from iconlearn.features.stored import Stored
from iconlearn.features.writer import FeatureWriter

__all__ = ["FeatureWriter", "Features", "Stored", "open_features"]
