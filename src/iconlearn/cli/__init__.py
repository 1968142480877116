"""The command line."""

from iconlearn.cli import encoded, features, fit, methods, page, predict, study, table, train, verify
from iconlearn.cli.app import app, main

__all__ = [
    "app",
    "encoded",
    "features",
    "fit",
    "main",
    "methods",
    "page",
    "predict",
    "study",
    "table",
    "train",
    "verify",
]
