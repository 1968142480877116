"""Whatever is combined with whatever builds, or is refused with a sentence that says what to do instead."""

from __future__ import annotations

import random
import re
import warnings

import numpy as np
import pytest
import torch
from product import BY_NAME, COSTS, SIDES, Combination, Outcome, alone, reason, report, walk
from torch import nn
from zoo import values

from iconlearn import KNN, Gaussian, Graph, ICon, Label, Linear, Perplexity, StudentT
from iconlearn._errors import InputError, OptionError
from iconlearn.distributions import DISTRIBUTIONS

pytestmark = pytest.mark.usefixtures("float64")

SUBJECT = r"^(ICon: target_dist|target_dist|divergence=D|R\b|no row of the batch has mass under R|\.on\()"
REMEDY = r"[;,] (use|give|try|lower|pass|leave|write)\b"
BOUNDED = ("js", "tv", "hellinger", "alpha(0.5)")


def pick(p: str, q: str, divergence: str, direction: str = "forward", debias: str = "") -> Combination:
    """A combination by name; ``debias`` holds the letters of the debiased sides."""
    p_form, _, p_norm = p.rpartition(" ")
    q_form, _, q_norm = q.rpartition(" ")
    return Combination(
        SIDES[p_form, p_norm, "p" in debias], SIDES[q_form, q_norm, "q" in debias], divergence, direction
    )


@pytest.mark.slow
def test_the_whole_product_builds_or_is_refused_with_a_remedy():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = dict(walk())
    assert len(found) == len(SIDES) ** 2 * len(COSTS)
    kinds = [outcome.kind for outcome in found.values()]
    assert "crashed" not in kinds, report((c, o) for c, o in found.items() if o.kind == "crashed")
    assert kinds.count("built") > 20_000
    assert kinds.count("refused") > 20_000
    refused = {c: outcome.sentence for c, outcome in found.items() if outcome.kind == "refused"}
    check_sentences(refused)
    check_coverage(found)
    check_alone(found)


def check_sentences(refused: dict[Combination, str]) -> None:
    """Each names what is wrong and then a remedy that this combination has not taken yet."""
    for sentence in {reason(c, sentence) for c, sentence in refused.items()}:
        assert re.search(SUBJECT, sentence), sentence
        assert re.search(SUBJECT + ".*" + REMEDY, sentence), sentence
    for c, sentence in refused.items():
        for role, side in (("target", c.p), ("learned", c.q)):
            assert not (side.debiased and f"{role}_dist.debias(" in sentence), f"{c}: {sentence}"
        assert c.divergence not in BOUNDED or "is infinite" not in sentence, f"{c}: {sentence}"


BASELINES = {"DCL", "ClusterAgreement", "VarianceCovariance"}  # and no distributions


def check_coverage(found: dict[Combination, Outcome]) -> None:
    """Every registered distribution is built as target, but for the one that is none, and as learned one."""
    built = [c for c, outcome in found.items() if outcome.kind == "built"]
    assert {c.p.form.registered for c in built} >= set(DISTRIBUTIONS) - {
        "DCL",
        "ClusterAgreement",
        "VarianceCovariance",
    }
    assert {c.q.form.registered for c in built} >= set(DISTRIBUTIONS)
    assert {(c.divergence, c.direction) for c in built} == set(COSTS)


def check_alone(found: dict[Combination, Outcome]) -> None:
    """Hundreds of them through ``ICon(...)(batch)``, nothing shared, come to the same."""
    draw = random.Random(0)
    for kind, count in (("built", 300), ("refused", 200)):
        for c in draw.sample([c for c, outcome in found.items() if outcome.kind == kind], count):
            outcome = alone(c)
            assert (outcome.kind, outcome.sentence) == (kind, found[c].sentence), str(c)
            if kind == "built":
                assert outcome.value == pytest.approx(found[c].value, rel=1e-10, abs=1e-12), str(c)


