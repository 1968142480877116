"""New rows in a map that stays as it was fitted."""

from iconlearn.train.placing.own import OwnRows
from iconlearn.train.placing.place import place

__all__ = ["OwnRows", "place"]
