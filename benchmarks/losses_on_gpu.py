"""NT-Xent of a large batch on a GPU, against plain torch: what `python benchmarks/losses.py --device cuda` runs.

Embeddings are bfloat16, and so are the products of both: plain torch holds its matrix in that type, and ours is told so
by ``torch.set_float32_matmul_precision("medium")``. The best of some steps counts, after one that is not timed, for it
compiles the kernels; memory is what a step takes beyond the embeddings.
"""

from __future__ import annotations

import time

import torch
from torch import Tensor

import loss_methods
from reporting import table

DIM, STEPS = 256, 10
COLUMNS = ("NT-Xent", "ms", "MiB", "loss", "time / ours", "memory / ours")


def step(loss: loss_methods.Loss, views: list[Tensor], y: Tensor) -> tuple[float, float]:
    """Loss, and seconds of it and its gradient."""
    views = [view.clone().requires_grad_() for view in views]
    torch.cuda.synchronize()
    start = time.perf_counter()
    value = loss(*views, y)
    value.backward()
    torch.cuda.synchronize()
    return value.item(), time.perf_counter() - start


def measure(name: str, views: list[Tensor], y: Tensor) -> tuple[float, float, float]:
    """Loss, seconds and MiB of a method."""
    loss = loss_methods.METHODS["NT-Xent"][name].load()
    step(loss, views, y)
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    steps = [step(loss, views, y) for _ in range(STEPS)]
    return (
        steps[0][0],
        min(seconds for _, seconds in steps),
        (torch.cuda.max_memory_allocated() - before) / 2**20,
    )


def compare(rows: int) -> str:
    """The table for a batch of two views with this many rows in all."""
    torch.set_float32_matmul_precision("medium")
    generator = torch.Generator("cuda").manual_seed(0)
    sample, *noise = torch.randn(3, rows // 2, DIM, generator=generator, device="cuda")
    views = [(sample + 0.5 * one).bfloat16() for one in noise]
    y = torch.arange(rows // 2, device="cuda")
    found = {name: measure(name, views, y) for name in ("iconlearn", "plain torch")}
    _, seconds, mib = found["iconlearn"]
    lines = [
        (name, f"{1000 * s:.1f}", f"{m:.0f}", f"{value:.5f}", f"{s / seconds:.2f}", f"{m / mib:.1f}")
        for name, (value, s, m) in found.items()
    ]
    device = torch.cuda.get_device_name()
    return f"{rows} x {DIM}, bfloat16, {device}\n{table(COLUMNS, lines)}"
