"""Every row of the table has a certificate that passes, and nothing that is wrong gets one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

import iconlearn
from iconlearn import METHODS, Gaussian, InputError, OptionError, Perplexity, register
from iconlearn.claim import EXACT, KINDS, LIMIT, NOT_CLAIMED, Case, Claim, Rate, Reference
from iconlearn.claims import maps as map_claims
from iconlearn.distributions import Kernel
from iconlearn.divergences import entropy
from iconlearn.metrics import euclidean
from iconlearn.published import maps
from iconlearn.recipes import Recipe, embedding
from iconlearn.verification import Certificate, certificate, certify, make_case, verify
from iconlearn.verification.certificate import against, slowest
from iconlearn.verification.problems import CLASSES, SIZES, Leaf

LIBRARIES = ("pytorch_metric_learning", "sklearn", "scipy")


@pytest.fixture
def own() -> Iterator[None]:
    """Rows that a test registers are gone after it."""
    before = set(METHODS)
    yield
    for name in set(METHODS) - before:
        del METHODS[name]


class Laplace(Kernel):
    """exp(-d), with the plain distance, where SNE has exp(-d^2)."""

    def log_score(self, i, j):
        return -(euclidean(i.value, j.value) + 1e-12).sqrt()


class Loud(Kernel):
    """A Gaussian whose partition is claimed to be 1."""

    def log_score(self, i, j):
        return -euclidean(i.value, j.value)

    def log_partition(self, i, j):
        return i.value.new_zeros(i.n)


class Tileable(Kernel):
    """A score that depends on how many rows are evaluated at once."""

    def log_score(self, i, j):
        return -euclidean(i.value, j.value) / i.value.shape[-2]


def sne_mean(case: Case) -> Tensor:
    """SNE's loss, the mean over the rows."""
    return map_claims.SNE.references[0].loss(case) / case.n


def sne_with(learned: Kernel, name: str, **words):
    """SNE with another q, registered."""

    @register(name, target="Gaussian", learned="own", **words)
    def build(perplexity: float = 30.0, n_components: int = 2) -> Recipe:
        return Recipe(Gaussian(Perplexity(perplexity)), learned, embedding(n_components))

    return build


# ---------------------------------------------------------------- the table


@pytest.mark.parametrize("name", METHODS)
def test_a_row_has_a_certificate_that_passes(name):
    row = METHODS[name]
    assert row.claim is not None
    assert row.claim.kind in KINDS
    assert row.claim.kind != NOT_CLAIMED
    found = certify(row)
    assert found.passed, str(found)
    assert found.value_error <= 1e-10
    assert found.gradient_error <= 1e-10
    assert (found.rate is not None) or row.claim.kind != LIMIT
    assert (found.method, found.cell, found.kind) == (name, row.cell, row.claim.kind)
    assert "\n" not in str(found)
    assert found.statement in str(found)


def test_one_name_gives_one_certificate_and_several_a_list():
    assert isinstance(iconlearn.verify("pca"), Certificate)
    assert [c.method for c in iconlearn.verify("pca", "sne")] == ["pca", "sne"]
    with pytest.raises(OptionError, match="did you mean 'pca'"):
        verify("pcaa")


def test_a_certificate_leaves_the_default_type_alone():
    with pytest.raises(InputError, match="division by zero"):
        certify(replace(METHODS["sne"], claim=Claim(EXACT, "none", (Reference("none", lambda case: 1 / 0),))))
    assert torch.get_default_dtype() == torch.float32
    assert verify("sne").passed
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.parametrize("name", ["pca", "average-margin-clip", "knn-to-wide"])
def test_a_wrong_width_of_the_library_fails_by_its_rate(name, monkeypatch):
    right = Gaussian.log_score

    def wrong(self, i, j):
        return right(self, i, j) if self.pool != "logsumexp" else 2 * right(self, i, j)

    monkeypatch.setattr(
        Gaussian, "log_score", wrong
    )  # exp(-d^2 / sigma^2): only the way to the limit is changed
    found = verify(name)
    assert found.value_error <= 1e-10
    assert found.rate is not None
    assert found.rate < 2
    assert not found.passed


# ---------------------------------------------------------------- the problems


def cases(name: str) -> list[Case]:
    return [make_case(METHODS[name], n, dim, seed)[0] for seed, (n, dim) in enumerate(SIZES)]


@pytest.mark.parametrize("name", METHODS)
def test_problems_are_in_float64_and_no_two_are_alike(name):
    found = cases(name)
    assert len({(case.n, case.z.shape[1]) for case in found}) == len(SIZES)
    for case in found:
        assert case.z.shape[0] == case.n * case.views
        assert case.z.requires_grad
        tensors = (case.x, case.z, case.columns, case.graph, case.caption)
        assert {t.dtype for t in tensors if t is not None} == {torch.float64}


