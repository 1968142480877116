"""Compiled loops: kept on disk for later processes, made once by several threads, usable where nothing can be kept."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from iconlearn._compile import Compiled, compiled

FIT = """
import gc
import numpy as np
import iconlearn
from iconlearn._compile import Compiled

X = np.random.default_rng(0).normal(size=(1500, 8)).astype("float32")
fitted = iconlearn.TSNE(max_iter=3).fit(X)
fitted.transform(X[:5] + 0.1)
made = [c for c in gc.get_objects() if isinstance(c, Compiled) and c._made is not None]
print(len(made), sum(sum(c.dispatcher.stats.cache_misses.values()) for c in made))
"""


def test_a_second_process_compiles_nothing():
    runs = [
        subprocess.run([sys.executable, "-c", FIT], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    made, missed = map(int, runs[-1].stdout.split())
    assert made > 10
    assert missed == 0


@compiled
def doubled(x, out):
    for k in range(len(x)):
        out[k] = 2 * x[k]


def test_threads_that_call_first_at_once_get_one_function():
    x = np.arange(10.0)

    def call(_):
        out = np.empty_like(x)
        doubled(x, out)
        return out

    with ThreadPoolExecutor(8) as pool:
        assert all((out == 2 * x).all() for out in pool.map(call, range(32)))
    assert doubled.dispatcher is doubled.dispatcher


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same(monkeypatch):
    import numba

    plain = numba.njit

    def njit(*args, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return plain(*args, **options)

    monkeypatch.setattr(numba, "njit", njit)
    function = Compiled(lambda x: x + 1)
    assert function(1) == 2
