"""Losses as their papers write them, in NumPy and loops; nothing here comes from the package."""

from __future__ import annotations

import math

import numpy as np

Array = np.ndarray


def squared(X: Array, Y: Array) -> Array:
    """|x_i - y_j|^2."""
    return ((X[:, None, :] - Y[None, :, :]) ** 2).sum(-1)


def no_self(n: int) -> Array:
    return ~np.eye(n, dtype=bool)


def normalised(K: Array) -> Array:
    """Rows divided by their sums."""
    return K / K.sum(1, keepdims=True)


def perplexity_rows(D: Array, perplexity: float) -> Array:
    """Gaussian rows of the given perplexity, self left out: 200 bisections on sigma, one row at a time."""
    n = len(D)
    P = np.zeros((n, n))
    for i in range(n):
        others = [j for j in range(n) if j != i]
        low, high = 1e-6, 1e6
        for _ in range(200):
            sigma = math.sqrt(low * high)
            w = np.exp(-(D[i, others] - D[i, others].min()) / (2 * sigma**2))
            p = w / w.sum()
            effective = math.exp(-(p * np.log(np.maximum(p, 1e-300))).sum())
            low, high = (low, sigma) if effective > perplexity else (sigma, high)
        P[i, others] = p
    return P


def kl(p: Array, q: Array) -> float:
    """sum p log(p / q) over the entries with p > 0."""
    p, q = np.ravel(p), np.ravel(q)
    return float((p[p > 0] * np.log(p[p > 0] / q[p > 0])).sum())


def entropy(p: Array) -> float:
    p = np.ravel(p)
    return float(-(p[p > 0] * np.log(p[p > 0])).sum())


# Dimensionality reduction.


def sne(P: Array, Y: Array) -> tuple[float, Array]:
    """Hinton & Roweis 2002: the sum of the row divergences to exp(-d^2), and its gradient."""
    Q = normalised(np.exp(-squared(Y, Y)) * no_self(len(Y)))
    gradient = np.zeros_like(Y)
    for i in range(len(Y)):
        for j in range(len(Y)):
            gradient[i] += 2 * (P[i, j] - Q[i, j] + P[j, i] - Q[j, i]) * (Y[i] - Y[j])
    return kl(P, Q), gradient


def tsne(P: Array, Y: Array) -> tuple[float, Array]:
    """van der Maaten & Hinton 2008: joint probabilities, Cauchy kernel."""
    K = 1 / (1 + squared(Y, Y)) * no_self(len(Y))
    Q = K / K.sum()
    gradient = np.zeros_like(Y)
    for i in range(len(Y)):
        for j in range(len(Y)):
            gradient[i] += 4 * (P[i, j] - Q[i, j]) * K[i, j] * (Y[i] - Y[j])
    return kl(P, Q), gradient


# Contrastive and supervised.


def unit(Z: Array) -> Array:
    return Z / np.linalg.norm(Z, axis=1, keepdims=True)


def nt_xent(A: Array, B: Array, tau: float) -> float:
    """SimCLR: the mean over 2n anchors of -log softmax of the other view among the 2n - 1 others."""
    Z, n = unit(np.concatenate([A, B])), len(A)
    total = 0.0
    for i in range(2 * n):
        positive = math.exp(Z[i] @ Z[(i + n) % (2 * n)] / tau)
        total -= math.log(positive / sum(math.exp(Z[i] @ Z[k] / tau) for k in range(2 * n) if k != i))
    return total / (2 * n)


def supcon(Z: Array, labels: list[int], tau: float) -> tuple[float, float]:
    """Khosla et al., L_out, averaged over the anchors that have a positive; and the mean of log |P(i)|."""
    Z, losses, sizes = unit(Z), [], []
    for i in range(len(Z)):
        positives = [p for p in range(len(Z)) if p != i and labels[p] == labels[i] and labels[i] >= 0]
        if not positives:
            continue
        everyone = sum(math.exp(Z[i] @ Z[a] / tau) for a in range(len(Z)) if a != i)
        losses.append(
            -sum(math.log(math.exp(Z[i] @ Z[p] / tau) / everyone) for p in positives) / len(positives)
        )
        sizes.append(math.log(len(positives)))
    return float(np.mean(losses)), float(np.mean(sizes))


def harmonic(Z: Array, W: Array, labels: Array, n: float) -> float:
    """Baek et al. 2025 with exponent n_h = 2 n on the plain distance."""
    d = np.sqrt(squared(Z, W))
    q = normalised(d ** (-2 * n))
    return float(-np.log(q[np.arange(len(Z)), labels]).mean())


# Clusters.


def cluster_kernel(phi: Array) -> Array:
    """sum_c phi_ic phi_jc / sum_k phi_kc."""
    n, m = phi.shape
    return np.array(
        [[sum(phi[i, c] * phi[j, c] / phi[:, c].sum() for c in range(m)) for j in range(n)] for i in range(n)]
    )


def kmeans_cost(X: Array, phi: Array) -> float:
    """sum_ic phi_ic |x_i - mu_c|^2 with mu_c the weighted means."""
    cost = 0.0
    for c in range(phi.shape[1]):
        mu = (phi[:, [c]] * X).sum(0) / phi[:, c].sum()
        cost += (phi[:, c] * ((X - mu) ** 2).sum(1)).sum()
    return float(cost)


def normalised_cut(W: Array, phi: Array) -> float:
    """m - sum_c assoc(c, c) / vol(c), with soft memberships."""
    d = W.sum(1)
    kept = sum((phi[:, c] @ W @ phi[:, c]) / (phi[:, c] @ d) for c in range(phi.shape[1]))
    return float(phi.shape[1] - kept)
