"""Families of mixtures: isotropic, parallel pancakes, tilted; the separation is always a Mahalanobis distance."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import helmert
from scipy.spatial.distance import pdist

from iconlearn._checks import check_choice, check_number
from iconlearn._errors import OptionError
from iconlearn.theory.mixtures.mixture import Mixture

FLAT, WIDE = 0.5, 5.0  # standard deviations of a pancake, along the means and elsewhere


def simplex_means(
    components: int, dim: int, separation: float, random_state: int | np.random.Generator | None = None
) -> np.ndarray:
    """Corners of a regular simplex round 0, any two of them at the distance ``separation``.

    Parameters
    ----------
    components : int
        Corners, at most dim + 1.
    dim : int
    separation : float
    random_state : int or numpy.random.Generator, optional
        Of a random rotation; without one the corners lie in the first components - 1 coordinates.

    Returns
    -------
    array of shape (components, dim)

    Raises
    ------
    OptionError
        More corners than dim + 1, or a number out of range.

    Examples
    --------
    >>> from scipy.spatial.distance import pdist
    >>> pdist(simplex_means(3, dim=5, separation=4.0, random_state=0)).round(12).tolist()
    [4.0, 4.0, 4.0]
    """
    owner = "simplex_means"
    dim = check_number(owner, "dim", dim, low=1, integer=True)
    hint = "a simplex in d dimensions has d + 1 corners; lower components, or raise dim"
    components = check_number(owner, "components", components, low=1, high=dim + 1, integer=True, hint=hint)
    separation = check_number(owner, "separation", separation, low=0)
    corners = np.zeros((components, dim))
    corners[:, : components - 1] = helmert(components).T * (separation / np.sqrt(2))
    return corners if random_state is None else corners @ rotation(dim, np.random.default_rng(random_state))


def isotropic_mixture(
    dim: int = 20,
    components: int = 5,
    separation: float = 4.0,
    *,
    means: str = "simplex",
    weights: Any = None,
    random_state: int | np.random.Generator = 0,
) -> Mixture:
    """Components with unit covariance: principal components find what matters.

    Parameters
    ----------
    dim, components : int
    separation : float, default 4
        The mean distance of two means, in standard deviations (Mahalanobis).
    means : {"simplex", "random"}, default "simplex"
        All at one distance, in random directions; or normal draws, some of whose directions may be below the noise.
    weights : array-like, shape (components,), optional
        Equal when left out.
    random_state : int or numpy.random.Generator, default 0

    Returns
    -------
    Mixture

    Raises
    ------
    OptionError
        A number out of range or an unknown name.

    Examples
    --------
    >>> round(isotropic_mixture(separation=2.0).separation, 9)
    2.0
    """
    rng = np.random.default_rng(random_state)
    white = whitened_means("isotropic_mixture", dim, components, separation, means, rng)
    return Mixture(white, np.eye(dim), weights)


def pancake_mixture(
    dim: int = 20,
    components: int = 5,
    separation: float = 4.0,
    *,
    means: str = "simplex",
    weights: Any = None,
    random_state: int | np.random.Generator = 0,
) -> Mixture:
    """Parallel pancakes: variance 0.25 where the means differ and 25 elsewhere, so principal components find nothing.

    Parameters
    ----------
    dim, components, separation, means, weights, random_state
        As in :func:`isotropic_mixture`.

    Returns
    -------
    Mixture

    Examples
    --------
    >>> import numpy as np
    >>> np.linalg.eigvalsh(pancake_mixture(dim=4, components=3).covariance).round(9).tolist()
    [0.25, 0.25, 25.0, 25.0]
    """
    rng = np.random.default_rng(random_state)
    white = whitened_means("pancake_mixture", dim, components, separation, means, rng)
    axes = np.linalg.svd(white[1:] - white[0], full_matrices=False)[2]
    root = WIDE * np.eye(dim) - (WIDE - FLAT) * axes.T @ axes
    return Mixture(white @ root, root @ root, weights)


def tilted_mixture(
    dim: int = 20,
    components: int = 5,
    separation: float = 4.0,
    *,
    condition: float = 1e3,
    means: str = "simplex",
    weights: Any = None,
    random_state: int | np.random.Generator = 0,
) -> Mixture:
    """Variances from 0.1 up in random directions, which have nothing to do with those of the means.

    The Fisher subspace is neither that of the means nor that of the principal components.

    Parameters
    ----------
    condition : float, default 1000
        Ratio of the largest variance to the smallest.
    dim, components, separation, means, weights, random_state
        As in :func:`isotropic_mixture`.

    Returns
    -------
    Mixture

    Examples
    --------
    >>> import numpy as np
    >>> np.linalg.eigvalsh(tilted_mixture(dim=4, components=3).covariance).round(9).tolist()
    [0.1, 1.0, 10.0, 100.0]
    """
    condition = check_number("tilted_mixture", "condition", condition, low=1, high=1e12)
    rng = np.random.default_rng(random_state)
    white = whitened_means("tilted_mixture", dim, components, separation, means, rng)
    turn = rotation(dim, rng)
    variances = np.geomspace(0.1, 0.1 * condition, dim)
    root = (turn * np.sqrt(variances)) @ turn.T
    return Mixture(white @ root, (turn * variances) @ turn.T, weights)


def whitened_means(
    owner: str, dim: int, components: int, separation: float, means: str, rng: np.random.Generator
) -> np.ndarray:
    """Means whose mean distance is the separation, (components, dim), in random directions."""
    dim = check_number(owner, "dim", dim, low=1, integer=True)
    components = check_number(owner, "components", components, low=1, integer=True)
    separation = check_number(owner, "separation", separation, low=0, open_low=True)
    check_choice(owner, "means", means, ("simplex", "random"))
    if means == "simplex":
        if components > dim + 1:
            raise OptionError(
                f"{owner}: components={components}, but a simplex in {dim} dimensions has {dim + 1} corners; raise "
                'dim, or give means="random"'
            )
        return simplex_means(components, dim, separation, rng)
    drawn = rng.standard_normal((components, dim))
    return drawn if components == 1 else drawn * (separation / pdist(drawn).mean())


def rotation(dim: int, rng: np.random.Generator) -> np.ndarray:
    """A uniformly random orthogonal matrix, (dim, dim)."""
    turn, triangle = np.linalg.qr(rng.standard_normal((dim, dim)))
    return turn * np.sign(np.diag(triangle))
