"""What a model says of itself: the equation, the plan, the entropies, and what is exact."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from iconlearn.distributions.base import Kernel
from iconlearn.divergences import entropy
from iconlearn.engines import Plan, Problem, plan
from iconlearn.inputs import Inputs
from iconlearn.objective import Objective


@dataclass(frozen=True)
class Explanation:
    """An account of a model, printable; ``figures`` holds its numbers."""

    lines: tuple[str, ...]
    figures: dict[str, float]
    plan: Plan | None

    def __str__(self) -> str:
        return "\n".join(self.lines)

    __repr__ = __str__


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while; every module then goes back to the mode that it had."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def explain(model: Objective, batch: Inputs | None) -> Explanation:
    """Describe ``model``, and measure it on ``batch`` if one is given."""
    sides = {"row": "sum_i w_i D(p(.|i), q(.|i))", "joint": "D(P, Q) over all pairs"}
    lines = [
        f"L = {sides[model.target_dist.normalize]},  D = {model.measure.name}: {model.measure.formula}",
        f"p = {model.target_dist!r}  on the data",
        f"q = {model.learned_dist!r}  on the embedding",
        f"mapper: {model.mapper!r}" + (f";  columns: {model.mapper_j!r}" if model.mapper_j else ""),
    ]
    if batch is None:
        return Explanation(
            (*lines, "pass data to see the plan and the entropies: model.explain(X)"), {}, None
        )
    with evaluating(model), torch.no_grad():
        pair = model.pair(batch)
        loss, h = float(model.loss(pair)), float(entropy(pair.target)) + 0.0  # no -0
    chosen = None
    if isinstance(model.engine, str):
        kernel = model.learned_dist if isinstance(model.learned_dist, Kernel) else None
        drawn = model.evaluate.sampled.columns
        chosen = plan(Problem.of(pair.rows, pair.columns, kernel, drawn), model.engine)
        lines.append(f"engine {chosen}")
    support = pair.target.support
    form = (
        "dense" if support is None else f"sparse, {len(support)} pairs of {pair.target.n} x {pair.target.m}"
    )
    if pair.target.floor is not None and support is not None:
        form += ", and a uniform floor"
    empty = int(pair.target.empty.sum())
    figures = {model.measure.name: loss, "target_entropy": h, "empty_rows": float(empty)}
    lines.append(f"target: {form}; entropy {h:.4f} nats; {empty} rows without mass are left out of the mean")
    if model.measure.splits and not pair.learned.improper:
        figures["cross_entropy"] = loss + h
        lines.append(f"KL = cross entropy - entropy = {loss + h:.4f} - {h:.4f} = {loss:.4f}")
    else:
        lines.append(f"{model.measure.name} = {loss:.4f}")
    limit = " The learned side is no probability: its value is a cross entropy, in a limit times 2 sigma^2."
    estimated = " A step of fit estimates the sums of q, and so its loss."
    meshed = " A step of fit reads the sums of q from a coarser mesh, to the engine's tolerance."
    lines.append(
        "exact: every sum is evaluated in full, up to float rounding."
        + (estimated if model.evaluate.samples or (chosen is not None and chosen.engine == "sampled") else "")
        + (meshed if chosen is not None and chosen.engine == "grid" else "")
        + (limit if pair.learned.improper else "")
    )
    return Explanation(tuple(lines), figures, chosen)
