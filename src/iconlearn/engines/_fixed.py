"""Compiled loops that put rows between fixed columns: each row is a small problem of its own.

Row i minimises ``P_i log Z(y) - sum_j p_ij s(|y - y_j|^2)`` over its position y, with P_i the sum of its p_ij. Nothing
here reads another row, so a row ends on the same bits whatever rows come with it.
"""

from __future__ import annotations

import math

import numpy as np

from iconlearn._compile import compiled
from iconlearn.engines import _profiles

ENOUGH = 1e-4  # share of the predicted decrease that a step must reach
ROUNDING = 2e-6  # of a value, which is a sum in float32
SHORTEST = 1e-5  # step, and slope, in units of the kernel, at which a row has arrived
LONGEST = 8.0  # step, in units of the kernel

f32 = np.float32
score_and_slope = _profiles.score_and_slope


@compiled
def start_rows(log_z, columns, indptr, cols, mass, kind, rate, power, most, start, stop, position):
    """Put every row on the best of its own columns, of which at most about ``most`` are tried.

    ``log_z`` (m,) is log Z at the columns that are anybody's.
    """
    dim = columns.shape[1]
    widest = 0
    for i in range(start, stop):
        widest = max(widest, indptr[i + 1] - indptr[i])
    there = np.empty((dim, widest), f32)
    squared, score, slope = np.empty(widest, f32), np.empty(widest, f32), np.empty(widest, f32)
    for i in range(start, stop):
        first, count = indptr[i], indptr[i + 1] - indptr[i]
        these = mass[first : first + count]
        total = f32(0.0)
        for k in range(count):
            total += these[k]
            for c in range(dim):
                there[c, k] = columns[cols[first + k], c]
        best, chosen = math.inf, 0
        for tried in range(0, count, 1 + (count - 1) // most):
            squared[:count] = f32(0.0)
            for c in range(dim):
                here = there[c, tried]
                for k in range(count):
                    delta = here - there[c, k]
                    squared[k] += delta * delta
            score_and_slope(kind, rate, power, squared, score, slope, count)
            pull = f32(0.0)
            for k in range(count):
                pull += these[k] * score[k]
            cost = np.float64(total) * log_z[cols[first + tried]] - np.float64(pull)
            if cost < best:
                best, chosen = cost, tried
        for c in range(dim):
            position[i, c] = there[c, chosen]


@compiled
def centre_rows(columns, indptr, cols, mass, start, stop, position):
    """Mean of the columns of every row under its masses."""
    dim = columns.shape[1]
    for i in range(start, stop):
        for c in range(dim):
            total, place = 0.0, 0.0
            for e in range(indptr[i], indptr[i + 1]):
                total += np.float64(mass[e])
                place += np.float64(mass[e]) * np.float64(columns[cols[e], c])
            position[i, c] = place / total


@compiled
def descend(unit, cost, force, start, stop, probe, position, value, slope, inverse, moving):
    """Judge the probe of every row by its cost and gradient, and set the next one: quasi-Newton steps (BFGS).

    ``position``, ``value`` and ``slope`` are those of the last accepted probe, ``inverse`` (n, dim, dim) the inverse
    Hessian; ``moving`` becomes False once a row has arrived. A probe is in float32, so that it is what was evaluated.
    """
    dim = probe.shape[1]
    step, change, turned = np.empty(dim), np.empty(dim), np.empty(dim)
    for i in range(start, stop):
        if not moving[i]:
            continue
        fresh = value[i] == math.inf
        expected, length = 0.0, 0.0
        for c in range(dim):
            step[c] = np.float64(probe[i, c]) - position[i, c]
            expected += slope[i, c] * step[c]
            length += step[c] * step[c]
        length = math.sqrt(length)
        allowed = value[i] + ENOUGH * min(expected, 0.0) + ROUNDING * (1.0 + abs(value[i]))
        if not (fresh or cost[i] <= allowed):  # not a number is refused too
            if length < SHORTEST * unit:
                moving[i] = False
            for c in range(dim):
                probe[i, c] = position[i, c] + 0.25 * step[c]
            continue
        curve, bend, steep = 0.0, 0.0, 0.0
        for c in range(dim):
            change[c] = force[i, c] - slope[i, c]
            curve += step[c] * change[c]
            bend += change[c] * change[c]
            steep += force[i, c] * force[i, c]
            position[i, c], slope[i, c] = probe[i, c], force[i, c]
        value[i] = cost[i]
        if math.sqrt(steep) * unit < SHORTEST or (not fresh and length < SHORTEST * unit):
            moving[i] = False
            continue
        if fresh or curve <= 1e-8 * length * math.sqrt(bend):  # no curvature to learn from
            reset(inverse[i], unit * unit)
        else:
            bfgs(inverse[i], step, change, turned, curve)
        downhill, length = 0.0, 0.0
        for c in range(dim):
            step[c] = 0.0
            for k in range(dim):
                step[c] -= inverse[i, c, k] * force[i, k]
            downhill += step[c] * force[i, c]
            length += step[c] * step[c]
        if not downhill < 0.0:
            reset(inverse[i], unit * unit)
            length = 0.0
            for c in range(dim):
                step[c] = -unit * unit * force[i, c]
                length += step[c] * step[c]
        shrink = min(1.0, LONGEST * unit / math.sqrt(length))
        for c in range(dim):
            probe[i, c] = position[i, c] + shrink * step[c]


@compiled
def reset(inverse, scale):
    """A multiple of the identity."""
    for a in range(len(inverse)):
        for b in range(len(inverse)):
            inverse[a, b] = scale if a == b else 0.0


@compiled
def bfgs(inverse, step, change, turned, curve):
    """The inverse Hessian that takes the last change of the gradient to the last step."""
    dim = len(step)
    whole = 0.0
    for a in range(dim):
        turned[a] = 0.0
        for b in range(dim):
            turned[a] += inverse[a, b] * change[b]
        whole += change[a] * turned[a]
    for a in range(dim):
        for b in range(dim):
            outer = (1.0 + whole / curve) * step[a] * step[b] - step[a] * turned[b] - turned[a] * step[b]
            inverse[a, b] += outer / curve
