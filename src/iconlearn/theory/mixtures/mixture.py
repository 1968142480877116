"""Gaussian mixtures with a shared covariance, and the positive pairs that are drawn from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist, pdist

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.data.features import check_features, to_array
from iconlearn.theory.mixtures._covariance import check_covariance, roots
from iconlearn.theory.mixtures._ratios import log_lift, log_ratios, log_ratios_of_pairs, mean_and_error

SLACK = 1e-6  # by which weights may miss a sum of 1


@dataclass(frozen=True, eq=False, repr=False)
class Mixture:
    r"""A mixture of K Gaussians of one covariance, and its pairs.

    .. math:: f(x) = \sum_k w_k\, N(x;\, \mu_k, \Sigma), \qquad
              p(x, x^+) = \delta \sum_k w_k f_k(x) f_k(x^+) + (1 - \delta) f(x) f(x^+)

    A positive is another draw from the component of its anchor with probability :math:`\delta`, the ``quality``, and
    else a fresh draw from the whole mixture. Both marginals are f.

    Parameters
    ----------
    means : array-like, shape (K, d)
    covariance : array-like, shape (d, d)
        Symmetric and positive definite.
    weights : array-like, shape (K,), optional
        Positive, of sum 1 up to 1e-6; equal when left out.

    Raises
    ------
    InputError
        Wrong shapes, NaN or inf, weights that are no shares, or a covariance that is not positive definite.

    References
    ----------
    Bansal, Kavis & Sanghavi, Understanding Contrastive Learning via Gaussian Mixture Models, NeurIPS 2025. The law of
    pairs with a quality is a reconstruction from their abstracts: with probability :math:`\delta` of one component.

    Examples
    --------
    >>> mixture = Mixture([[-2.0, 0.0], [2.0, 0.0]], [[1.0, 0.5], [0.5, 1.0]])
    >>> mixture
    Mixture(components=2, dim=2)
    >>> x, component = mixture.sample(5)
    >>> x.shape, component.shape
    ((5, 2), (5,))
    """

    means: np.ndarray
    covariance: np.ndarray
    weights: np.ndarray = None  # type: ignore[assignment]  # set below

    def __post_init__(self) -> None:
        means = check_features(self.means, "Mixture: means", min_rows=1).astype(np.float64)
        covariance = check_covariance("Mixture", "covariance", self.covariance, means.shape[1])
        weights = check_weights("Mixture", self.weights, len(means))
        for name, array in (("means", means), ("covariance", covariance), ("weights", weights)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __repr__(self) -> str:
        return f"Mixture(components={self.components}, dim={self.dim})"

    @property
    def components(self) -> int:
        """K."""
        return len(self.means)

    @property
    def dim(self) -> int:
        """d."""
        return self.means.shape[1]

    @cached_property
    def mean(self) -> np.ndarray:
        """The mean of the mixture, (d,)."""
        return self.weights @ self.means

    @property
    def within(self) -> np.ndarray:
        """The covariance within components, (d, d)."""
        return self.covariance

    @cached_property
    def between(self) -> np.ndarray:
        """The covariance of the means, sum_k w_k (mu_k - mean)(mu_k - mean)^T, (d, d)."""
        centred = self.means - self.mean
        return (centred.T * self.weights) @ centred

    @cached_property
    def total(self) -> np.ndarray:
        """The covariance of the mixture, within + between, (d, d)."""
        return self.within + self.between

    @cached_property
    def root(self) -> np.ndarray:
        """The symmetric root of the covariance, (d, d)."""
        return roots(self.covariance)[0]

    @cached_property
    def whitening(self) -> np.ndarray:
        """The inverse of ``root``, (d, d)."""
        return roots(self.covariance)[1]

    @cached_property
    def separation(self) -> float:
        """The mean Mahalanobis distance of two means; 0 for one component."""
        return float(pdist(self.means @ self.whitening).mean()) if self.components > 1 else 0.0

    def centred(self) -> Mixture:
        """The same mixture with mean 0."""
        return Mixture(self.means - self.mean, self.covariance, self.weights)

    def sample(self, n: int, random_state: int | np.random.Generator = 0) -> tuple[np.ndarray, np.ndarray]:
        """Draw points.

        Parameters
        ----------
        n : int
        random_state : int or numpy.random.Generator, default 0

        Returns
        -------
        x : array of shape (n, d)
        component : int64 array of shape (n,)
        """
        n = check_number("Mixture.sample", "n", n, low=1, integer=True)
        rng = np.random.default_rng(random_state)
        component = rng.choice(self.components, size=n, p=self.weights)
        return self.drawn(component, rng), component

    def pairs(
        self, n: int, quality: float = 1.0, random_state: int | np.random.Generator = 0
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        r"""Draw positive pairs.

        Parameters
        ----------
        n : int
        quality : float in [0, 1], default 1
            :math:`\delta`; 0 draws independent pairs.
        random_state : int or numpy.random.Generator, default 0

        Returns
        -------
        x, positive : arrays of shape (n, d)
        component, positive_component : int64 arrays of shape (n,)
        """
        n = check_number("Mixture.pairs", "n", n, low=1, integer=True)
        quality = check_number("Mixture.pairs", "quality", quality, low=0, high=1)
        rng = np.random.default_rng(random_state)
        component, fresh = rng.choice(self.components, size=(2, n), p=self.weights)
        other = np.where(rng.random(n) < quality, component, fresh)
        return self.drawn(component, rng), self.drawn(other, rng), component, other

    def drawn(self, component: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One point of each of these components, (n, d)."""
        return self.means[component] + rng.standard_normal((len(component), self.dim)) @ self.root

    def log_density(self, x: Any) -> np.ndarray:
        """log f(x), (n,)."""
        constant = self.dim * np.log(2 * np.pi) / 2 + np.linalg.slogdet(self.covariance)[1] / 2
        return np.logaddexp.reduce(self._log_joint(x), axis=1) - constant

    def log_posterior(self, x: Any) -> np.ndarray:
        """log p(k|x), (n, K)."""
        joint = self._log_joint(x)
        joint -= joint.max(axis=1, keepdims=True)  # of far rows, whose densities are tiny, no digit is lost
        return joint - np.logaddexp.reduce(joint, axis=1, keepdims=True)

    def posterior(self, x: Any) -> np.ndarray:
        """p(k|x), (n, K)."""
        return np.exp(self.log_posterior(x))

    def log_density_ratio(self, x: Any, positive: Any, quality: float = 1.0) -> np.ndarray:
        r"""The exact log density ratio of all pairs of a row and a column.

        .. math:: r(x, x^+) = \frac{p(x, x^+)}{f(x) f(x^+)}
                  = \delta \sum_k \frac{p(k|x)\, p(k|x^+)}{w_k} + 1 - \delta

        This is proven, and is the best critic there is.

        Parameters
        ----------
        x : array-like, shape (n, d)
        positive : array-like, shape (m, d)
        quality : float in [0, 1], default 1

        Returns
        -------
        array of shape (n, m), nats

        Examples
        --------
        >>> mixture = Mixture([[-9.0], [9.0]], [[1.0]])
        >>> mixture.log_density_ratio([[-9.0]], [[-9.0], [9.0]], quality=0.5).round(3).tolist()
        [[0.405, -0.693]]
        """
        quality = check_number("Mixture.log_density_ratio", "quality", quality, low=0, high=1)
        return log_ratios(self.log_posterior(x), self.log_posterior(positive), self._log_lift(quality))

    def information(
        self, quality: float = 1.0, n: int = 100_000, random_state: int | np.random.Generator = 0
    ) -> tuple[float, float]:
        r"""The mutual information of a pair, by Monte Carlo.

        .. math:: I(x; x^+) = \mathrm{E} \log r(x, x^+) \le -\sum_k w_k \log w_k

        Parameters
        ----------
        quality : float in [0, 1], default 1
        n : int, default 100000
            Pairs.
        random_state : int or numpy.random.Generator, default 0

        Returns
        -------
        nats, standard error : floats

        Examples
        --------
        >>> nats, error = Mixture([[-9.0], [9.0]], [[1.0]]).information()
        >>> round(nats, 6)
        0.693147
        """
        n = check_number("Mixture.information", "n", n, low=2, integer=True)
        x, positive, _, _ = self.pairs(n, quality, random_state)
        return mean_and_error(
            log_ratios_of_pairs(self.log_posterior(x), self.log_posterior(positive), self._log_lift(quality))
        )

    def _log_joint(self, x: Any) -> np.ndarray:
        """log w_k + log N(x; mu_k, Sigma) without the constant that all components share, (n, K)."""
        rows = check_features(x, "Mixture: x", min_rows=1).astype(np.float64)
        if rows.shape[1] != self.dim:
            raise InputError(
                f"Mixture: x has {rows.shape[1]} columns, but the mixture {self.dim} dimensions; give (n, {self.dim})"
            )
        squared = cdist((rows - self.mean) @ self.whitening, self._whitened_means, "sqeuclidean")
        return np.log(self.weights) - squared / 2

    @cached_property
    def _whitened_means(self) -> np.ndarray:
        return (self.means - self.mean) @ self.whitening

    def _log_lift(self, quality: float) -> np.ndarray:
        independent = np.outer(self.weights, self.weights)
        return log_lift(quality * np.diag(self.weights) + (1 - quality) * independent)


def check_weights(owner: str, values: Any, count: int) -> np.ndarray:
    """Positive shares, (count,) of sum 1; equal ones where there are none."""
    if values is None:
        return np.full(count, 1 / count)
    given = to_array(values, f"{owner}: weights")
    if given.shape != (count,):
        raise InputError(
            f"{owner}: weights have shape {given.shape}, but ({count},) is needed; give one for each row"
        )
    weights = check_features(given[None], f"{owner}: weights", min_rows=1)[0].astype(np.float64)
    return check_shares(f"{owner}: weights", weights, positive=True)


def check_shares(name: str, shares: np.ndarray, positive: bool) -> np.ndarray:
    """Numbers that are not negative and sum to 1; what they miss of it by rounding is made up."""
    least = float(shares.min())
    if least < 0 or (positive and least == 0):
        raise InputError(
            f"{name}: the least is {least:.3g}, but shares {'above 0' if positive else 'of at least 0'} are needed"
            f"{'; leave out what has no weight' if least == 0 else ''}"
        )
    total = float(shares.sum())
    if abs(total - 1) > SLACK:
        raise InputError(f"{name}: the sum is {total:.6g}, but must be 1; divide by the sum")
    return shares / total