REFUSED = {
    "sparse target, reverse kl": (("KNN row", "StudentT row", "reverse_kl"), r"target_dist\.debias\(0\.1\)"),
    "sparse target, kl reversed": (
        ("KNN row", "StudentT row", "kl", "reverse"),
        r"target_dist\.debias\(0\.1\)",
    ),
    "sparse target, jeffreys": (("Label row", "Gaussian row", "jeffreys"), r"target_dist\.debias\(0\.1\)"),
    "sparse learned, kl": (("Gaussian row", "nearest row", "kl"), r"learned_dist\.debias\(0\.1\)"),
    "two sparse, kl": (("KNN row", "nearest row", "kl"), r"both are sparse.*learned_dist\.debias\(0\.1\)"),
    "two sparse, reverse kl": (
        ("KNN row", "nearest row", "reverse_kl"),
        r"both are sparse.*target_dist\.debias",
    ),
    "two sparse, jeffreys": (
        ("KNN row", "nearest row", "jeffreys"),
        r"learned_dist\.debias\(0\.1\) and target_dist\.debias\(0\.1\)",
    ),
    "empty rows of the learned one": (
        ("Gaussian row", "Label row", "kl", "forward", "q"),
        "2 of its rows are empty.*mass in every row",
    ),
    "limit 0 as target": (("limit 0 row", "Gaussian row", "kl"), r"target_dist has sigma=0 or inf.*KNN\(1\)"),
    "limit inf as target": (
        ("limit inf row", "Gaussian row", "js"),
        r"target_dist has sigma=0 or inf.*finite",
    ),
    "DCL as target": (("DCL row", "Gaussian row", "kl"), r"DCL, and is no probability.*Augmentation\(\)"),
    "limit 0 under tv": (
        ("KNN row", "limit 0 row", "tv"),
        "divergence='tv' needs probabilities.*use divergence='kl'",
    ),
    "limit inf under tv": (("KNN row", "limit inf row", "tv"), "needs probabilities.*use divergence='kl'"),
    "limit under kl reversed": (("KNN row", "limit inf row", "kl", "reverse"), "needs probabilities"),
    "limit debiased": (("KNN row", "limit 0 row", "kl", "forward", "q"), "not probabilities.*finite sigma"),
    "joint with row": (("symmetrize joint", "StudentT row", "kl"), r"joint-normalised.*normalize='joint'"),
    "row with joint": (("Gaussian row", "StudentT inf joint", "js"), "row-normalised.*same normalize="),
    "wider target": (("UniformCluster row", "Gaussian row", "kl"), "only the target has mass.*same pairs="),
    "wider target, sparse": (("Identity row", "Gaussian row", "kl"), "only the target has mass.*same pairs="),
    "wider learned": (
        ("Gaussian row", "UniformCluster row", "reverse_kl"),
        "only learned_dist has mass.*same pairs=",
    ),
    "features of prototypes": (
        ("Gaussian row", "UniformCluster prototypes row", "kl"),
        r"features.*\.on\(field\)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_by_name(case):
    given, sentence = REFUSED[case]
    outcome = alone(pick(*given))
    assert outcome.kind == "refused"
    assert re.search(sentence, outcome.sentence), outcome.sentence


BUILT = {
    "debiased target, reverse kl": ("KNN row", "StudentT row", "reverse_kl", "forward", "p"),
    "debiased target, kl reversed": ("KNN row", "StudentT row", "kl", "reverse", "p"),
    "debiased learned, kl": ("Gaussian row", "nearest row", "kl", "forward", "q"),
    "both debiased, jeffreys": ("KNN row", "nearest row", "jeffreys", "forward", "pq"),
    "sparse target, kl": ("KNN row", "StudentT row", "kl"),
    "limit 0 under kl": ("KNN row", "limit 0 row", "kl"),
    "limit inf under kl": ("KNN row", "limit inf row", "kl"),
    "two joint": ("symmetrize joint", "Gaussian joint", "kl"),
    "wider learned, kl": ("Gaussian row", "UniformCluster row", "kl"),
    "classes": ("DataLabel row", "Gaussian row", "kl"),
}


@pytest.mark.parametrize("case", BUILT)
def test_built_by_name(case):
    assert alone(pick(*BUILT[case])).kind == "built"


@pytest.mark.parametrize("divergence", BOUNDED)
@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_bounded_divergences_take_any_support(divergence, direction):
    for p in ("KNN row", "Graph row", "Identity row", "CrossModal row", "UniformCluster row"):
        for q in ("Gaussian row", "nearest row", "Graph row", "Identity row", "Gaussian cross_view row"):
            assert alone(pick(p, q, divergence, direction)).kind == "built"


@pytest.mark.parametrize("divergence", ["kl", "reverse_kl", "jeffreys", "chi2"])
@pytest.mark.parametrize(
    "full", [KNN(99), Gaussian(Perplexity(11)), KNN(10).propagate(2), StudentT().nearest(11)], ids=repr
)
def test_a_neighbour_graph_that_reaches_every_candidate_is_not_sparse(full, divergence):
    x = values(BY_NAME["Gaussian"], 0)
    for p, q in ((full, StudentT()), (StudentT(), full)):
        assert ICon(p, q, nn.Identity(), divergence=divergence)(x).isfinite()
    with pytest.raises(OptionError, match="sparse"):
        ICon(KNN(10), StudentT(), nn.Identity(), divergence="reverse_kl")(x)


def test_wider_candidates_without_mass_on_them_are_no_reason_to_refuse():
    """The weights have no diagonal, so that pairs="all" changes nothing until debiasing gives it mass."""
    x, W = values(BY_NAME["Gaussian"], 0, 6), np.ones((6, 6)) - np.eye(6)
    models = [ICon(Graph(W, pairs=pairs), StudentT(), nn.Identity()) for pairs in ("all", "distinct")]
    torch.testing.assert_close(models[0](x), models[1](x), rtol=1e-6, atol=0)
    with pytest.raises(OptionError, match="same pairs="):
        ICon(Graph(W, pairs="all").debias(0.1), StudentT(), nn.Identity())(x)


def test_a_learned_distribution_without_any_mass_is_refused():
    x = torch.randn(6, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float32)
    for learned in (Label(), Label().debias(0.2)):  # every label is met once, and an empty row stays empty
        model = ICon(Gaussian(1.0), learned, Linear(2, 2), divergence="js")
        with pytest.raises(InputError, match="no row of the batch has mass under Label"):
            model(x, torch.arange(6))
