"""A pair of variables whose mutual information is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from iconlearn._checks import check_number

Draw = Callable[[int, np.random.Generator], tuple[np.ndarray, np.ndarray]]
LogRatio = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class KnownInformation:
    r"""Two variables to draw, and what they share: something to measure an estimator with.

    Parameters
    ----------
    name : str
        Short and without spaces, such as the keys of ``TASKS``.
    title : str
        In words.
    nats : float
        The mutual information.
    dims : (int, int)
        Columns of x and of y.
    draw : callable (n, generator) -> (x, y)
        What :meth:`sample` calls.
    log_ratio : callable (x, y) -> float64 array, or None
        The best critic, :math:`\log r(x_i, y_j)` with :math:`r = p(x, y) / (p(x) p(y))`, of x (n, dx) and y (m, dy) as
        a matrix (n, m); -inf where a pair is impossible. None where it has no closed form.
    source : str
        Where the value of the information comes from.

    Examples
    --------
    >>> from iconlearn.theory.information import TASKS
    >>> task = TASKS["additive-uniform-0.75"]
    >>> x, y = task.sample(1000)
    >>> x.shape, y.shape, round(task.nats, 4)
    ((1000, 1), (1000, 1), 0.3333)
    >>> bool(np.isclose(task.log_ratio(x, y).diagonal().mean(), task.nats, atol=0.05))
    True
    """

    name: str
    title: str
    nats: float
    dims: tuple[int, int]
    draw: Draw = field(repr=False)
    log_ratio: LogRatio | None = field(repr=False)
    source: str = field(repr=False)

    @property
    def bits(self) -> float:
        """The mutual information in bits."""
        return float(self.nats / np.log(2))

    def sample(self, n: int, random_state: int | np.random.Generator = 0) -> tuple[np.ndarray, np.ndarray]:
        """Draw n independent pairs.

        Parameters
        ----------
        n : int
        random_state : int or numpy.random.Generator, default 0

        Returns
        -------
        x, y : float64 arrays, shapes (n, dx) and (n, dy)

        Raises
        ------
        OptionError
            n below 1.
        """
        n = check_number("sample", "n", n, low=1, integer=True)
        return self.draw(n, np.random.default_rng(random_state))
