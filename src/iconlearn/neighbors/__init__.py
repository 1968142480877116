"""Nearest neighbours: exact search."""

from iconlearn.neighbors.search import nearest

__all__ = ["nearest"]
