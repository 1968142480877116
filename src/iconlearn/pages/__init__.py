"""Pages of the documentation, one a method, written from the rows of the table."""

from iconlearn.pages.equation import Formula, equation
from iconlearn.pages.grid import grid
from iconlearn.pages.page import page

__all__ = ["Formula", "equation", "grid", "page"]
