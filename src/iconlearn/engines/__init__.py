"""Engines: ways to evaluate the scores of a kernel; nothing else in the library depends on n."""

from iconlearn.engines.exact import Dense, Tiled
from iconlearn.engines.factored import Factored
from iconlearn.engines.grid import Grid
from iconlearn.engines.plan import ENGINES, Plan, PlannedEngine, Problem, plan
from iconlearn.engines.product import Product
from iconlearn.engines.radial import Direct
from iconlearn.engines.sampled import Sampled

__all__ = [
    "ENGINES",
    "Dense",
    "Direct",
    "Factored",
    "Grid",
    "Plan",
    "PlannedEngine",
    "Problem",
    "Product",
    "Sampled",
    "Tiled",
    "plan",
]
