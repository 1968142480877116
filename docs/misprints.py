"""The misprints of the I-Con paper in figures: `python docs/misprints.py > docs/misprints.md` writes the page.

The texts are in ``misprints.md.in``. Each entry has a function here for its figures, computed in float64 as printed,
by a plain formula of ``iconlearn.published``, and by the library's distributions and divergences.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from iconlearn import distributions as d
from iconlearn.bandwidth import Perplexity
from iconlearn.divergences import DIVERGENCES, entropy
from iconlearn.engines import Dense
from iconlearn.points import Points
from iconlearn.published import clusters, contrastive, kernels, maps, supervised, targets

Number = float | Tensor
Row = tuple[str, Number, Number, Number | None]  # what, printed, correct, library


@dataclass(frozen=True)
class Figure:
    """One quantity as printed, as corrected, and by the library (None where the library has no part in it)."""

    what: str
    printed: float
    correct: float
    library: float | None


@dataclass(frozen=True)
class Misprint:
    """One entry of the page; the texts are Markdown."""

    id: int
    title: str
    printed: str
    correct: str
    why: str
    figures: tuple[Figure, ...]


# ---------------------------------------------------------------- the small problem that all entries share

N, M = 12, 3  # points and clusters


def normal(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


DATA, EMBEDDING, CENTRES = normal(0, N, 3), normal(1, N, 2), normal(2, M, 2)
SOFT = (2 * normal(3, N, M)).softmax(1)
HARD = torch.eye(M, dtype=torch.float64)[[0] * 6 + [1] * 4 + [2] * 2]
LABELS = torch.tensor([0, 0, 0, 1, 1, 1] * 2)
FIRST, SECOND = EMBEDDING.split(6)
SAMPLES, VIEWS = torch.arange(6).repeat(2), torch.arange(2).repeat_interleave(6)
X, Y = (Points.of(z, id=SAMPLES, view=VIEWS, fields={"data": DATA}) for z in (DATA, EMBEDDING))
D = kernels.squared_distances(EMBEDDING, EMBEDDING)
OTHER, POSITIVE = kernels.other_rows(N), targets.positive_rows(6, 2)
CLUSTERS = d.UniformCluster("probabilities")


def loss(p: d.Distribution, q: d.Distribution, j: Points = Y, name: str = "kl", i: Points = X) -> float:
    """The library's divergence of p on i and q on j."""
    return DIVERGENCES[name](p(i, i, Dense), q(j, j, Dense)).item()


def masses(q: d.Distribution, i: Points, j: Points | None = None) -> Tensor:
    """The library's q as a matrix."""
    return q(i, i if j is None else j, Dense).block(None).exp()


# ---------------------------------------------------------------- the entries


def gaussian_sign() -> list[Row]:
    """Where the nearest neighbour stands with either sign."""
    nearest = D.masked_fill(~OTHER, math.inf).argmin(1, keepdim=True)
    printed, correct = kernels.row_softmax(D / 2, OTHER), kernels.gaussian(EMBEDDING)
    wrong, right, library = (q.gather(1, nearest).mean() for q in (printed, correct, masses(d.Gaussian(), Y)))
    return [("mean mass of the nearest neighbour", wrong, right, library)]


def wide_limit() -> list[Row]:
    """The bound, the variance that is meant, and the divisor of sums without self."""
    p, variance = d.Augmentation(), maps.projected_variance
    margin = contrastive.average_margin(POSITIVE, EMBEDDING).item()
    widths = (0.1, 1.0, 10.0, 100.0, 1000.0)  # s
    excess = [loss(p, d.Gaussian(math.sqrt(s / 2))) - math.log(N - 1) - margin / s for s in widths]
    signs = {math.copysign(1.0, e) for e in excess}
    pull = (POSITIVE * D).sum(1).mean()
    mine, theirs = pull - 2 * variance(EMBEDDING), pull - 2 * variance(DATA)
    without = pull - 2 * N / (N - 1) * variance(EMBEDDING)
    return [
        (
            f"sign of CE - log M - L/s at {len(widths)} widths",
            -1.0,
            1.0,
            signs.pop() if len(signs) == 1 else 0.0,
        ),
        ("L with self (printed: Var(X))", theirs, mine, loss(p, d.Gaussian(math.inf, pairs="all"))),
        ("L without self (printed: sums over n)", mine, without, loss(p, d.Gaussian(math.inf))),
    ]


