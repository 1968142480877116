"""Engines: ways to evaluate the scores of a kernel; nothing else in the library depends on n."""

from iconlearn.engines.exact import Dense, Tiled
from iconlearn.engines.plan import ENGINES, Plan, PlannedEngine, Problem, plan

__all__ = ["ENGINES", "Dense", "Plan", "PlannedEngine", "Problem", "Tiled", "plan"]
