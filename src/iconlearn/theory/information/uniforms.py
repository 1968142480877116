"""Uniform pairs of known information: of noise that is added, and of a discrete and a continuous variable."""

from __future__ import annotations

import numpy as np

from iconlearn._checks import check_number
from iconlearn.theory.information.task import KnownInformation


def additive_uniform(half_width: float) -> KnownInformation:
    r"""A uniform variable and a copy with uniform noise.

    .. math::
        x \sim U(0, 1),\ y = x + U(-\epsilon, \epsilon): \qquad
        I = \epsilon - \log 2\epsilon \ (\epsilon \le \tfrac12), \quad \frac1{4 \epsilon} \ (\epsilon > \tfrac12)

    Parameters
    ----------
    half_width : float above 0
        Epsilon.

    Returns
    -------
    KnownInformation

    Raises
    ------
    OptionError
        A half width of 0 or below.

    References
    ----------
    Derivation: h(y) - h(y | x), of a trapezium and an interval.

    Examples
    --------
    >>> round(additive_uniform(0.1).nats, 4), round(additive_uniform(0.75).nats, 4)
    (1.7094, 0.3333)
    """
    e = check_number("additive_uniform", "half_width", half_width, low=1e-9, high=1e9)

    def draw(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x = rng.random((n, 1))
        return x, x + rng.uniform(-e, e, size=(n, 1))

    def log_ratio(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        # p(y | x) / p(y) = 1 / (length of the x that y may come from)
        with np.errstate(divide="ignore", invalid="ignore"):  # a y that cannot be
            rarity = -np.log(np.minimum(1, y[:, 0] + e) - np.maximum(0, y[:, 0] - e))
        return np.where(np.abs(x - y[:, 0]) <= e, rarity, -np.inf)

    return KnownInformation(
        f"additive-uniform-{e:g}",
        f"uniform, and a copy with uniform noise of half width {e:g}",
        float(e - np.log(2 * e)) if e <= 0.5 else 1 / (4 * e),
        (1, 1),
        draw,
        log_ratio,
        "closed form: h(y) - h(y | x)",
    )


def discrete_uniform(values: int) -> KnownInformation:
    r"""A uniform integer and a continuous variable from an interval that starts there.

    .. math::
        x \sim U\{0, \dots, m - 1\},\ y \sim U(x, x + 2): \qquad I = \log m - \frac{m - 1}m \log 2

    Parameters
    ----------
    values : int
        m.

    Returns
    -------
    KnownInformation

    Raises
    ------
    OptionError
        Fewer than 1 value.

    References
    ----------
    Gao, Kannan, Oh and Viswanath, Estimating Mutual Information for Discrete-Continuous Mixtures, 2017. Derivation: y
    has the density 1 / m but in the first and the last unit, where it is half.

    Examples
    --------
    >>> round(discrete_uniform(5).nats, 5)
    1.05492
    """
    m = check_number("discrete_uniform", "values", values, low=1, high=10**9, integer=True)

    def draw(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x = rng.integers(m, size=(n, 1)).astype(np.float64)
        return x, x + 2 * rng.random((n, 1))

    def log_ratio(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        unit = np.floor(y[:, 0])
        sources = np.clip(
            np.minimum(unit, m - 1) - np.maximum(unit - 1, 0) + 1, 1, 2
        )  # of y: one or two integers
        possible = (x <= y[:, 0]) & (y[:, 0] < x + 2)
        return np.where(possible, np.log(m / sources), -np.inf)

    return KnownInformation(
        f"discrete-uniform-{m}",
        f"one of {m} integers, and a uniform variable from there on",
        float(np.log(m) - (m - 1) / m * np.log(2)),
        (1, 1),
        draw,
        log_ratio,
        "closed form: h(y) - h(y | x)",
    )