def test_problems_hold_defaults_and_other_widths():
    temperatures = [case.parameters["temperature"] for case in cases("simclr")]
    assert temperatures[0] == METHODS["simclr"].parameters["temperature"]
    assert len(set(temperatures)) == 3
    assert {case.parameters["alpha"] for case in cases("simclr")} == {0.0, 0.3}


def test_problems_hold_hard_cases():
    labels = cases("supcon")[1].labels
    assert labels is not None
    counts = labels.bincount(minlength=CLASSES) if labels.min() >= 0 else labels[labels >= 0].bincount()
    assert counts.min() == 1
    assert (labels == -1).sum() == 1
    assert all((case.labels >= 0).all() for case in cases("cross-entropy"))  # type: ignore[operator]
    assert [case.views for case in cases("cmc")] == [2, 2, 3]
    assert {case.views for case in cases("infonce")} == {2, 3}
    keys, prototypes = cases("moco-v3")[0].columns, cases("cross-entropy")[0].columns
    assert keys is not None
    assert prototypes is not None
    assert not keys.requires_grad
    assert prototypes.requires_grad


# ---------------------------------------------------------------- what is wrong fails


def test_a_wrong_kernel_fails_where_the_right_one_passes(own):
    right = sne_with(Gaussian(math.sqrt(0.5)), "right-sne", reference=sne_mean)
    assert certify(right).passed
    wrong = certify(sne_with(Laplace("row", "distinct"), "wrong-sne", reference=sne_mean))
    assert not wrong.passed
    assert wrong.value_error > 1e-3
    assert wrong.gradient_error > 1e-3
    assert "FAILED" in str(wrong)


def says_something(reference: Reference, case: Case) -> bool:
    """Is the reference about such a case?"""
    try:
        reference.loss(case)
    except NotImplementedError:
        return False
    return True


@pytest.mark.parametrize("name", METHODS)
def test_every_reference_tells_another_embedding_from_the_right_one(name):
    problems = [make_case(METHODS[name], 13, 3, seed) for seed in (1, 0, 2)]
    for reference in METHODS[name].claim.references:
        case, ours = next(problem for problem in problems if says_something(reference, problem[0]))
        ours.model.mapper = Leaf(case.z)
        assert against(reference, [(case, ours)])[0][0] <= 1e-10
        ours.model.mapper = Leaf(case.z + 1e-4 * case.z.sin())
        assert against(reference, [(case, ours)])[0][0] > 1e-8


@pytest.mark.parametrize(
    ("change", "value_is_wrong"),
    [
        (lambda loss: loss + 1e-6, True),
        (lambda loss: loss.detach(), False),
        (lambda loss: loss * math.nan, True),
    ],
    ids=["value", "gradient", "nan"],
)
def test_value_and_gradient_are_both_compared(change, value_is_wrong):
    references = (Reference("changed", lambda case: change(sne_mean(case))),)
    found = certify(replace(METHODS["sne"], claim=Claim(EXACT, "L = changed", references)))
    assert not found.passed
    assert (found.value_error > 1e-10) == value_is_wrong
    assert (found.gradient_error <= 1e-10) == (found.value_error < 1 and value_is_wrong)


def test_a_reference_must_fit_a_problem_and_a_claim_needs_one():
    def none(case: Case) -> Tensor:
        raise NotImplementedError

    def some(case: Case) -> Tensor:
        return none(case) if case.n < 20 else sne_mean(case)

    def certificate_of(*references: Reference) -> Certificate:
        return certify(replace(METHODS["sne"], claim=Claim(EXACT, "L = reference", references)))

    assert certificate_of(Reference("some", some)).passed
    assert not certificate_of(Reference("some", some), Reference("none", none)).passed
    assert not certificate_of().passed


def test_cmc_is_compared_for_three_modalities_too():
    problems = [make_case(METHODS["cmc"], n, dim, seed) for seed, (n, dim) in enumerate(SIZES)]
    for reference in METHODS["cmc"].claim.references:
        assert len(against(reference, problems)) == len(SIZES)


# ---------------------------------------------------------------- rates


