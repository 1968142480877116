"""Compiled sums over the edges of a support and over all pairs, for kernels with a profile.

Every row is its own sum in a fixed order, so that the bits do not depend on the number of threads. The embedding's
dimension is a constant of the compiled code, for loops over it unroll.
"""

from __future__ import annotations

import math
from functools import cache
from types import SimpleNamespace

import numpy as np

from iconlearn._compile import compiled
from iconlearn.engines import _profiles

BLOCK = 1024  # columns worked on at a time: their buffers stay in the nearest cache
NOTHING = np.float32(-1e38)  # a score without mass

f32 = np.float32
exp, score_and_slope, slope_at = _profiles.exp, _profiles.score_and_slope, _profiles.slope_at


@cache
def pair_loops(dim: int) -> SimpleNamespace:
    """The loops for embeddings of this dimension."""

    @compiled
    def pull_rows(points, indptr, cols, mass, both, share, kind, rate, power, start, stop, value, gradient):
        """Row sums of ``mass`` times the scores, and the gradient of their sum over all rows.

        ``both`` times ``share`` is the mass of a pair and its reverse together, and the edges go both ways.
        """
        widest = 0
        for i in range(start, stop):
            widest = max(widest, indptr[i + 1] - indptr[i])
        delta = np.empty((dim, widest), np.float32)
        squared, score, slope = np.empty(widest, f32), np.empty(widest, f32), np.empty(widest, f32)
        total = np.empty(dim, np.float32)
        for i in range(start, stop):
            first, last = indptr[i], indptr[i + 1]
            count = last - first
            here, there, these, all_of_it = points[i], cols[first:last], mass[first:last], both[first:last]
            for k in range(count):
                j = there[k]
                for c in range(dim):
                    delta[c, k] = here[c] - points[j, c]
            for k in range(count):
                u = f32(0.0)
                for c in range(dim):
                    u += delta[c, k] * delta[c, k]
                squared[k] = u
            score_and_slope(kind, rate, power, squared, score, slope, count)
            found = f32(0.0)
            for k in range(count):
                found += these[k] * score[k]
                slope[k] *= all_of_it[k]
            value[i] = found
            for c in range(dim):
                pull = f32(0.0)
                for k in range(count):
                    pull += slope[k] * delta[c, k]
                total[c] = pull
            for c in range(dim):
                gradient[i, c] = f32(2.0) * share * total[c]

    @compiled
    def edge_scores(points, indptr, cols, kind, rate, power, start, stop, score):
        """Score of every edge of some rows."""
        widest = 0
        for i in range(start, stop):
            widest = max(widest, indptr[i + 1] - indptr[i])
        squared, slope = np.empty(widest, f32), np.empty(widest, f32)
        for i in range(start, stop):
            first, last = indptr[i], indptr[i + 1]
            here, there = points[i], cols[first:last]
            for k in range(last - first):
                u = f32(0.0)
                for c in range(dim):
                    delta = here[c] - points[there[k], c]
                    u += delta * delta
                squared[k] = u
            score_and_slope(kind, rate, power, squared, score[first:last], slope, last - first)

    @compiled
    def edge_forces(points, indptr, cols, weight, position, kind, rate, power, start, stop, gradient):
        """Add to every row the gradient of the weighted scores of its edges; edge e has ``weight[position[e]]``."""
        for i in range(start, stop):
            for e in range(indptr[i], indptr[i + 1]):
                j = cols[e]
                u = f32(0.0)
                for c in range(dim):
                    delta = points[i, c] - points[j, c]
                    u += delta * delta
                force = f32(2.0) * weight[position[e]] * slope_at(kind, rate, power, u)
                for c in range(dim):
                    gradient[i, c] += force * (points[i, c] - points[j, c])

    @compiled
    def log_sums(axes, rows, targets, skip_self, kind, rate, power, start, stop, value, gradient):
        """log sum_j exp(score) over all columns for some rows, and its gradient in the row's own position.

        ``axes`` (dim, n) are the columns, ``targets`` (n', dim) the rows, of which ``rows`` are wanted. A running
        maximum keeps the sum finite however far apart the points are.
        """
        n = axes.shape[1]
        squared, score, slope = np.empty(BLOCK, f32), np.empty(BLOCK, f32), np.empty(BLOCK, f32)
        pull = np.empty(dim, np.float64)
        for r in range(start, stop):
            i = rows[r]
            here = targets[i]
            peak, total = -math.inf, 0.0
            for c in range(dim):
                pull[c] = 0.0
            for first in range(0, n, BLOCK):
                count = min(BLOCK, n - first)
                for k in range(count):
                    u = f32(0.0)
                    for c in range(dim):
                        delta = here[c] - axes[c, first + k]
                        u += delta * delta
                    squared[k] = u
                score_and_slope(kind, rate, power, squared, score, slope, count)
                if skip_self and first <= i < first + count:
                    score[i - first] = NOTHING
                highest = f32(-3e38)
                for k in range(count):
                    highest = max(highest, score[k])
                if highest > peak:
                    scale = math.exp(peak - highest)
                    total *= scale
                    for c in range(dim):
                        pull[c] *= scale
                    peak = np.float64(highest)
                shift = f32(peak)
                found = f32(0.0)
                for k in range(count):
                    one = exp(score[k] - shift)
                    found += one
                    slope[k] *= one
                total += found
                for c in range(dim):
                    part = f32(0.0)
                    for k in range(count):
                        part += slope[k] * (here[c] - axes[c, first + k])
                    pull[c] += part
            value[r] = peak + math.log(total)
            for c in range(dim):
                gradient[r, c] = 2 * pull[c] / total
                if math.isnan(pull[c]):  # comparisons pass NaN over; a run has to see it in its loss
                    value[r] = math.nan

    @compiled
    def reactions(axes, rows, weight, log_z, kind, rate, power, start, stop, gradient):
        """Gradient in every column j of ``sum_r weight_r log sum_r``: what the rows pull, the columns feel.

        ``axes`` (dim, n) are the columns, ``rows`` (R,) those of them whose log sums ``log_z`` are meant; a point
        does not pull itself, its difference is 0.
        """
        n = len(rows)
        squared, score, slope = np.empty(BLOCK, f32), np.empty(BLOCK, f32), np.empty(BLOCK, f32)
        pull = np.empty(dim, np.float64)
        source = np.empty((dim, n), np.float32)
        for k in range(n):
            for c in range(dim):
                source[c, k] = axes[c, rows[k]]
        for j in range(start, stop):
            for c in range(dim):
                pull[c] = 0.0
            for first in range(0, n, BLOCK):
                count = min(BLOCK, n - first)
                for k in range(count):
                    u = f32(0.0)
                    for c in range(dim):
                        delta = axes[c, j] - source[c, first + k]
                        u += delta * delta
                    squared[k] = u
                score_and_slope(kind, rate, power, squared, score, slope, count)
                for k in range(count):
                    slope[k] *= weight[first + k] * exp(min(score[k] - log_z[first + k], f32(0.0)))
                for c in range(dim):
                    part = f32(0.0)
                    for k in range(count):
                        part += slope[k] * (axes[c, j] - source[c, first + k])
                    pull[c] += part
            for c in range(dim):
                gradient[j, c] = 2 * pull[c]

    return SimpleNamespace(
        pull_rows=pull_rows,
        edge_scores=edge_scores,
        edge_forces=edge_forces,
        log_sums=log_sums,
        reactions=reactions,
    )
