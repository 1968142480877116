"""Watching a run: collapse, what the features are worth meanwhile, and logs; callbacks of ``fit``."""

from iconlearn.monitoring.logs import JSONLines, RunLog
from iconlearn.monitoring.moments import Finding
from iconlearn.monitoring.monitor import Monitor
from iconlearn.monitoring.probe import OnlineProbe

__all__ = ["Finding", "JSONLines", "Monitor", "OnlineProbe", "RunLog"]
