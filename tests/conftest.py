"""Fixtures for all tests: one thread, float64 on request, seeded generators, small problems."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

os.environ["OMP_NUM_THREADS"] = "1"  # before torch starts its pool

import pytest
import torch

from iconlearn.methods import METHODS
from iconlearn.points import Points


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _own_methods() -> Iterator[None]:
    """What a test registers is gone after it."""
    before = dict(METHODS)
    yield
    METHODS.clear()
    METHODS.update(before)


@pytest.fixture
def float64() -> Iterator[None]:
    """Make float64 the default dtype for one test."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT as a terminal gives it: what runs in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def generator() -> torch.Generator:
    """A generator that every test starts from the same seed."""
    return torch.Generator().manual_seed(0)


@pytest.fixture
def cloud(generator: torch.Generator) -> Points:
    """Twenty points in three dimensions, float64."""
    return Points.of(torch.randn(20, 3, generator=generator, dtype=torch.float64))


@pytest.fixture
def plane(generator: torch.Generator) -> Points:
    """The embedding of the cloud: twenty points in the plane, float64."""
    return Points.of(torch.randn(20, 2, generator=generator, dtype=torch.float64))


@pytest.fixture
def views(generator: torch.Generator) -> Points:
    """Two views of eight samples, with labels: one class is met once and one row is unlabelled."""
    value = torch.randn(16, 4, generator=generator, dtype=torch.float64)
    label = torch.tensor([0, 0, 1, 1, 2, 2, 2, -1, 0, 1, 1, 2, 0, 3, 2, 1])
    ids = torch.arange(8).repeat(2)
    return Points.of(value, id=ids, view=torch.arange(2).repeat_interleave(8), label=label)
