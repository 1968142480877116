"""What formulas are written with: numbers, names of points, and lines that collect while a distribution is told."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import nn

from iconlearn.bandwidth import KthNeighbor, Learnable, Perplexity, RowBandwidth, Spread, Width


def number(value: float) -> str:
    """A number as LaTeX, to four digits.

    Examples
    --------
    >>> number(0.25), number(3.0), number(1e-5), number(float("inf"))
    ('0.25', '3', '10^{-5}', '\\\\infty')
    """
    if math.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    text = f"{value:.4g}"
    if "e" not in text:
        return text
    factor, power = text.split("e")
    tens = f"10^{{{int(power)}}}"
    return tens if factor == "1" else rf"{factor} \cdot {tens}"


def over(top: str, bottom: float | str) -> str:
    """``top / bottom`` as LaTeX; nothing is divided by one.

    Examples
    --------
    >>> over("a", 2), over("a", 1.0)
    ('\\\\frac{a}{2}', 'a')
    """
    if not isinstance(bottom, str):
        if math.isclose(bottom, 1.0):
            return top
        bottom = number(bottom)
    return rf"\frac{{{top}}}{{{bottom}}}"


def times(factor: float, what: str) -> str:
    """``factor * what`` as LaTeX; one is left out."""
    return what if math.isclose(factor, 1.0) else rf"{number(factor)}\, {what}"


@dataclass
class Scribe:
    """The lines of a formula, and the words that go with them.

    Parameters
    ----------
    row, column : str
        What the points of a row and of a column are called, such as ``x`` and ``c``.
    """

    row: str
    column: str
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    parts: int = 0  # distributions that have been given a number
    limit: bool = False  # is the distribution a limit, told by its rescaled logarithm?
    improper: bool = False  # do its rows sum to something else than one?

    @property
    def i(self) -> str:
        return f"{self.row}_i"

    @property
    def j(self) -> str:
        return f"{self.column}_j"

    @property
    def k(self) -> str:
        """A column that sums run over."""
        return f"{self.column}_k"

    def say(self, line: str) -> None:
        """One more equation."""
        if line not in self.lines:
            self.lines.append(line)

    def note(self, words: str) -> None:
        """One more sentence, in Markdown."""
        if words not in self.notes:
            self.notes.append(words)

    def part(self, symbol: str) -> str:
        """A symbol for a distribution that another one is made of."""
        self.parts += 1
        return f"{symbol[0]}_{self.parts}"


def mass(symbol: str, normalize: str, a: str = "i", b: str = "j") -> str:
    """The mass of a pair.

    Examples
    --------
    >>> mass("p", "row"), mass("p_1", "joint")
    ('p(j|i)', 'p_{1,ij}')
    """
    if normalize == "row":
        return f"{symbol}({b}|{a})"
    stem, _, place = symbol.partition("_")
    return f"{stem}_{{{place + ',' if place else ''}{a}{b}}}"


def width(scribe: Scribe, value: Width, letter: str) -> float | str:
    """A width: its number, or a letter that the notes explain."""
    if isinstance(value, Perplexity):
        scribe.note(f"${letter}_i$ gives every row a perplexity of ${number(value.value)}$.")
        return f"{letter}_i"
    if isinstance(value, KthNeighbor):
        scribe.note(f"${letter}_i$ is the distance from $i$ to its neighbour number ${value.k}$.")
        return f"{letter}_i"
    if isinstance(value, Spread):
        share = number(value.share)
        scribe.note(f"${letter}$ is ${share}$ of the root mean square distance between points.")
        return letter
    if isinstance(value, Learnable):
        bound = f", and never below ${number(value.at_least)}$" if value.at_least else ""
        scribe.note(f"${letter}$ is learned, from ${number(value.initial)}$ on{bound}.")
        return letter
    if isinstance(value, nn.Parameter):
        with torch.no_grad():
            scribe.note(f"${letter}$ is learned, from ${number(float(value))}$ on.")
        return letter
    if isinstance(value, RowBandwidth):
        scribe.note(f"${letter}_i$: `{value!r}`.")
        return f"{letter}_i"
    return float(value)
