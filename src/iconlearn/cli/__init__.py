"""The command line."""

from iconlearn.cli import (
    encoded,
    explore,
    features,
    fit,
    lab,
    methods,
    page,
    predict,
    study,
    table,
    train,
    verify,
)
from iconlearn.cli.app import app, main

__all__ = [
    "app",
    "encoded",
    "explore",
    "features",
    "fit",
    "lab",
    "main",
    "methods",
    "page",
    "predict",
    "study",
    "table",
    "train",
    "verify",
]
