"""Average linkage of the parts of a partition on a graph between samples, compiled."""

from __future__ import annotations

import numpy as np

from iconlearn._compile import compiled


@compiled
def merge_parts(weight: np.ndarray, size: np.ndarray, exponent: float, count: int, owner: np.ndarray) -> None:
    """Merge the pair with the largest ``weight[r, s] / (size[r] size[s]) ** exponent`` until ``count`` are left.

    ``weight`` (m, m) float64, symmetric, and ``size`` (m,) float64 are used up; ``owner`` (m,) int64 tells, in
    the end, the part that each has become. Each part knows its best partner, so a merger looks again only for the
    parts whose partner it took.
    """
    m = len(weight)
    alive = np.ones(m, np.bool_)
    best = np.full(m, -1.0)
    partner = np.zeros(m, np.int64)
    for r in range(m):
        owner[r] = r
        for s in range(m):
            if s != r:
                value = weight[r, s] / (size[r] * size[s]) ** exponent
                if value > best[r]:
                    best[r], partner[r] = value, s
    for _ in range(m - count):
        r, top = -1, -2.0
        for a in range(m):
            if alive[a] and best[a] > top:
                r, top = a, best[a]
        s = partner[r]
        alive[s] = False
        size[r] += size[s]
        for a in range(m):
            if owner[a] == s:
                owner[a] = r
            if alive[a] and a != r:
                weight[r, a] += weight[s, a]
                weight[a, r] += weight[a, s]
        best[r] = -1.0
        for a in range(m):
            if not alive[a] or a == r:
                continue
            value = weight[a, r] / (size[a] * size[r]) ** exponent
            if value > best[r]:
                best[r], partner[r] = value, a
            if partner[a] == r or partner[a] == s:
                best[a] = -1.0
                for b in range(m):
                    if alive[b] and b != a:
                        other = weight[a, b] / (size[a] * size[b]) ** exponent
                        if other > best[a]:
                            best[a], partner[a] = other, b
            elif value > best[a]:
                best[a], partner[a] = value, r
