"""Compiled scores of kernels with a profile, with logarithm and exponential written so that loops vectorise."""

from __future__ import annotations

import numpy as np

from iconlearn._compile import compiled

f32, i32 = np.float32, np.int32


@compiled
def log(x):
    """log(x) for a normal float32 x > 0, within 3e-7 of 1 + |log x|."""
    bits = f32(x).view(np.int32)
    exponent = i32(i32(bits - i32(0x3F3504F3)) >> i32(23))  # x = 2^exponent m with m in [sqrt(1/2), sqrt(2))
    t = i32(bits - i32(exponent << i32(23))).view(np.float32) - f32(1.0)
    series = f32(7.0376836292e-2)
    series = series * t - f32(1.1514610310e-1)
    series = series * t + f32(1.1676998740e-1)
    series = series * t - f32(1.2420140846e-1)
    series = series * t + f32(1.4249322787e-1)
    series = series * t - f32(1.6668057665e-1)
    series = series * t + f32(2.0000714765e-1)
    series = series * t - f32(2.4999993993e-1)
    series = series * t + f32(3.3333331174e-1)
    square = t * t
    return f32(exponent) * f32(0.6931471805599453) + (t + (t * square * series - f32(0.5) * square))


@compiled
def exp(x):
    """exp(x) for x <= 0, to a relative 5e-7; 0 below -87, where float32 has no normal numbers."""
    v = x if x > f32(-87.0) else f32(-87.0)
    whole = i32(v * f32(1.4426950408889634) - f32(0.5))  # truncation rounds a negative number to the nearest
    f = v - f32(whole) * f32(0.6931471805599453)
    series = f32(1.3888889e-3)
    series = series * f + f32(8.3333333e-3)
    series = series * f + f32(4.1666667e-2)
    series = series * f + f32(1.6666667e-1)
    series = series * f + f32(0.5)
    series = series * f + f32(1.0)
    series = series * f + f32(1.0)
    power_of_two = i32(i32(whole + i32(127)) << i32(23)).view(np.float32)
    return series * power_of_two if x > f32(-87.0) else f32(0.0)


@compiled
def slope_at(kind, rate, power, squared):
    """Derivative of a score in the squared distance, at one."""
    return -rate if kind == 0 else -(power * rate) / (f32(1.0) + rate * squared)


@compiled
def score_and_slope(kind, rate, power, squared, score, slope, count):
    """Scores and their derivatives in the squared distance, of the first ``count`` squared distances."""
    if kind == 0:
        for k in range(count):
            score[k] = -rate * squared[k]
            slope[k] = slope_at(kind, rate, power, squared[k])
    else:
        for k in range(count):
            score[k] = -power * log(f32(1.0) + rate * squared[k])
            slope[k] = slope_at(kind, rate, power, squared[k])
