"""Every distribution with every divergence, as target and as learned distribution, through both engines."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from zoo import (
    ALL_DIVERGENCES,
    CASES,
    CLASSES,
    ENGINES,
    NAIVE,
    SMOOTH,
    cases,
    matrix,
    naive_loss,
    prototypes,
    sides,
    values,
)

from iconlearn._errors import InputError, OptionError
from iconlearn.conditional import Conditional
from iconlearn.distributions import KNN, DataLabel, Gaussian, Label, StudentT, UniformCluster
from iconlearn.divergences import DIVERGENCES, Divergence
from iconlearn.engines import Dense
from iconlearn.points import Points

pytestmark = pytest.mark.usefixtures("float64")


def outcome(divergence: Divergence, p: Conditional, q: Conditional) -> torch.Tensor | str:
    """The loss, or the refusal."""
    try:
        return divergence(p, q)
    except (OptionError, InputError) as refusal:
        return str(refusal)


def slope(losses: dict[str, torch.Tensor], z: torch.Tensor) -> torch.Tensor:
    """Gradient of all losses at once, each with a weight of its own that brings it to the order of one."""
    total = sum((k + 1) * loss / (1 + abs(loss.item())) for k, loss in enumerate(losses.values()))
    if not total.requires_grad:
        return torch.zeros_like(z)
    (gradient,) = torch.autograd.grad(total, z, allow_unused=True)
    return torch.zeros_like(z) if gradient is None else gradient


def check(build, z: torch.Tensor, norm: str) -> int:
    """Both engines agree with each other and with the formula; how many divergences were not refused."""
    sides_of = {name: build(engine) for name, engine in ENGINES.items()}
    P, Q = (matrix(c) for c in sides_of["dense"])
    accepted, finite = 0, {"dense": {}, "tiled": {}}
    for name, divergence in ALL_DIVERGENCES.items():
        truth = naive_loss(name, P, Q, norm)
        dense, tiled = (outcome(divergence, p, q) for p, q in sides_of.values())
        if isinstance(dense, str):
            assert dense == tiled
            assert name in dense
            assert truth == math.inf, f"{name} is {truth}, but refused: {dense}"
            continue
        accepted += 1
        assert dense.item() == pytest.approx(truth, rel=1e-9, abs=1e-10), name
        assert tiled.item() == pytest.approx(dense.item(), rel=1e-10, abs=1e-10), name
        if math.isfinite(truth):
            finite["dense"][name], finite["tiled"][name] = dense, tiled
    g, h = (slope(losses, z) for losses in finite.values())
    assert g.isfinite().all()
    torch.testing.assert_close(h, g, rtol=1e-10, atol=1e-10 * max(1.0, float(g.abs().max())))
    return accepted


@pytest.mark.parametrize(**cases(CASES))
def test_as_target(form, norm):
    z = values(form, 7).requires_grad_()
    i, j = sides(form, 0)
    classes = prototypes(values(form, 8, CLASSES))

    def build(engine):
        dist = form.make(norm)
        p = dist(i, j, engine)
        rows = i.with_value(z)
        q = StudentT(2, normalize=norm, pairs=dist.pairs)(rows, rows if j is i else classes, engine)
        return p, q

    assert check(build, z, norm) >= 5


@pytest.mark.parametrize(**cases(CASES))
def test_as_learned(form, norm):
    """Row-normalised against a dense target, jointly normalised against a sparse one, and the reverse."""
    sparse = (norm == "joint") == (len(form.norms) == 2)
    z = values(form, 7).requires_grad_()
    i, j = sides(form, 50)

    def build(engine):
        q = form.make(norm)
        rows, cols = sides(form, 7, z)
        options = {"normalize": norm, "pairs": q.pairs}
        target = KNN(2, **options) if sparse else Gaussian(0.9, "cos", **options)
        return target(i, j, engine), q(rows, cols, engine)

    assert check(build, z, norm) >= 5


@pytest.mark.parametrize("norm", ["row", "joint"])
@pytest.mark.parametrize(
    ("mine", "theirs"), [("distinct", "all"), ("cross_view", "all"), ("cross_view", "distinct")]
)
@pytest.mark.parametrize("make", [StudentT, UniformCluster], ids=lambda m: m.__name__)
def test_a_smoothed_target_has_mass_on_its_own_candidates_only(make, mine, theirs, norm):
    i, _ = sides(CASES[0][0], 0)
    z = values(CASES[0][0], 7).requires_grad_()

    def build(engine):
        options = {"normalize": norm, "pairs": mine}
        rows = i.with_value(z)
        return Label(**options).debias(0.3)(i, i, engine), make(normalize=norm, pairs=theirs)(
            rows, rows, engine
        )

    assert check(build, z, norm) >= 5


def test_every_divergence_has_a_formula():
    assert set(ALL_DIVERGENCES) == set(NAIVE)


@pytest.mark.parametrize(**cases(SMOOTH))
def test_gradient_is_that_of_finite_differences(form, norm):
    """Three rows of the twelve move; gradcheck compares all divergences at once with central differences."""
    base = values(form, 7)
    i, j = sides(form, 50)

    dist = form.make(norm)
    p = Gaussian(0.9, "cos", normalize=norm, pairs=dist.pairs)(i, j, Dense)

    def losses(z):
        q = dist(*sides(form, 7, torch.cat([z, base[3:]])), Dense)
        return {name: outcome(d, p, q) for name, d in ALL_DIVERGENCES.items()}

    z = base[:3].clone().requires_grad_()
    size = {k: v.item() for k, v in losses(z).items() if not isinstance(v, str) and v.isfinite()}
    assert len(size) >= 5

    def total(z):
        found = losses(z)
        return sum((k + 1) * found[name] / (1 + abs(size[name])) for k, name in enumerate(size))

    assert torch.autograd.gradcheck(total, (z,), rtol=1e-6, atol=1e-7)


def test_rows_without_target_mass_are_left_out():
    """The loss is that of the labelled rows alone, whatever the others embed to."""
    value = values(CASES[0][0], 0)
    label = torch.tensor([0, 1, 0, 1, 2, -1, 1, 0, 2, 3, -1, 0])
    z = values(CASES[0][0], 1).requires_grad_()
    i = Points.of(value, label=label)
    kept = torch.tensor([k for k in range(12) if label[k] not in (3, -1)])
    everyone = i.with_value(z)
    for engine in ENGINES.values():
        p, q = Label()(i, i, engine), StudentT()(everyone, everyone, engine)
        rows = DIVERGENCES["kl"].rows(p, q)
        assert rows[[5, 9, 10]].tolist() == [0, 0, 0]
        (part,) = torch.autograd.grad(DIVERGENCES["kl"](p, q), z)
        few = DIVERGENCES["kl"](p, q).item()
        assert few == pytest.approx(rows[kept].mean().item())
        assert part.isfinite().all()


def test_a_batch_without_any_positive_costs_nothing():
    z = values(CASES[0][0], 1).requires_grad_()
    i = Points.of(z, label=torch.arange(12))
    for engine in ENGINES.values():
        for name in ("kl", "js", "tv", "hellinger", "chi2"):
            loss = DIVERGENCES[name](Label()(i, i, engine), StudentT()(i, i, engine))
            loss.backward()
            assert loss.item() == 0
            assert (z.grad == 0).all()


REFUSED = {
    "row against joint": (
        StudentT(normalize="joint"),
        StudentT(),
        "kl",
        "joint-normalised.*row-normalised.*try",
    ),
    "joint against row": (StudentT(), StudentT(normalize="joint"), "kl", r"row-normalised.*symmetrize\(\)"),
    "wide target": (Gaussian(math.inf), StudentT(), "kl", "target_dist has sigma=0 or inf"),
    "wide learned": (StudentT(), Gaussian(math.inf), "js", "use divergence='kl'"),
    "self only in p, kl": (StudentT(pairs="all"), StudentT(), "kl", "only the target has mass.*same pairs="),
    "self only in p, chi2": (StudentT(), StudentT(pairs="cross_view"), "chi2", "only the target has mass"),
    "self only in q, reverse kl": (
        StudentT(),
        StudentT(pairs="all"),
        "reverse_kl",
        "only learned_dist has mass",
    ),
    "self only in q, jeffreys": (StudentT(), StudentT(pairs="all"), "jeffreys", "only learned_dist has mass"),
    "sparse p, reverse kl": (KNN(3), StudentT(), "reverse_kl", r"sparse.*debias\(0\.1\)"),
    "sparse p, alpha": (Label(), StudentT(), "alpha(-1)", r"sparse.*debias\(0\.1\)"),
    "sparse p, reverse chi2": (
        Label(),
        UniformCluster(),
        "reverse_chi2",
        "only learned_dist has mass|sparse",
    ),
    "sparse q, kl": (
        StudentT(),
        StudentT().nearest(3),
        "kl",
        r"learned_dist has no mass.*learned_dist\.debias",
    ),
    "sparse q, chi2": (Gaussian(), KNN(3), "chi2", r"learned_dist has no mass.*learned_dist\.debias"),
    "empty rows in a joint p": (
        Label(normalize="joint").debias(0.1),
        StudentT(normalize="joint"),
        "reverse_kl",
        "4 rows",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_infinite_and_undefined_cases_are_refused_with_a_sentence(case):
    p, q, name, sentence = REFUSED[case]
    i, _ = sides(CASES[0][0], 0)
    for engine in ENGINES.values():
        with pytest.raises(OptionError, match=sentence):
            ALL_DIVERGENCES[name](p(i, i, engine), q(i, i, engine))


def test_shapes_must_agree():
    i, _ = sides(CASES[0][0], 0)
    classes = prototypes(values(CASES[0][0], 8, CLASSES))
    with pytest.raises(InputError, match="12 x 5 pairs but learned_dist 12 x 12"):
        DIVERGENCES["kl"](DataLabel()(i, classes, Dense), StudentT()(i, i, Dense))


def test_limits_cannot_be_wrapped_or_joint():
    i, _ = sides(CASES[0][0], 0)
    for wide in (Gaussian(math.inf), Gaussian(0)):
        for wrapped in (
            wide.debias(0.1),
            wide.symmetrize(),
            wide.nearest(3),
            0.5 * wide + 0.5 * StudentT(),
            wide.propagate(2),
        ):
            with pytest.raises((OptionError, InputError), match=r"limit|probabilities"):
                wrapped(i, i, Dense)
    with pytest.raises(OptionError, match="limit of every row"):
        Gaussian(math.inf, normalize="joint")


@pytest.mark.parametrize("sigma", [0, math.inf])
@pytest.mark.parametrize("target", [Label(), Label().debias(0.3), StudentT()], ids=repr)
def test_limits_are_the_rescaled_cross_entropy(target, sigma):
    """-sum p d + pooled(-d): the largest or the mean score in place of the logsumexp."""
    i, _ = sides(CASES[0][0], 0)
    X = i.value.numpy()
    D = ((X[:, None] - X[None]) ** 2).sum(-1)
    D[np.eye(12, dtype=bool)] = np.nan
    pooled = -np.nanmin(D, 1) if sigma == 0 else -np.nanmean(D, 1)
    P = matrix(target(i, i, Dense))
    filled = P.sum(1) > 0
    expected = (np.nansum(P * D, 1) + pooled)[filled].mean()
    for engine in ENGINES.values():
        loss = DIVERGENCES["kl"](target(i, i, engine), Gaussian(sigma)(i, i, engine))
        assert loss.item() == pytest.approx(expected, abs=1e-12)


def test_hard_clusters_against_a_smoothed_target_are_infinite_not_nan():
    i, _ = sides(CASES[0][0], 0)
    hard = i.with_value(torch.eye(3).repeat(4, 1))
    p, q = (
        Label().debias(0.2)(i, i, Dense),
        UniformCluster("probabilities", pairs="distinct")(hard, hard, Dense),
    )
    assert DIVERGENCES["kl"](p, q).item() == math.inf


def test_equal_sparse_conditionals_have_divergence_zero():
    i, _ = sides(CASES[0][0], 0)
    p = KNN(3)(i, i, Dense)
    for name, divergence in ALL_DIVERGENCES.items():
        assert divergence(p, p).item() == pytest.approx(0, abs=1e-12), name
