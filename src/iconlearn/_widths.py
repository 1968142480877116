"""Compiled bandwidths: one loop a rule, over compressed rows of squared distances; inf is no candidate."""

from __future__ import annotations

import math

import numpy as np

from iconlearn._compile import compiled

LOWEST, HIGHEST = -30.0, 60.0  # log beta, where the mean distance beyond the nearest is 1
STEPS, NEWTON = 120, 40


@compiled
def room(indptr, start, stop):
    """A buffer for the longest of some rows."""
    widest = 0
    for i in range(start, stop):
        widest = max(widest, indptr[i + 1] - indptr[i])
    return np.empty(widest, np.float64)


@compiled
def candidates(squared, first, last, out):
    """Copy the finite entries of a row; how many there are."""
    count = 0
    for e in range(first, last):
        if squared[e] < math.inf:
            out[count] = squared[e]
            count += 1
    return count


@compiled
def perplexity_rows(indptr, squared, target, start, stop, sigma):
    """The bandwidth at which the entropy of exp(-squared / 2 sigma^2) is ``target``, for some rows.

    Newton's method on the entropy as a function of log beta, held in a bracket that every evaluation narrows.
    """
    d = room(indptr, start, stop)
    for i in range(start, stop):
        count = candidates(squared, indptr[i], indptr[i + 1], d)
        if count == 0:
            sigma[i] = 1.0
            continue
        nearest = math.inf
        for k in range(count):
            nearest = min(nearest, d[k])
        mean = 0.0
        for k in range(count):
            d[k] -= nearest
            mean += d[k]
        if mean > 0:
            mean /= count
        else:  # all candidates are equally far
            mean = nearest if nearest > 0 else 1.0
        for k in range(count):
            d[k] /= mean  # scale-free, so that one bracket serves all data
        low, high, middle = LOWEST, HIGHEST, 0.0
        for step in range(STEPS):
            beta = math.exp(middle)
            z, first, second = 0.0, 0.0, 0.0
            for k in range(count):
                w = math.exp(-beta * d[k])
                z += w
                first += w * d[k]
                second += w * d[k] * d[k]
            first /= z
            excess = math.log(z) + beta * first - target
            if excess > 0:
                low = middle
            else:
                high = middle
            slope = beta * beta * (second / z - first * first)  # -dH / dlog beta
            stride = excess / slope if slope > 0 else math.inf
            if abs(stride) < 1e-13 or high - low < 1e-13:
                break
            inside = step < NEWTON and low < middle + stride < high
            middle = middle + stride if inside else 0.5 * (low + high)
        sigma[i] = math.sqrt(0.5 * mean / math.exp(middle))


@compiled
def kth_rows(indptr, squared, k, start, stop, sigma):
    """Root of the k-th smallest entry of a row, or the farthest; of the smallest positive one where that is 0."""
    d = room(indptr, start, stop)
    for i in range(start, stop):
        count = candidates(squared, indptr[i], indptr[i + 1], d)
        if count == 0:
            sigma[i] = 1.0
            continue
        rank = min(k, count) - 1
        chosen = np.partition(d[:count], rank)[rank]
        if chosen <= 0:
            chosen = math.inf
            for e in range(count):
                if d[e] > 0:
                    chosen = min(chosen, d[e])
        sigma[i] = math.sqrt(chosen) if chosen < math.inf else 1.0


@compiled
def mean_rows(indptr, squared, start, stop, sigma):
    """Root of the mean entry of a row; 1 where that is 0."""
    for i in range(start, stop):
        total, count = 0.0, 0
        for e in range(indptr[i], indptr[i + 1]):
            if squared[e] < math.inf:
                total += squared[e]
                count += 1
        sigma[i] = math.sqrt(total / count) if total > 0 else 1.0
