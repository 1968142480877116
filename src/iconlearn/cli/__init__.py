"""The command line."""

from iconlearn.cli import features, fit, methods, page, predict, study, table, verify
from iconlearn.cli.app import app, main

__all__ = ["app", "features", "fit", "main", "methods", "page", "predict", "study", "table", "verify"]
