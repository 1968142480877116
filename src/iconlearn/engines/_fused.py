"""Kernels that Triton compiles: scores of all pairs of vectors, summed before they leave the processor.

A program owns a block of one side and goes along the other, so every sum has one owner and one order, and the same
input gives the same bits. Two numbers of a vector may stand apart from it, ``added``: those that make products
distances. They are multiplied in float32 whatever the vectors come in, for a distance is a small difference of them.
"""

# pyright: reportInvalidTypeForm=false
# (Triton reads the annotations of its functions, and no other checker knows them)

from __future__ import annotations

from functools import lru_cache
from typing import Any

tl: Any = None  # triton.language, from the first launch on


@lru_cache(maxsize=1)
def load() -> None:
    """Import Triton, which is heavy and only there beside a device, and hand the functions of this file to it."""
    import triton  # pyright: ignore[reportMissingImports]
    import triton.language  # pyright: ignore[reportMissingImports]

    here = globals()
    here["tl"] = triton.language
    for function in (vectors_of, number_of, products, scored, candidates, weights, reduced, pulled):
        here[function.__name__] = triton.jit(function)


def vectors_of(side, which, there, first, K: tl.constexpr, WIDTH: tl.constexpr):
    """Entries ``first`` to ``first`` + WIDTH of some vectors; 0 where there are none."""
    entry = first + tl.arange(0, WIDTH)
    place = which.to(tl.int64)[:, None] * K + entry[None, :]
    return tl.load(side + place, mask=there[:, None] & (entry < K)[None, :], other=0.0)


def number_of(added, which, there, place):
    """One of the two numbers that stand apart."""
    return tl.load(added + which.to(tl.int64) * 2 + place, mask=there, other=0.0)


