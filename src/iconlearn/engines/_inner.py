"""Compiled sums over pairs of non-negative vectors: logs of their inner products, and the gradient.

Every row is its own sum in a fixed order, so that the bits do not depend on the number of threads.
"""

from __future__ import annotations

import math

import numpy as np

from iconlearn._compile import compiled

f32 = np.float32


@compiled
def pair_scores(near, far, log_near, log_far, smallest, indptr, cols, start, stop, product, score):
    """Inner product of row i and column j of every entry, and its log; in log space where the product underflows.

    Of such an entry the product is noted as 0.
    """
    width = near.shape[1]
    for i in range(start, stop):
        for e in range(indptr[i], indptr[i + 1]):
            j = cols[e]
            total = f32(0.0)
            for c in range(width):
                total += near[i, c] * far[j, c]
            if total >= smallest:
                product[e], score[e] = total, math.log(total)
                continue
            peak = -math.inf
            for c in range(width):
                peak = max(peak, np.float64(log_near[i, c]) + np.float64(log_far[j, c]))
            shift, summed = peak if peak > -math.inf else 0.0, 0.0
            for c in range(width):
                summed += math.exp(np.float64(log_near[i, c]) + np.float64(log_far[j, c]) - shift)
            product[e], score[e] = f32(0.0), math.log(summed) + shift


@compiled
def weighted_sums(indptr, cols, position, weight, values, start, stop, out):
    """sum_e weight_e values_j of every row over its entries; entry e has the weight numbered ``position[e]``."""
    width = values.shape[1]
    total = np.empty(width, np.float32)
    for i in range(start, stop):
        total[:] = f32(0.0)
        for e in range(indptr[i], indptr[i + 1]):
            j, share = cols[e], weight[position[e]]
            for c in range(width):
                total[c] += share * values[j, c]
        out[i, :] = total


@compiled
def pair_forces(
    near, far, log_near, log_far, indptr, cols, position, weight, product, score, start, stop, gradient
):
    """Add to every row the gradient of its entries' weighted scores in its own logs.

    Entry e has the weight, product and score numbered ``position[e]``.
    """
    width = near.shape[1]
    total = np.empty(width, np.float32)
    for i in range(start, stop):
        total[:] = f32(0.0)
        for e in range(indptr[i], indptr[i + 1]):
            j, k = cols[e], position[e]
            if product[k] > 0:
                share = weight[k] / product[k]
                for c in range(width):
                    total[c] += share * far[j, c]
            elif score[k] > -math.inf or math.isnan(score[k]):
                for c in range(width):
                    one = np.float64(log_near[i, c]) + np.float64(log_far[j, c]) - score[k]
                    gradient[i, c] += weight[k] * f32(math.exp(one))
        for c in range(width):
            gradient[i, c] += total[c] * near[i, c]