def test_a_limit_with_a_wrong_constant_fails_by_its_rate_alone():
    claim = METHODS["pca"].claim
    assert claim is not None
    assert claim.rate is not None

    def self_left_out(case: Case) -> Tensor:  # the constant of the candidates k != i, as I-Con prints it
        return -2 * case.n / (case.n - 1) * maps.projected_variance(case.z)

    wrong = certify(
        replace(METHODS["pca"], claim=replace(claim, rate=replace(claim.rate, limit=self_left_out)))
    )
    assert not wrong.passed
    assert wrong.value_error <= 1e-10
    assert wrong.gradient_error <= 1e-10
    assert wrong.rate is not None
    assert wrong.rate < 2
    with pytest.raises(OptionError, match="give rate="):
        replace(claim, rate=None)
    with pytest.raises(OptionError, match="kind='exakt'"):
        replace(claim, kind="exakt")


@pytest.mark.parametrize(
    ("finite", "rate"),
    [
        (lambda step: 5 + 3 * step, 10),
        (lambda step: 5 + step**2, 100),
        (lambda step: 5 + step**0.5, 10**0.5),
        (lambda step: 5 + 1e-11 * step, math.inf),
        (lambda step: 5.0, math.inf),
        (lambda step: 5.1, 1),
        (lambda step: math.nan, 0),
    ],
)
def test_the_rate_is_the_least_factor_between_steps(finite, rate):
    case = cases("sne")[0]
    sequence = Rate(
        lambda case, step: torch.tensor(finite(step), dtype=torch.float64), lambda case: torch.tensor(5.0)
    )
    assert slowest(sequence, [case]) == pytest.approx(rate, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "learned", "scale"),
    [
        ("gaussian-to-wide", Gaussian(math.sqrt(50), pairs="all"), 100.0),
        ("knn-to-narrow", Gaussian(0.5), 0.5),
    ],
)
def test_the_sequence_of_a_limit_is_the_library_at_that_width(name, learned, scale):
    row = METHODS[name]
    case, ours = make_case(row, 13, 3, 0)
    ours.model.learned_dist = learned
    pair = ours.model.pair(ours.batch)
    cross = ours.model.loss(pair) + entropy(pair.target)
    wide = scale > 1
    mine = scale * (cross - math.log(case.n)) if wide else scale * cross
    theirs = row.claim.rate.finite(case, 1 / scale if wide else scale)
    assert mine.item() == pytest.approx(theirs.item(), rel=1e-10)


# ---------------------------------------------------------------- libraries


def test_library_references_are_compared():
    for name, library in (
        ("simclr", "pytorch-metric-learning"),
        ("t-sne", "scikit-learn TSNE"),
        ("k-means", "scikit-learn KMeans"),
        ("spectral-clustering", "spectral_embedding"),
        ("normalized-cuts", "scipy Laplacian"),
    ):
        assert library in verify(name).reference


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_missing_library_is_left_out_by_name(library, monkeypatch):
    held = [row for row in METHODS.values() if library in {r.needs for r in row.claim.references}]
    assert held
    row = held[0]
    names = [r.name for r in row.claim.references if r.needs == library]
    assert "not installed" not in certify(row).reference
    monkeypatch.setattr(certificate, "find_spec", lambda name: None if name == library else name)
    found = certify(row)
    before, after = found.reference.split(" (not installed: ")
    assert all(name in after and name not in before for name in names)
    assert found.passed
    alone = tuple(r for r in row.claim.references if r.needs == library)
    assert not certify(replace(row, claim=replace(row.claim, references=alone))).passed


def test_a_library_that_disagrees_fails(monkeypatch):
    from sklearn.manifold import _t_sne

    plain = _t_sne._kl_divergence
    monkeypatch.setattr(
        _t_sne, "_kl_divergence", lambda *args, **kwargs: (plain(*args, **kwargs)[0], plain(*args)[1] * 2)
    )
    found = verify("t-sne")
    assert not found.passed
    assert found.value_error <= 1e-10


# ---------------------------------------------------------------- rows without a claim


def test_a_row_without_a_reference_is_held_to_its_form(own):
    found = certify(sne_with(Gaussian(0.3), "unclaimed"))
    assert found.passed
    assert found.kind == NOT_CLAIMED
    assert found.rate is None
    assert found.reference == "the dense engine"
    assert found.value_error > 0  # two engines never agree to the last bit on all problems


@pytest.mark.parametrize("kernel", [Loud, Tileable])
def test_a_row_that_is_no_distribution_or_depends_on_the_engine_fails(kernel, own):
    found = certify(sne_with(kernel("row", "distinct"), "broken"))
    assert not found.passed
    assert found.value_error > 1e-3


def test_parametric_forms_claim_what_the_maps_claim():
    assert METHODS["parametric-sne"].claim is METHODS["sne"].claim
    assert METHODS["parametric-t-sne"].claim is METHODS["t-sne"].claim