def products(
    own, own_added, mine, here, first, other, other_added, theirs, there,
    K: tl.constexpr, DEPTH: tl.constexpr, ADDED: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Inner products of two blocks, and the first entries of the other vectors; ``first`` are those of the own."""
    right = vectors_of(other, theirs, there, 0, K, DEPTH)
    product = tl.dot(first, tl.trans(right), input_precision=PRECISION)
    for entry in range(DEPTH, K, DEPTH):
        left = vectors_of(own, mine, here, entry, K, DEPTH)
        more = vectors_of(other, theirs, there, entry, K, DEPTH)
        product = tl.dot(left, tl.trans(more), product, input_precision=PRECISION)
    if ADDED:
        for place in tl.static_range(2):
            left = number_of(own_added, mine, here, place)
            product += left[:, None] * number_of(other_added, theirs, there, place)[None, :]
    return product, right


def scored(product, power, HEAVY: tl.constexpr):
    """Scores, and their slopes: of a Student-t if HEAVY."""
    slope = tl.full(product.shape, 1.0, tl.float32)
    if HEAVY:
        distance = tl.where(product < 0, 0.0, product)  # a maximum would hide what is no number
        one = 1.0 + distance
        lost = tl.where(one == 1.0, 1.0, one - 1.0)
        log = tl.where(
            one == 1.0, distance, tl.log(one) * (distance / lost)
        )  # log1p without the digits 1 + t loses
        product = -power * log
        slope = -power / one
    return product, slope


def candidates(own_mark, mine, here, other_mark, theirs, there, MARKED: tl.constexpr):
    """Which pairs count: those whose marks differ."""
    kept = here[:, None] & there[None, :]
    if MARKED:
        left = tl.load(own_mark + mine, mask=here, other=0)
        right = tl.load(other_mark + theirs, mask=there, other=0)
        kept = kept & (left[:, None] != right[None, :])
    return kept


def weights(score, weight, found, LOGS: tl.constexpr):
    """What each score weighs in the sum of a point that ``weight`` comes back to."""
    return weight * tl.exp(score - found) if LOGS else weight + tl.zeros_like(score)


def reduced(
    own, own_added, own_mark, other, other_added, other_mark, out, n, m, power,
    LOGS: tl.constexpr, HEAVY: tl.constexpr, MARKED: tl.constexpr, ADDED: tl.constexpr, K: tl.constexpr,
    ROWS: tl.constexpr, COLS: tl.constexpr, DEPTH: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """log sum exp of the scores of every row if LOGS, else their sum."""
    LOWEST: tl.constexpr = -3.0e38
    mine = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    here = mine < n
    first = vectors_of(own, mine, here, 0, K, DEPTH)
    top = tl.full([ROWS], LOWEST, tl.float32)
    total = tl.zeros([ROWS], tl.float32)
    for start in range(0, m, COLS):
        theirs = start + tl.arange(0, COLS)
        there = theirs < m
        product, _ = products(
            own, own_added, mine, here, first, other, other_added, theirs, there, K, DEPTH, ADDED, PRECISION
        )
        score, _ = scored(product, power, HEAVY)
        kept = candidates(own_mark, mine, here, other_mark, theirs, there, MARKED)
        if LOGS:
            higher = tl.maximum(top, tl.max(tl.where(kept, score, LOWEST), 1))
            mass = tl.where(kept, tl.exp(score - higher[:, None]), 0.0)
            total = total * tl.exp(top - higher) + tl.sum(mass, 1)
            top = higher
        else:
            total += tl.sum(tl.where(kept, score, 0.0), 1)
    if LOGS:
        total = tl.where(total == 0.0, float("-inf"), top + tl.log(total))
    tl.store(out + mine, total, mask=here)


def pulled(
    own, own_added, own_mark, own_weight, own_found, other, other_added, other_mark, other_weight, other_found,
    back, back_added, n, m, power,
    OWN: tl.constexpr, OTHER: tl.constexpr, LOGS: tl.constexpr, HEAVY: tl.constexpr, MARKED: tl.constexpr,
    ADDED: tl.constexpr, K: tl.constexpr, ROWS: tl.constexpr, COLS: tl.constexpr, DEPTH: tl.constexpr,
    WIDTH: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Gradient in the own vectors of the sums of the own points if OWN, of the others if OTHER, of all if both."""
    mine = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    here = mine < n
    entry = tl.program_id(1) * WIDTH
    first = vectors_of(own, mine, here, 0, K, DEPTH)
    sums = tl.zeros([ROWS, WIDTH], tl.float32)
    zeroth, second = tl.zeros([ROWS], tl.float32), tl.zeros([ROWS], tl.float32)
    if OWN:
        weight = tl.load(own_weight + mine, mask=here, other=0.0)[:, None]
        found = tl.load(own_found + mine, mask=here, other=0.0)[:, None]
    for start in range(0, m, COLS):
        theirs = start + tl.arange(0, COLS)
        there = theirs < m
        product, right = products(
            own, own_added, mine, here, first, other, other_added, theirs, there, K, DEPTH, ADDED, PRECISION
        )
        score, slope = scored(product, power, HEAVY)
        share = tl.zeros_like(score)
        if OWN:
            share += weights(score, weight, found, LOGS)
        if OTHER:
            their_weight = tl.load(other_weight + theirs, mask=there, other=0.0)[None, :]
            their_found = tl.load(other_found + theirs, mask=there, other=0.0)[None, :]
            share += weights(score, their_weight, their_found, LOGS)
        kept = candidates(own_mark, mine, here, other_mark, theirs, there, MARKED)
        share = tl.where(kept, share * slope, 0.0)
        if K > DEPTH:
            right = vectors_of(other, theirs, there, entry, K, WIDTH)
        sums = tl.dot(share.to(right.dtype), right, sums, input_precision=PRECISION)
        if ADDED:
            zeroth += tl.sum(share * number_of(other_added, theirs, there, 0)[None, :], 1)
            second += tl.sum(share * number_of(other_added, theirs, there, 1)[None, :], 1)
    column = entry + tl.arange(0, WIDTH)
    place = mine.to(tl.int64)[:, None] * K + column[None, :]
    tl.store(back + place, sums, mask=here[:, None] & (column < K)[None, :])
    if ADDED:
        beside = back_added + mine.to(tl.int64) * 2
        tl.store(beside, zeroth, mask=here & (entry == 0))
        tl.store(beside + 1, second, mask=here & (entry == 0))
