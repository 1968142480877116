"""The command line."""

from iconlearn.cli import fit, methods, page, table, verify
from iconlearn.cli.app import app, main

__all__ = ["app", "fit", "main", "methods", "page", "table", "verify"]
