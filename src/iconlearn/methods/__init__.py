"""The table of methods as data: nothing else in the library knows a method's name."""

from iconlearn.methods.registry import METHODS, method, register
from iconlearn.methods.row import COLUMNS, FAMILIES, LEARNED, STATUSES, Method
from iconlearn.methods.variation import Variation

__all__ = [
    "COLUMNS",
    "FAMILIES",
    "LEARNED",
    "METHODS",
    "STATUSES",
    "Method",
    "Variation",
    "method",
    "register",
]
