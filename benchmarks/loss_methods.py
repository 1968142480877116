"""The losses that are compared, one of them on one batch: `python benchmarks/loss_methods.py LOSS METHOD PAIRS OUT`.

It runs with the interpreter of the method's environment, so it imports nothing at the top but the standard library,
numpy and torch. A batch is two views of ``PAIRS`` samples, 128 numbers each, of ten classes. It writes OUT.npy, the
gradient in the embeddings, and OUT.json: the loss, the seconds of loss and gradient, repeated, and how far the memory
of the process rose meanwhile.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fresh import peak_mib

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]  # two views and the classes -> a scalar
DIM, CLASSES, TEMPERATURE, ALPHA = 128, 10, 0.49, 0.2
REPEATS, SECONDS = 3, 15.0  # steps that are timed: so many, or as many as begin within this time
WARM = 64  # samples of the untimed first use


@dataclass(frozen=True)
class Method:
    """How to evaluate a loss: its library, and the largest batch that this script gives it."""

    library: str
    load: Callable[[], Loss]
    most: int = 1 << 20


def ours(loss: str) -> Callable[[], Loss]:
    """The equation, given embeddings."""

    def load() -> Loss:
        from iconlearn import Augmentation, Gaussian, ICon, Label, StudentT

        target, learned = {
            "NT-Xent": (Augmentation(2), Gaussian(math.sqrt(TEMPERATURE), "cos")),
            "debiased": (Augmentation(2).debias(ALPHA), Gaussian(math.sqrt(TEMPERATURE), "cos")),
            "t-SimCLR": (Augmentation(2), StudentT()),
            "SupCon": (Label(), Gaussian(math.sqrt(TEMPERATURE), "cos")),
        }[loss]
        model = ICon(target, learned, torch.nn.Identity())

        def evaluate(a: Tensor, b: Tensor, y: Tensor) -> Tensor:
            value = model((a, b, y))
            if loss == "SupCon":  # peers report the cross entropy: the divergence and the entropy of p
                counts = torch.bincount(y, minlength=CLASSES)[y]
                value = value + (2 * counts - 1).to(value).log().mean()
            if loss == "debiased":
                value = value + entropy(2 * len(a))
            return value

        return evaluate

    return load


def entropy(n: int) -> float:
    """Of a row of the debiased target."""
    low = ALPHA / (n - 1)
    high = 1 - ALPHA + low
    return -high * math.log(high) - (n - 2) * low * math.log(low)


def plain(loss: str) -> Callable[[], Loss]:
    """Plain torch: one matrix of all pairs."""

    def evaluate(a: Tensor, b: Tensor, y: Tensor) -> Tensor:
        z, n = torch.cat([a, b]), 2 * len(a)
        if loss == "t-SimCLR":
            scores = -torch.log1p(torch.cdist(z, z, compute_mode="use_mm_for_euclid_dist").square())
        else:
            z = F.normalize(z, dim=1)
            scores = z @ z.T / TEMPERATURE
        scores = scores.fill_diagonal_(-torch.inf) if loss != "t-SimCLR" else masked(scores)
        if loss in ("NT-Xent", "t-SimCLR"):
            return F.cross_entropy(scores, torch.arange(n, device=z.device).roll(n // 2))
        log_q = scores.log_softmax(1)
        if loss == "debiased":
            positive = log_q.gather(1, torch.arange(n, device=z.device).roll(n // 2).unsqueeze(1)).mean()
            others = masked(log_q, 0.0).sum(1).mean() / (n - 1)
            return -(1 - ALPHA) * positive - ALPHA * others
        label = y.repeat(2)
        same = (label[:, None] == label).fill_diagonal_(False)
        return -(log_q.masked_fill(~same, 0.0).sum(1) / same.sum(1)).mean()

    return lambda: evaluate


def masked(scores: Tensor, value: float = -torch.inf) -> Tensor:
    """Another matrix, with this value on the diagonal."""
    return scores.masked_fill(torch.eye(len(scores), dtype=torch.bool, device=scores.device), value)


def lightly() -> Loss:
    from unittest.mock import MagicMock

    for name in ("", ".ops", ".transforms", ".models", ".models.vision_transformer", ".utils"):
        sys.modules[f"torchvision{name}"] = MagicMock()  # imported beside the loss, which does not use it
    from lightly.loss.ntx_ent_loss import NTXentLoss

    loss = NTXentLoss(TEMPERATURE)
    return lambda a, b, y: loss(a, b)


def metric_learning(name: str) -> Callable[[], Loss]:
    """pytorch-metric-learning, where views of a sample, or samples of a class, share a label."""

    def load() -> Loss:
        from pytorch_metric_learning import losses

        loss = getattr(losses, name)(temperature=TEMPERATURE)

        def evaluate(a: Tensor, b: Tensor, y: Tensor) -> Tensor:
            label = y if name == "SupConLoss" else torch.arange(len(a))
            return loss(torch.cat([a, b]), label.repeat(2))

        return evaluate

    return load


PML = "pytorch-metric-learning"
METHODS: dict[str, dict[str, Method]] = {
    loss: {
        "iconlearn": Method("iconlearn", ours(loss), most=8192 if loss == "SupCon" else 1 << 20),
        "plain torch": Method("torch", plain(loss), most=8192),
    }
    for loss in ("NT-Xent", "debiased", "t-SimCLR", "SupCon")
}
METHODS["NT-Xent"]["lightly"] = Method("lightly", lightly, most=8192)
METHODS["NT-Xent"][PML] = Method(PML, metric_learning("NTXentLoss"), most=256)  # positives x negatives
METHODS["SupCon"][PML] = Method(PML, metric_learning("SupConLoss"), most=4096)


def batch(pairs: int) -> tuple[Tensor, Tensor, Tensor]:
    """Two views of samples of ten classes, and the classes."""
    generator = torch.Generator().manual_seed(0)
    y = torch.randint(CLASSES, (pairs,), generator=generator)
    sample = torch.randn(CLASSES, DIM, generator=generator)[y] + torch.randn(pairs, DIM, generator=generator)
    a, b = (sample + 0.5 * torch.randn(pairs, DIM, generator=generator) for _ in range(2))
    return a, b, y


def step(loss: Loss, a: Tensor, b: Tensor, y: Tensor) -> tuple[float, Tensor, float]:
    """Loss, gradient in both views, and seconds."""
    a, b = (t.clone().requires_grad_() for t in (a, b))
    start = time.perf_counter()
    value = loss(a, b, y)
    value.backward()
    seconds = time.perf_counter() - start
    assert a.grad is not None
    assert b.grad is not None
    return value.item(), torch.cat([a.grad, b.grad]), seconds


def forget_peak() -> None:
    """Start the mark of peak memory again, where the system has one."""
    mark = Path("/proc/self/clear_refs")
    if mark.exists():
        mark.write_text("5")


def main() -> None:
    """Evaluate, and write gradient and figures."""
    loss, name, pairs, out = sys.argv[1:]
    method = METHODS[loss][name]
    evaluate = method.load()
    step(evaluate, *batch(WARM))
    given = batch(int(pairs))
    forget_peak()
    before = peak_mib()
    began, steps = time.perf_counter(), []
    while len(steps) < REPEATS and (not steps or time.perf_counter() - began < SECONDS):
        steps.append(step(evaluate, *given))
    figures = {
        "loss": steps[0][0],
        "seconds": [s for _, _, s in steps],
        "peak_mib": peak_mib() - before,
        "version": version(method.library),
    }
    np.save(f"{out}.npy", steps[0][1].numpy())
    Path(f"{out}.json").write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
