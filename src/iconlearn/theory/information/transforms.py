"""One-to-one maps that keep the information and make it hard to estimate."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from iconlearn._checks import check_choice
from iconlearn._errors import OptionError
from iconlearn.theory.information.task import KnownInformation, LogRatio

Map = Callable[[np.ndarray], np.ndarray]

TURN = 1 / 3  # radians of the spiral per unit of the squared length
ROLL = 1.5 * np.pi  # angle at which the Swiss roll starts; it ends at three times this


class Transform(NamedTuple):
    """A one-to-one map of rows, and its inverse where that has a closed form."""

    title: str
    forward: Map
    inverse: Map | None
    least: int = 1  # columns that it needs
    most: int | None = None  # columns that it can take


def _wiggly(z: np.ndarray) -> np.ndarray:
    # the slope is between 0.16 and 1.84
    return z + 0.4 * np.sin(z) + 0.2 * np.sin(1.7 * z + 1) + 0.03 * np.sin(3.3 * z - 2.5)


def _roll(z: np.ndarray) -> np.ndarray:
    angle = ROLL * (1 + 2 * ndtr(z))
    return np.hstack([angle * np.cos(angle), angle * np.sin(angle)]) / (3 * ROLL)


def _unroll(v: np.ndarray) -> np.ndarray:
    return ndtri((3 * np.linalg.norm(v, axis=1, keepdims=True) - 1) / 2)


def _rotate(z: np.ndarray, turn: float) -> np.ndarray:
    angle = turn * np.square(z).sum(axis=1)
    cos, sin = np.cos(angle), np.sin(angle)
    turned = z.copy()
    turned[:, 0], turned[:, 1] = cos * z[:, 0] - sin * z[:, 1], sin * z[:, 0] + cos * z[:, 1]
    return turned


#: The maps by name.
TRANSFORMS: dict[str, Transform] = {
    "cubic": Transform("z cubed", lambda z: z**3, np.cbrt),
    "half-cube": Transform(
        "z times the root of |z|",
        lambda z: z * np.sqrt(np.abs(z)),
        lambda z: np.sign(z) * np.abs(z) ** (2 / 3),
    ),
    "cdf": Transform("the Gaussian distribution function", ndtr, ndtri),
    "asinh": Transform("asinh of z", np.arcsinh, np.sinh),
    "wiggly": Transform("z and three small sines", _wiggly, None),
    "swiss-roll": Transform("a roll in the plane", _roll, _unroll, most=1),
    "spiral": Transform(
        "z with two coordinates turned by |z|^2 / 3",
        lambda z: _rotate(z, TURN),
        lambda z: _rotate(z, -TURN),
        least=2,
    ),
}


def transformed(task: KnownInformation, how: str, side: str = "both") -> KnownInformation:
    """The same pair after a one-to-one map of x, of y or of both: the information stays.

    Parameters
    ----------
    task : KnownInformation
    how : {"cubic", "half-cube", "cdf", "asinh", "wiggly", "swiss-roll", "spiral"}
        "swiss-roll" makes two columns of one, and "spiral" needs at least two; the others map each column. "cdf" and
        "swiss-roll" merge values beyond 8 in float64, so give them variables of unit scale.
    side : {"both", "x", "y"}, default "both"

    Returns
    -------
    KnownInformation
        With a density ratio where the map has an inverse in closed form: all but "wiggly".

    Raises
    ------
    OptionError
        A name that is unknown, or too many or too few columns for it.

    References
    ----------
    Kraskov, Stogbauer and Grassberger, Estimating Mutual Information, 2004 (the information of homeomorphic images);
    the maps are of the kind of Czyz et al., Beyond Normal, 2023.

    Examples
    --------
    >>> from iconlearn.theory.information import correlated_gaussian
    >>> hard = transformed(correlated_gaussian(nats=1), "swiss-roll", side="x")
    >>> hard.name, hard.dims, round(hard.nats, 6)
    ('swiss-roll-x-of-gaussian-1x1-1nats', (2, 1), 1.0)
    """
    check_choice("transformed", "how", how, TRANSFORMS)
    check_choice("transformed", "side", side, ("both", "x", "y"))
    transform = TRANSFORMS[how]
    on_x, on_y = side != "y", side != "x"
    for name, columns, used in zip("xy", task.dims, (on_x, on_y), strict=True):
        if used and not transform.least <= columns <= (transform.most or columns):
            raise OptionError(
                f"transformed: how={how!r} of {name} with {columns} column(s), but it takes "
                f"{'one' if transform.most else f'at least {transform.least}'}; choose another map or side"
            )

    def draw(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x, y = task.draw(n, rng)
        return transform.forward(x) if on_x else x, transform.forward(y) if on_y else y

    return KnownInformation(
        f"{how}{'' if side == 'both' else f'-{side}'}-of-{task.name}",
        f"{task.title}; {'x and y' if side == 'both' else side} mapped to {transform.title}",
        task.nats,
        (_columns(transform, task.dims[0], on_x), _columns(transform, task.dims[1], on_y)),
        draw,
        _ratio_of_images(task.log_ratio, transform.inverse, on_x, on_y),
        f"{task.source}; a one-to-one map keeps it",
    )


def _columns(transform: Transform, columns: int, used: bool) -> int:
    return transform.forward(np.zeros((1, columns))).shape[1] if used else columns


def _ratio_of_images(ratio: LogRatio | None, back: Map | None, on_x: bool, on_y: bool) -> LogRatio | None:
    """The density ratio does not change with a one-to-one map; only the points have to be taken back."""
    if ratio is None or back is None:
        return None
    return lambda x, y: ratio(back(x) if on_x else x, back(y) if on_y else y)