def pca_self() -> list[Row]:
    """The wide limit of the identity with and without self."""
    printed = kernels.cross_entropy(targets.identity_rows(N), kernels.gaussian(EMBEDDING))
    library = loss(d.Identity(), d.Gaussian(math.inf, pairs="all"))
    return [("limit of s (CE - log n)", printed, -2 * maps.projected_variance(EMBEDDING), library)]


def student_one() -> list[Row]:
    """The loss with and without the 1 in the kernel."""
    printed = kernels.cross_entropy(POSITIVE, kernels.row_softmax(-1.5 * (D / 2).log(), OTHER))
    correct = contrastive.t_simclr(FIRST, SECOND, df=2)
    return [("t-SimCLR loss, nu = 2", printed, correct, loss(d.Augmentation(), d.StudentT(2)))]


def triplet_weight() -> list[Row]:
    """One triplet, weighted by q and by p, at two widths."""
    anchor, columns = torch.zeros(1, 1).double(), torch.tensor([[1.2], [1.0]]).double()
    i, j = Points.of(anchor), Points.of(columns, view=torch.ones(2, dtype=torch.int64))
    hinge, p = columns[0] ** 2 - columns[1] ** 2, d.Augmentation()(i, j, Dense)
    rows: list[Row] = []
    for s in (1.0, 0.1):
        q = kernels.gaussian(anchor, columns, sigma=math.sqrt(s / 2))
        library = s * DIVERGENCES["kl"](p, d.Gaussian(math.sqrt(s / 2))(i, j, Dense))
        printed = s * kernels.entropy(q)
        rows.append(
            (
                f"s times the loss, D+ - D- = {hinge.item():g}, s = {s:g}",
                printed,
                s * (hinge / s).exp().log1p(),
                library,
            )
        )
    return rows


def x_sample_similarity() -> list[Row]:
    """A target of the wrong features and of the right ones."""
    p, q = d.Gaussian(math.sqrt(0.5), "cos").on("data"), d.Gaussian(math.sqrt(0.5), "cos")
    own = targets.cosine_softmax_rows(EMBEDDING, 0.5)
    printed = kernels.cross_entropy(own, kernels.cosine(EMBEDDING, temperature=0.5))
    correct = contrastive.x_sample(EMBEDDING, DATA, temperature=0.5, target_temperature=0.5)
    return [("cross entropy, temperatures 0.5", printed, correct, loss(p, q) + entropy(p(X, X, Dense)))]


def harmonic_limit() -> list[Row]:
    """The two ends of sigma, and the sums of rows."""
    label, q = torch.arange(N) % M, d.Harmonic(2, pairs="all")
    i, j = Points.of(EMBEDDING, label=label), Points.of(CENTRES, label=torch.arange(M))
    far = kernels.cross_entropy(
        targets.class_rows(label, M), kernels.student(EMBEDDING, CENTRES, df=3, width=1e9)
    )
    near = supervised.harmonic_loss(EMBEDDING, CENTRES, label, exponent=4)
    library = DIVERGENCES["kl"](d.DataLabel()(i, j, Dense), q(i, j, Dense))
    distance = kernels.squared_distances(EMBEDDING, CENTRES)
    printed = distance**-2 / (distance.sqrt() ** -2).sum(1, keepdim=True)
    wrong, right, sums = (
        r.sum(1).mean() for r in (printed, kernels.harmonic(EMBEDDING, CENTRES, 2), masses(q, i, j))
    )
    return [
        ("harmonic loss, n = 2 (printed: wide)", far, near, library),
        ("mean sum of a row (printed: Table 1)", wrong, right, sums),
    ]


