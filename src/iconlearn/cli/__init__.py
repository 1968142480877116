"""The command line."""

from iconlearn.cli.app import app, main

__all__ = ["app", "main"]
