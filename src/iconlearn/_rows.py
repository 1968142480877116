"""Compiled loops over compressed rows: transposes, unions, sums of a matrix and its transpose.

Columns ascend within a row. Every loop owns the rows (or columns) ``start`` to ``stop``, so that pieces may run on
several threads and the result does not depend on how many there are.
"""

from __future__ import annotations

import math

import numpy as np

from iconlearn._compile import compiled


@compiled
def fill_transpose(indptr, cols, place, start, stop, rows, position):
    """Row and position of the entries in some columns, by counting sort; ``place`` is where each column begins.

    Rows are read in order, so those of a column ascend.
    """
    for i in range(len(indptr) - 1):
        for e in range(indptr[i], indptr[i + 1]):
            c = cols[e]
            if start <= c < stop:
                p = place[c]
                place[c] = p + 1
                rows[p] = i
                position[p] = e


@compiled
def count_union(indptr_a, cols_a, indptr_b, cols_b, start, stop, lengths):
    """How many columns the rows of two patterns hold together."""
    for i in range(start, stop):
        a, b, end_a, end_b = indptr_a[i], indptr_b[i], indptr_a[i + 1], indptr_b[i + 1]
        both = 0
        while a < end_a and b < end_b:
            x, y = cols_a[a], cols_b[b]
            both += x == y
            a += x <= y
            b += y <= x
        lengths[i] = indptr_a[i + 1] - indptr_a[i] + indptr_b[i + 1] - indptr_b[i] - both


@compiled
def fill_union(indptr_a, cols_a, indptr_b, cols_b, indptr, start, stop, cols):
    """The columns that the rows of two patterns hold together, ascending."""
    for i in range(start, stop):
        a, b, end_a, end_b = indptr_a[i], indptr_b[i], indptr_a[i + 1], indptr_b[i + 1]
        for e in range(indptr[i], indptr[i + 1]):
            here = a < end_a and (b >= end_b or cols_a[a] <= cols_b[b])
            there = b < end_b and (a >= end_a or cols_b[b] <= cols_a[a])
            cols[e] = cols_a[a] if here else cols_b[b]
            a += here
            b += there


@compiled
def log_add(x, y):
    """log(exp x + exp y), the same bits with x and y exchanged."""
    high, low = max(x, y), min(x, y)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))


@compiled
def fill_symmetric(indptr_a, cols_a, log_mass, indptr_b, cols_b, position, indptr, start, stop, cols, out):
    """Columns and log-masses of A + A^T, where the b are the rows of A^T and ``position`` their entries in A."""
    for i in range(start, stop):
        a, b, end_a, end_b = indptr_a[i], indptr_b[i], indptr_a[i + 1], indptr_b[i + 1]
        for e in range(indptr[i], indptr[i + 1]):
            here = a < end_a and (b >= end_b or cols_a[a] <= cols_b[b])
            there = b < end_b and (a >= end_a or cols_b[b] <= cols_a[a])
            cols[e] = cols_a[a] if here else cols_b[b]
            mine = np.float64(log_mass[a]) if here else -math.inf
            back = np.float64(log_mass[position[b]]) if there else -math.inf
            out[e] = log_add(mine, back)
            a += here
            b += there


@compiled
def symmetric_gradient(indptr_a, cols_a, log_mass, indptr, cols, out, slope, start, stop, gradient):
    """Gradient of the log-masses of A, given that of the log-masses of A + A^T."""
    for i in range(start, stop):
        e = indptr[i]
        for a in range(indptr_a[i], indptr_a[i + 1]):
            j = cols_a[a]
            while cols[e] < j:
                e += 1
            low, high = indptr[j], indptr[j + 1]
            while high - low > 1:
                middle = (low + high) // 2
                if cols[middle] <= i:
                    low = middle
                else:
                    high = middle
            share = 0.0 if out[e] == -math.inf else math.exp(np.float64(log_mass[a]) - np.float64(out[e]))
            gradient[a] = share * (slope[e] + slope[low])


@compiled
def lay_onto(indptr_a, cols_a, values, indptr, cols, start, stop, out):
    """Values of A on a wider pattern, 0 where A has no entry."""
    for i in range(start, stop):
        a, end = indptr_a[i], indptr_a[i + 1]
        for e in range(indptr[i], indptr[i + 1]):
            met = a < end and cols_a[a] == cols[e]
            out[e] = values[a] if met else 0.0
            a += met


@compiled
def lay_rows(indptr_a, cols_a, mass_a, both_a, held, moved, indptr, start, stop, cols, mass, both):
    """Rows ``held[start:stop]`` of A at their new places, with columns renamed; entries keep their order."""
    for i in range(start, stop):
        a = indptr_a[held[i]]
        for e in range(indptr[i], indptr[i + 1]):
            cols[e] = moved[cols_a[a]]
            mass[e] = mass_a[a]
            both[e] = both_a[a]
            a += 1


@compiled
def least_and_most(points, low, high):
    """Extent of points (n, dim) along every axis; it ends at the first NaN."""
    for i in range(len(points)):
        for c in range(points.shape[1]):
            x = points[i, c]
            if math.isnan(x):
                low[c] = high[c] = x
                return
            low[c] = min(low[c], x)
            high[c] = max(high[c], x)