def kmeans_pairs() -> list[Row]:
    """The cost of soft clusters from their centres and from pairs."""
    distance, q = kernels.squared_distances(DATA, DATA), masses(CLUSTERS, X.with_value(SOFT))
    printed = -(kernels.cluster(SOFT) * distance).sum()
    return [
        (
            "k-means cost of soft clusters",
            printed,
            clusters.kmeans_inertia(DATA, SOFT),
            (q * distance).sum() / 2,
        )
    ]


def kmeans_coefficient() -> list[Row]:
    """The sum of the divergences with the coefficient and the direction as printed, and as corrected."""
    sigma, q = 0.8, kernels.cluster(SOFT)
    p = targets.gaussian_rows(DATA, sigma, self_included=True)
    cost = clusters.kmeans_inertia(DATA, SOFT) / sigma**2
    rest = clusters.gaussian_log_partition(DATA, sigma) - kernels.row_entropies(q).sum()
    library = N * loss(d.Gaussian(sigma, pairs="all"), CLUSTERS, X.with_value(SOFT), "reverse_kl")
    return [
        ("sum of KL over the rows (printed: coefficient)", cost / 2 + rest, cost + rest, library),
        ("the same (printed: direction)", N * kernels.kl(p, q), cost + rest, library),
    ]


def cut_volume() -> list[Row]:
    """The cut with either volume."""
    w = normal(4, N, N).square()
    w = w + w.T
    degree, inside = w.sum(1), torch.einsum("ic,ij,jc->c", SOFT, w, SOFT)
    i = Points.of(SOFT, fields={"degree": degree[:, None]})
    library = M - (masses(d.UniformCluster("probabilities", weight="degree"), i) * w / degree).sum()
    return [
        (
            "normalised cut of three clusters",
            M - (inside / inside).sum(),
            clusters.normalized_cut(w, SOFT),
            library,
        )
    ]


