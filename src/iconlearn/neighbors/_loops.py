"""Compiled loops of neighbour search: reservoirs of the smallest scores, and exact distances.

A reservoir holds at least the ``keep`` smallest scores offered to a row so far. It is filled to twice that, then cut
to the smallest again, so an offer costs a comparison and rarely more. Columns are offered in ascending order, and of
equal scores those of the smaller columns stay.
"""

from __future__ import annotations

import numpy as np

from iconlearn._compile import compiled

CHUNK = 64  # scores compared at a time, in vector instructions
EUCLIDEAN, DOT, MANHATTAN, CHEBYSHEV, OWN = 0, 1, 2, 3, 4


@compiled
def before(a, column_a, b, column_b):
    """Is the first pair the smaller one?"""
    return a < b or (a == b and column_a < column_b)


@compiled
def cut_row(values, cols, count, keep):
    """Leave about the ``keep`` smallest pairs, never fewer, in their order; how many, and what the others reach.

    Halving the range of values and counting costs far less than selecting: comparisons without branches.
    """
    most = keep + keep // 4
    low, high = values[0], values[0]
    for k in range(count):
        low, high = min(low, values[k]), max(high, values[k])
    while True:
        middle = low / 2 + high / 2
        within = np.int32(0)
        for k in range(count):
            within += np.int32(1) if values[k] <= middle else np.int32(0)
        stuck = middle <= low or middle >= high  # no number between: equal values
        if within < keep:
            low = middle
        else:
            high = middle
        if stuck or keep <= within <= most:
            break
    below = 0
    for k in range(count):
        below += values[k] < high
    ties, held = most - below, 0  # of equal values those of the smaller columns stay, which came first
    for k in range(count):
        value, column = values[k], cols[k]
        tie = value == high and ties > 0
        ties -= tie
        values[held], cols[held] = value, column
        held += tie or value < high
    return held, high


@compiled
def sink(values, cols, root, count):
    """Restore the heap below ``root``."""
    while True:
        child = 2 * root + 1
        if child >= count:
            return
        if child + 1 < count and before(values[child], cols[child], values[child + 1], cols[child + 1]):
            child += 1
        if not before(values[root], cols[root], values[child], cols[child]):
            return
        values[root], values[child] = values[child], values[root]
        cols[root], cols[child] = cols[child], cols[root]
        root = child


@compiled
def sort_pairs(values, cols, count):
    """Sort pairs by value, then column (heapsort)."""
    for root in range(count // 2 - 1, -1, -1):
        sink(values, cols, root, count)
    for last in range(count - 1, 0, -1):
        values[0], values[last] = values[last], values[0]
        cols[0], cols[last] = cols[last], cols[0]
        sink(values, cols, 0, last)


@compiled
def offer(scores, first, row_keys, col_keys, values, cols, counts, limits, keep):
    """Offer a block of scores, of the columns from ``first`` on, to the reservoirs of its rows.

    A row and a column with equal keys are no candidates; ``limits`` is what a score must be below.
    """
    width, room = scores.shape[1], values.shape[1]
    for r in range(scores.shape[0]):
        row, held, places = scores[r], values[r], cols[r]
        limit, count, mine = limits[r], counts[r], row_keys[r]
        for start in range(0, width, CHUNK):
            part = row[start : start + CHUNK]
            hits = np.float32(0)
            for c in range(len(part)):
                hits += np.float32(1) if part[c] < limit else np.float32(0)
            if hits == 0:
                continue
            for c in range(len(part)):
                if part[c] < limit and col_keys[first + start + c] != mine:
                    held[count] = part[c]
                    places[count] = first + start + c
                    count += 1
                    if count == room:
                        count, limit = cut_row(held, places, count, keep)
        limits[r] = limit
        counts[r] = count


@compiled
def apart(kind, x, y):
    """Two rows compared as the metric does, in float64: a squared distance, or -2 x.y."""
    total = 0.0
    if kind == EUCLIDEAN:
        for k in range(len(x)):
            step = np.float64(x[k]) - np.float64(y[k])
            total += step * step
        return total
    if kind == DOT:
        for k in range(len(x)):
            total += np.float64(x[k]) * np.float64(y[k])
        return -2 * total
    if kind == MANHATTAN:
        for k in range(len(x)):
            total += abs(np.float64(x[k]) - np.float64(y[k]))
        return total * total
    for k in range(len(x)):
        step = abs(np.float64(x[k]) - np.float64(y[k]))
        total = step if step > total else total
    return total * total


@compiled
def factors(y, centre, scale, out):
    """Right factors of a product: -2 times the centred rows, and behind them their squared lengths if there is room."""
    d = y.shape[1]
    for r in range(len(y)):
        total = 0.0
        for k in range(d):
            moved = (np.float64(y[r, k]) - centre[k]) * scale
            out[r, k] = -2 * moved
            total += moved * moved
        if out.shape[1] > d:
            out[r, d] = total


@compiled
def block_of(kind, x, y, first, out):
    """Exact comparisons of some rows with the columns from ``first`` on."""
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[r, c] = apart(kind, x[r], y[first + c])


@compiled
def cut(values, cols, counts, limits, keep):
    """Leave about the ``keep`` smallest in every reservoir."""
    for r in range(len(counts)):
        if counts[r] > keep + keep // 4:
            counts[r], limits[r] = cut_row(values[r], cols[r], counts[r], keep)


@compiled
def measure(kind, x, y, cols, counts, values):
    """Exact comparisons of some rows with the columns in their reservoirs."""
    for r in range(len(counts)):
        for e in range(counts[r]):
            values[r, e] = apart(kind, x[r], y[cols[r, e]])


@compiled
def sort_rows(values, cols, counts):
    """Sort every reservoir by value, then column."""
    for r in range(len(counts)):
        sort_pairs(values[r], cols[r], counts[r])


@compiled
def offer_exact(kind, scores, first, bounds, x, y, row_keys, col_keys, values, cols, counts, limits, keep):
    """As :func:`offer`, where a score within the row's bound is replaced by the exact comparison first."""
    room = values.shape[1]
    for r in range(scores.shape[0]):
        held, places, count, limit = values[r], cols[r], counts[r], limits[r]
        for c in range(scores.shape[1]):
            if scores[r, c] <= bounds[r] and col_keys[first + c] != row_keys[r]:
                value = apart(kind, x[r], y[first + c])
                if value < limit:
                    held[count] = value
                    places[count] = first + c
                    count += 1
                    if count == room:
                        count, limit = cut_row(held, places, count, keep)
        counts[r] = count
        limits[r] = limit


@compiled
def by_column(cols, squares, indptr, start, stop, out_cols, out_squares):
    """Neighbours of some rows, nearest first and padded with column -1, to compressed rows of ascending columns."""
    for i in range(start, stop):
        first, count = indptr[i], indptr[i + 1] - indptr[i]
        mine, far = out_cols[first : first + count], out_squares[first : first + count]
        for e in range(count):
            mine[e] = cols[i, e]
            far[e] = squares[i, e]
        order = np.argsort(mine)
        far[:] = far[order]
        mine[:] = mine[order]
