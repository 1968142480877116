"""Steps of InfoNCE clustering against the paper's dense loss in plain torch: `python benchmarks/cluster_loss.py`.

Both take the same batch, head, start and optimiser in one process, in turns. A batch is groups of an anchor and its
neighbours; p is uniform over the rest of the group, and alpha of it over the others of the batch. Plain torch makes
q = phi (phi / S)^T as a matrix, its logarithm, and the divergence from a dense p. The best time of all rounds counts:
other work on the machine only ever adds. Peak memory is that of live tensors above where the step began, by torch's
profiler. Losses are compared with plain torch in float64: each in float32, and ours in float64.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from iconlearn import ICon, Label, UniformCluster
from reporting import Report, header, table

CASES = ((0.0, 0.0), (0.6, 0.0), (0.0, 0.6), (0.6, 0.6))
SEED = 0


@dataclass(frozen=True)
class Sizes:
    """Rows of a batch, rows of a group, clusters, features."""

    batch: int
    group: int
    clusters: int
    features: int


class Job:
    """One way to take steps: a head of its own, an optimiser, and the loss of the batch."""

    def __init__(self, sizes: Sizes, dtype: torch.dtype) -> None:
        generator = torch.Generator().manual_seed(SEED)
        centres = torch.randn(sizes.batch // sizes.group, sizes.features, generator=generator)
        self.group = torch.arange(sizes.batch) // sizes.group
        noise = torch.randn(sizes.batch, sizes.features, generator=generator)
        self.x = (centres[self.group] + 0.5 * noise).to(dtype)
        self.head = nn.Linear(sizes.features, sizes.clusters).to(dtype)
        with torch.no_grad():
            self.head.weight.copy_(0.1 * torch.randn(self.head.weight.shape, generator=generator))
            self.head.bias.zero_()
        self.start = {k: v.clone() for k, v in self.head.state_dict().items()}
        self.optimizer = torch.optim.Adam(self.head.parameters(), 1e-3)
        self.loss: Callable[[], Tensor] = lambda: torch.zeros(())

    def back(self) -> None:
        """The head as it was at first."""
        self.head.load_state_dict(self.start)

    def step(self) -> float:
        """One step: loss, gradient, update."""
        self.optimizer.zero_grad()
        loss = self.loss()
        loss.backward()
        self.optimizer.step()
        return loss.item()


def plain(sizes: Sizes, alpha: float, alpha_q: float, dtype: torch.dtype = torch.float32) -> Job:
    """The paper's formula in torch; a dense p, made once."""
    job, n = Job(sizes, dtype), sizes.batch
    p = (job.group[:, None] == job.group[None]).to(dtype).fill_diagonal_(0.0)
    p = p / p.sum(1, keepdim=True)
    if alpha:
        p = (1 - alpha) * p + alpha * (1 - torch.eye(n, dtype=dtype)) / (n - 1)
    negative_entropy = torch.special.xlogy(p, p).sum(1).mean()

    def loss() -> Tensor:
        phi = job.head(job.x).softmax(1)
        q = phi @ (phi / phi.sum(0)).T
        if alpha_q:
            q = (1 - alpha_q) * q + alpha_q / n
        return negative_entropy - (p * q.log()).sum(1).mean()

    job.loss = loss
    return job


def library(sizes: Sizes, alpha: float, alpha_q: float, dtype: torch.dtype = torch.float32) -> Job:
    """The same through ``ICon``."""
    job = Job(sizes, dtype)
    model = ICon(Label().debias(alpha), UniformCluster().debias(alpha_q), job.head)
    batch = {"value": job.x, "label": job.group}
    job.loss = lambda: model(batch)
    return job


def best_times(jobs: list[Job], rounds: int) -> list[float]:
    """Seconds of the fastest step of each, taken in turns."""
    for job in jobs:
        job.step()  # first use compiles and allocates
    times = [[] for _ in jobs]
    for _ in range(rounds):
        for job, own in zip(jobs, times, strict=True):
            job.back()
            began = time.perf_counter()
            job.step()
            own.append(time.perf_counter() - began)
    return [min(own) for own in times]


def peak(job: Job) -> float:
    """Largest sum of live allocations during a step, MiB above where it began."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        job.step()
    live = most = 0
    events = seen.profiler.kineto_results.events()  # type: ignore[union-attr]
    for event in sorted((e for e in events if e.name() == "[memory]"), key=lambda e: e.start_ns()):
        live += event.nbytes()  # type: ignore[attr-defined]
        most = max(most, live)
    return most / 2**20


def main() -> None:
    """Print times, memory and losses of every case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--group", type=int, default=4, help="an anchor and its neighbours")
    parser.add_argument("--clusters", type=int, default=1000)
    parser.add_argument("--features", type=int, default=768)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", help="also append to this file of benchmarks/results")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    sizes = Sizes(given.batch, given.group, given.clusters, given.features)
    rows = []
    for alpha, alpha_q in CASES:
        dense, ours = plain(sizes, alpha, alpha_q), library(sizes, alpha, alpha_q)
        losses = [float(job.loss().detach()) for job in (dense, ours)]
        exact = [
            float(make(sizes, alpha, alpha_q, torch.float64).loss().detach()) for make in (plain, library)
        ]
        times = best_times([dense, ours], given.rounds)
        memory = [peak(job) for job in (dense, ours)]
        rows.append(
            [
                f"{alpha:g}",
                f"{alpha_q:g}",
                *(f"{1000 * t:.0f}" for t in times),
                f"{times[0] / times[1]:.1f}",
                *(f"{m:.0f}" for m in memory),
                f"{exact[0]:.6f}",
                *(f"{abs(loss / exact[0] - 1):.1e}" for loss in (*losses, exact[1])),
            ]
        )
    report = Report(given.out)
    report(header())
    columns = ["alpha on p", "on q", "plain ms", "ours ms", "ratio", "plain MiB", "ours MiB"]
    columns += ["loss", "plain off by", "ours off by", "in float64"]
    report(table(columns, rows) + "\n")


if __name__ == "__main__":
    main()