def information_bound() -> list[Row]:
    """The bound at the q of the largest and of the smallest cross entropy; the information is log 3."""
    member = torch.eye(M).double().repeat(N // M, 1)
    i = Points.of(member, label=torch.arange(N) % M)
    p = d.Label(pairs="all")
    offered = [loss(p, d.UniformCluster(), i.with_value(a * member), i=i) for a in (-2.0, 0.0, 2.0, 40.0)]
    bounds = [math.log(N) - kl - entropy(p(i, i, Dense)).item() for kl in offered]
    return [("log N - CE at the q that is chosen", min(bounds), math.log(M), max(bounds))]


def clustering_rows() -> list[Row]:
    """Hard clusters in either direction."""
    p, q = targets.gaussian_rows(DATA, 1.0, self_included=True), kernels.cluster(HARD)
    library = loss(d.Gaussian(pairs="all"), CLUSTERS, X.with_value(HARD), "reverse_kl")
    return [("loss of three hard clusters, sigma = 1", kernels.kl(p, q), kernels.reverse_kl(p, q), library)]


def debiased_side() -> list[Row]:
    """The loss with alpha on either side."""
    p, q = d.Augmentation().debias(0.4), kernels.gaussian(EMBEDDING)
    printed = kernels.cross_entropy(POSITIVE, targets.debias(q, 0.4, OTHER))
    correct = kernels.cross_entropy(targets.debias(POSITIVE, 0.4, OTHER), q)
    return [("cross entropy, alpha = 0.4", printed, correct, loss(p, d.Gaussian()) + entropy(p(X, X, Dense)))]


def width_conventions() -> list[Row]:
    """Temperatures of the conventions; the library's is read off two of its masses."""
    sigma, z = 0.7, kernels.unit(EMBEDDING)
    log_q, cosine = masses(d.Gaussian(sigma, "cos"), Y)[0].log(), z @ z[0]
    library = (cosine[1] - cosine[2]) / (log_q[1] - log_q[2])
    forms = {"exp(-D)": 0.5, "exp(-D / sigma^2)": sigma**2 / 2, "code, exp(cos / (2 sigma^2))": 2 * sigma**2}
    return [(f"temperature, sigma = {sigma} (printed: {k})", v, sigma**2, library) for k, v in forms.items()]


def simclr_positives() -> list[Row]:
    """The loss with the positives of SupCon and of SimCLR."""
    library = loss(d.Augmentation(), d.Gaussian(math.sqrt(0.5), "cos"))
    printed, correct = supervised.supcon(EMBEDDING, LABELS, 0.5), contrastive.nt_xent(FIRST, SECOND, 0.5)
    return [("loss, temperature 0.5, two classes", printed, correct, library)]


def claimed_gains() -> list[Row]:
    """Differences of the paper's own table."""
    temi, scan, ours = 58.62, 60.15, {"B": 64.75, "L": 67.52}  # Table 2
    return [
        ("gain with ViT-B", 4.5, ours["B"] - temi, None),
        ("gain with ViT-L", 7.8, ours["L"] - scan, None),
    ]


def row_tsne() -> list[Row]:
    """The row form, the joint form, and the joint form from rows."""
    p, dist = targets.perplexity_rows(DATA, 4.0), d.Gaussian(Perplexity(4, kept=None)).symmetrize()
    P, Q = targets.joint(p), kernels.joint_student(EMBEDDING)
    mine, theirs = P.sum(1, keepdim=True), Q.sum(1, keepdim=True)
    rows = kernels.row_cross_entropies(P / mine, Q / theirs) - kernels.row_entropies(P / mine)
    sums = kernels.joint_kl(mine, theirs)
    joint, learned = loss(dist, d.StudentT(normalize="joint")), d.StudentT(normalize="joint")
    library = kernels.joint_kl(masses(dist, X).sum(1, keepdim=True), masses(learned, Y).sum(1, keepdim=True))
    return [
        (
            "t-SNE loss, perplexity 4 (printed: mean of rows)",
            maps.row_tsne(p, EMBEDDING) / N,
            maps.tsne(P, EMBEDDING),
            joint,
        ),
        ("the same by the chain rule (printed: mean of rows)", rows.mean(), mine[:, 0] @ rows + sums, joint),
        ("of which the sums of the rows", 0.0, sums, library),
    ]


ENTRIES: tuple[Callable[[], list[Row]], ...] = (
    gaussian_sign, wide_limit, pca_self, student_one, triplet_weight, x_sample_similarity, harmonic_limit, kmeans_pairs,
    kmeans_coefficient, cut_volume, information_bound, clustering_rows, debiased_side, width_conventions,
    simclr_positives, claimed_gains, row_tsne,
)  # fmt: skip

# ---------------------------------------------------------------- the page

HEAD, *TEXTS = re.split(
    r"\n\n## \d+\. ", Path(__file__).with_name("misprints.md.in").read_text("utf-8").strip()
)


def figure(what: str, *values: Number | None) -> Figure:
    """Tensors as floats, and rounding errors as the zero that they stand for."""
    floats = (None if v is None else 0.0 if abs(float(v)) < 1e-12 else float(v) for v in values)
    return Figure(what, *floats)  # type: ignore[arg-type]


def misprint(number: int) -> Misprint:
    """Entry ``number``, counted from 1, with its figures computed."""
    title, printed, correct, why = re.split(r"\n\n\*\*(?:Printed|Correct|Why)\.\*\* ", TEXTS[number - 1])
    return Misprint(
        number, title, printed, correct, why, tuple(figure(*row) for row in ENTRIES[number - 1]())
    )


def section(entry: Misprint) -> str:
    """One entry in Markdown, figures to six digits."""
    table = ["| quantity | printed | correct | iconlearn |", "|---|---|---|---|"]
    for f in entry.figures:
        shown = ("-" if value is None else f"{value:.6g}" for value in (f.printed, f.correct, f.library))
        table.append(f"| {f.what} | {' | '.join(shown)} |")
    texts = (f"**Printed.** {entry.printed}", f"**Correct.** {entry.correct}", f"**Why.** {entry.why}")
    return "\n\n".join([f"## {entry.id}. {entry.title}", *texts, "\n".join(table)])


def page() -> str:
    """The whole page."""
    return "\n\n".join([HEAD, *(section(misprint(k + 1)) for k in range(len(ENTRIES)))])


def main() -> None:
    """Print the page."""
    print(page())


if __name__ == "__main__":
    main()
