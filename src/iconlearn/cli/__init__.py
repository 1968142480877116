"""The command line."""

from iconlearn.cli.app import main

__all__ = ["main"]
