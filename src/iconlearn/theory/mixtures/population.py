"""What contrastive losses of a linear map are on the law itself, and where they are least."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from iconlearn._checks import check_number
from iconlearn._errors import InputError, OptionError
from iconlearn.data.features import check_features
from iconlearn.theory.mixtures.mixture import Mixture, check_weights

START = 1e-2  # standard deviation of the start of a minimisation, in whitened coordinates
MOST_DIMS = 3  # in which a tensor grid is small


@dataclass(frozen=True, eq=False, repr=False)
class PopulationInfoNCE:
    r"""InfoNCE of a linear map x -> A^T x on a mixture, in the limit of infinitely many negatives.

    .. math:: L(A) = -\mathrm{E}_{(x, x^+)} \log \frac{e^{\langle A^T x, A^T x^+ \rangle}}
                     {\mathrm{E}_{x' \sim f}\, e^{\langle A^T x, A^T x' \rangle}}

    With the mean of the mixture taken as the origin, :math:`M = A A^T`, :math:`S_B` the covariance of the means and
    :math:`\Sigma_x = \Sigma + S_B` this is

    .. math:: L = -\delta \langle M, S_B \rangle + \tfrac12 \mathrm{tr}(M \Sigma M \Sigma_x)
                  + \mathrm{E}_x \log \sum_k w_k\, e^{x^T M \mu_k}

    of which only the last term is an integral; it is a sum over ``anchors`` here. Proven: L is convex in M; it falls
    from A = 0 on, and every minimiser, of any rank and at any quality above 0, has its columns in the Fisher subspace.
    They need not span it at a quality below 1 (a counter-example is known); whether they always do at 1 is not known.

    Parameters
    ----------
    mixture : Mixture
        Centred inside: points and means are taken relative to its mean.
    quality : float in [0, 1], default 1
    anchors : array-like, shape (n, d)
        Points over which the integral is a weighted sum, in the coordinates of the mixture. :meth:`sampled` and
        :meth:`quadrature` make them.
    weights : array-like, shape (n,), optional
        Not negative, of sum 1; equal when left out.

    Raises
    ------
    InputError
        Anchors of another number of dimensions, NaN or inf, or weights that are no shares.
    OptionError
        A quality outside [0, 1].

    References
    ----------
    Bansal, Kavis & Sanghavi, Understanding Contrastive Learning via Gaussian Mixture Models, NeurIPS 2025, whose loss
    this is as far as summaries tell; the closed form, convexity and containment are derivations of this project
    (containment: removing what is off the subspace leaves the first term, lowers the second, and lowers the third by
    Jensen's inequality).

    Examples
    --------
    >>> from iconlearn.theory.mixtures import fisher_subspace, pancake_mixture, principal_angles
    >>> mixture = pancake_mixture(dim=3, components=2)
    >>> A = PopulationInfoNCE.quadrature(mixture, nodes=12).minimise(1)
    >>> bool(principal_angles(A, fisher_subspace(mixture))[0] < 1e-3)
    True
    """

    mixture: Mixture
    quality: float = 1.0
    anchors: np.ndarray = field(kw_only=True)
    weights: np.ndarray = field(kw_only=True, default=None)  # type: ignore[assignment]  # set below

    def __post_init__(self) -> None:
        owner, d = "PopulationInfoNCE", self.mixture.dim
        quality = check_number(owner, "quality", self.quality, low=0, high=1)
        anchors = check_features(self.anchors, f"{owner}: anchors", min_rows=1).astype(np.float64)
        if anchors.shape[1] != d:
            raise InputError(
                f"{owner}: anchors have {anchors.shape[1]} columns, but {d} are needed, one a dimension"
            )
        weights = check_weights(owner, self.weights, len(anchors))
        for name, value in (("quality", quality), ("anchors", anchors), ("weights", weights)):
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"PopulationInfoNCE({self.mixture!r}, quality={self.quality:g}, anchors={len(self.anchors)})"

    @classmethod
    def sampled(
        cls,
        mixture: Mixture,
        quality: float = 1.0,
        n: int = 20_000,
        random_state: int | np.random.Generator = 0,
    ) -> PopulationInfoNCE:
        """With n anchors drawn from the mixture; errors of the minimiser fall as 1 / sqrt(n).

        Parameters
        ----------
        mixture : Mixture
        quality : float in [0, 1], default 1
        n : int, default 20000
        random_state : int or numpy.random.Generator, default 0
        """
        return cls(mixture, quality, anchors=mixture.sample(n, random_state)[0])

    @classmethod
    def quadrature(cls, mixture: Mixture, quality: float = 1.0, nodes: int = 30) -> PopulationInfoNCE:
        """With a Gauss-Hermite grid for each component, exact up to rounding for enough nodes.

        Parameters
        ----------
        mixture : Mixture
            Of at most 3 dimensions.
        quality : float in [0, 1], default 1
        nodes : int, default 30
            A dimension.
        """
        if mixture.dim > MOST_DIMS:
            raise OptionError(
                f"PopulationInfoNCE.quadrature: {mixture!r} needs a grid in {mixture.dim} dimensions, but at most "
                f"{MOST_DIMS} are taken; use .sampled(mixture)"
            )
        nodes = check_number("PopulationInfoNCE.quadrature", "nodes", nodes, low=2, high=100, integer=True)
        points, mass = hermegauss(nodes)
        grid = np.stack(np.meshgrid(*[points] * mixture.dim), axis=-1).reshape(-1, mixture.dim)
        share = np.stack(np.meshgrid(*[mass / mass.sum()] * mixture.dim), axis=-1).reshape(grid.shape)
        anchors = mixture.means[:, None] + grid @ mixture.root
        weights = np.outer(mixture.weights, share.prod(axis=1))
        return cls(mixture, quality, anchors=anchors.reshape(-1, mixture.dim), weights=weights.ravel())

    def loss(self, A: Any) -> float:
        """L(A) in nats, of a projection (d, r)."""
        return self._whitened(self.mixture.root @ self._projection(A))[0]

    def gradient(self, A: Any) -> np.ndarray:
        """dL/dA, (d, r), of a projection (d, r)."""
        root = self.mixture.root
        return root @ self._whitened(root @ self._projection(A))[1]

    def minimise(self, dim: int, random_state: int | np.random.Generator = 0) -> np.ndarray:
        """The projection with the least loss, by L-BFGS in whitened coordinates from normal noise of deviation 0.01.

        Parameters
        ----------
        dim : int
            r, columns of the projection. From r = d on there are no other minima; below, none was met.
        random_state : int or numpy.random.Generator, default 0

        Returns
        -------
        array of shape (d, dim)
            Up to a rotation of its columns.
        """
        dim = check_number("PopulationInfoNCE.minimise", "dim", dim, low=1, integer=True)
        shape = self.mixture.dim, dim
        start = START * np.random.default_rng(random_state).standard_normal(shape)

        def flat(numbers: np.ndarray) -> tuple[float, np.ndarray]:
            value, slope = self._whitened(numbers.reshape(shape))
            return value, slope.ravel()

        limits = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 10_000, "maxfun": 20_000}
        found = minimize(flat, start.ravel(), jac=True, method="L-BFGS-B", options=limits)
        return self.mixture.whitening @ found.x.reshape(shape)

    @cached_property
    def _terms(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Anchors (n, d), means (K, d) and their covariance (d, d) in whitened coordinates, round the mean."""
        mixture = self.mixture
        means = (mixture.means - mixture.mean) @ mixture.whitening
        anchors = (self.anchors - mixture.mean) @ mixture.whitening
        return anchors, means, (means.T * mixture.weights) @ means

    def _whitened(self, B: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss and its gradient for B = Sigma^{1/2} A, where Sigma is 1 and N = B B^T stands for M."""
        anchors, means, between = self._terms
        logits = anchors @ (B @ (B.T @ means.T)) + np.log(self.mixture.weights)
        N = B @ B.T
        positive = self.quality * np.sum(N * between)
        spread = (np.sum(N * N) + np.sum((N @ N) * between)) / 2
        value = spread - positive + float(self.weights @ logsumexp(logits, axis=1))
        pull = (anchors.T * self.weights) @ softmax(logits, axis=1) @ means
        slope = N - self.quality * between + (N @ between + between @ N + pull + pull.T) / 2
        return value, 2 * slope @ B

    def _projection(self, A: Any) -> np.ndarray:
        matrix = check_features(A, "PopulationInfoNCE: A", min_rows=1).astype(np.float64)
        if len(matrix) != self.mixture.dim:
            raise InputError(
                f"PopulationInfoNCE: A has {len(matrix)} rows, but {self.mixture.dim} are needed; give (d, r)"
            )
        return matrix


def spectral_contrastive(mixture: Mixture, quality: float = 1.0) -> np.ndarray:
    r"""The minimiser of the spectral contrastive loss of a linear map, in closed form.

    .. math:: \min_M\; -2\, \mathrm{E}[x^T M x^+] + \mathrm{E}[(x^T M x')^2], \qquad
              M^* = \delta\, \Sigma_x^{-1} S_B\, \Sigma_x^{-1}

    with the mean of the mixture as the origin. Its columns span the Fisher subspace at any quality above 0 (proven).

    Parameters
    ----------
    mixture : Mixture
    quality : float in [0, 1], default 1

    Returns
    -------
    M* = A A^T : array of shape (d, d), positive semidefinite

    References
    ----------
    HaoChen, Wei, Gaidon & Ma, Provable Guarantees for Self-Supervised Deep Learning with Spectral Contrastive Loss,
    NeurIPS 2021 (the loss); derivation: the gradient -2 delta S_B + 2 Sigma_x M Sigma_x is 0.

    Examples
    --------
    >>> spectral_contrastive(Mixture([[-1.0], [1.0]], [[1.0]])).tolist()
    [[0.25]]
    """
    quality = check_number("spectral_contrastive", "quality", quality, low=0, high=1)
    half = np.linalg.solve(mixture.total, mixture.between)
    return quality * np.linalg.solve(mixture.total, half.T)


def canonical_correlations(mixture: Mixture, quality: float = 1.0) -> np.ndarray:
    r"""The canonical correlations of a pair, (d,), largest first.

    .. math:: \rho_i = \delta\, \frac{\lambda_i}{1 + \lambda_i}

    with :math:`\lambda_i` the eigenvalues of :math:`\Sigma^{-1} S_B` (proven); at most K - 1 are above 0. Those of n
    sampled pairs are off by about sqrt(d / n), which tells without labels how many there are.

    Parameters
    ----------
    mixture : Mixture
    quality : float in [0, 1], default 1

    Examples
    --------
    >>> canonical_correlations(Mixture([[-1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]), quality=0.5).tolist()
    [0.25, 0.0]
    """
    quality = check_number("canonical_correlations", "quality", quality, low=0, high=1)
    spread = np.linalg.eigvalsh(mixture.whitening @ mixture.between @ mixture.whitening)[::-1].clip(min=0)
    return quality * spread / (1 + spread)
