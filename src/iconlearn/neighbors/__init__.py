"""Nearest neighbours: exact search, an index for many rows, and graphs that are found once and kept."""

from iconlearn.neighbors.graph import NeighborGraph
from iconlearn.neighbors.once import neighbors_of, search_once
from iconlearn.neighbors.search import nearest

__all__ = ["NeighborGraph", "nearest", "neighbors_of", "search_once"]
