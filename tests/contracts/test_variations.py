"""Another divergence, and uniform mass in p and q, of any method: the equation of an ICon built by hand, or refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from toys import NAMES, ROWS, batch_of, blobs, model_of, small

from iconlearn import (
    KNN,
    METHODS,
    Gaussian,
    ICon,
    Label,
    OptionError,
    StudentT,
    UniformCluster,
    open_features,
)
from iconlearn.cli import main
from iconlearn.data.dataset import Dataset
from iconlearn.distributions import Augmentation, ClusterAgreement
from iconlearn.distributions.wrappers import Debiased
from iconlearn.methods import Variation
from iconlearn.run import RunOptions, run_method, run_stored
from iconlearn.run.varied import objection, tried, varied
from iconlearn.verification.problems import float64, make_case

X, Y = blobs()
LIMITS = tuple(row.name for row in ROWS if objection(Variation("js").of(row)))
BY_HAND = {  # what the variation below makes of a method: p, q and D, written anew
    "t-sne-uniform": (KNN(15).symmetrize().debias(0.2), StudentT(normalize="joint").debias(0.1)),
    "sne-uniform": (KNN(15).debias(0.2), Gaussian(0.5**0.5).debias(0.1)),
    "supcon": (Label().debias(0.2), Gaussian(0.1**0.5, metric="cos").debias(0.1)),
    "simclr": (Augmentation(2).debias(0.2), Gaussian(0.1**0.5, metric="cos").debias(0.1)),
    "dcd": (KNN(10).debias(0.2), UniformCluster().debias(0.1)),
    "infonce-clustering": (KNN(10).debias(0.2), UniformCluster().debias(0.1)),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_variation_is_the_icon_that_one_would_write(name):
    row = Variation("tv", 0.2, 0.1).of(METHODS[name])
    case, ours = make_case(row, 24, 3, 0)
    target, learned = BY_HAND[name]
    for part in target.modules():  # the random problem has fewer neighbours
        if isinstance(part, KNN):
            part.k = min(part.k, 6)
    with float64():
        by_hand = ICon(target, learned, ours.model.mapper, divergence="tv")
        theirs = by_hand(ours.batch)
        assert ours().item() == pytest.approx(theirs.item(), rel=1e-12)
        gradients = [torch.autograd.grad(loss, case.z)[0] for loss in (ours(), by_hand(ours.batch))]
    assert torch.allclose(*gradients, atol=1e-14)


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_uniform_mass_is_what_is_chosen_whatever_the_method_has(row):
    recipe = Variation(debias_target=0.3).of(row).recipe()
    assert isinstance(recipe.target_dist, Debiased)
    assert recipe.target_dist.alpha == 0.3
    assert not isinstance(recipe.target_dist.base, Debiased)
    assert Variation(debias_learned=0.3).of(row).recipe().learned_dist.alpha == 0.3
    none = Variation(debias_target=0, debias_learned=0).of(row).recipe()
    assert not isinstance(none.target_dist, Debiased)
    assert not isinstance(none.learned_dist, Debiased)


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_a_variation_keeps_the_rest_of_the_method(row):
    made = Variation(debias_target=0.1).of(row)
    assert dict(made.parameters) == dict(row.parameters)
    assert (made.name, made.clusters, made.encodes, made.needs_labels) == (
        row.name,
        row.clusters,
        row.encodes,
        row.needs_labels,
    )
    assert made.claim is None
    assert set(made.fit) <= set(row.fit)
    assert Variation().of(row) is row


def fitted(row, variation):
    """Losses of a few steps of a varied row."""
    made = varied(row, variation, small(row))
    y = Y if row.needs_labels else None
    model, chosen = model_of(made, X, y)
    return model, model.fit(batch_of(made, X), y, **{**chosen, "max_iter": 2, "restarts": 1}).history.losses


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_what_is_not_refused_is_trained(row):
    _, losses = fitted(row, Variation(debias_target=0.2))
    assert np.isfinite(losses).all()
    other = "js" if row.recipe().divergence == "kl" else "hellinger"
    for variation in (Variation(other), Variation(debias_learned=0.2), Variation("chi2", 0.2, 0.2)):
        try:
            model, losses = fitted(row, variation)
        except OptionError as refused:
            assert row.name in LIMITS
            assert row.name in str(refused)
            assert "cannot be" in str(refused)
        else:
            assert np.isfinite(losses).all()
            assert variation.divergence in (None, model.measure.name)


def test_only_limits_and_what_is_no_distribution_are_refused():
    improper = ("temi", "scan", "dcl", "vicreg")
    wide_or_narrow = {row.name for row in ROWS if "->" in row.learned and row.name != "error-rate"}
    assert set(LIMITS) == wide_or_narrow | set(improper)


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_every_equation_is_tried_as_dense_or_sparse_as_it_is(row):
    pair = tried(row)
    _, ours = make_case(row, 24, 3, 0)
    with float64():
        real = ours.model.pair(ours.batch)
    for mine, theirs in ((pair.target, real.target), (pair.learned, real.learned)):
        assert (mine.normalize, mine.pairs, mine.improper) == (
            theirs.normalize,
            theirs.pairs,
            theirs.improper,
        )
        assert (mine.support is None) == (theirs.support is None)
        assert bool(mine.empty.any()) == bool(theirs.empty.any())


def test_hyper_parameters_decide_what_is_refused():
    assert varied(METHODS["triplet"], Variation("js"), {"sigma": 0.4}).recipe(sigma=0.4).divergence == "js"
    with pytest.raises(OptionError, match="triplet: divergence='js' cannot be: .*needs probabilities"):
        varied(METHODS["triplet"], Variation("js"), {})
    with pytest.raises(OptionError, match="balance=1, or divergence='kl'"):
        varied(METHODS["infonce-clustering"], Variation("js"), {"balance": 0.5})
    with pytest.raises(OptionError, match="divergence='reverse_kl' cannot be: .* with debias_target=0.1"):
        varied(METHODS["t-sne"], Variation("reverse_kl"), {})
    assert varied(METHODS["t-sne"], Variation("reverse_kl", 0.1), {}).fit["optimizer"] == "adam"


@pytest.mark.parametrize(
    ("variation", "words"),
    [
        ({"divergence": "tvv"}, "divergence='tvv' is unknown.*did you mean 'tv'"),
        ({"debias_target": 1.1}, "debias_target=1.1 must be a number in \\[0, 1\\]"),
        ({"debias_learned": -0.1}, "debias_learned=-0.1 must be"),
        ({"debias_learned": float("nan")}, "debias_learned=nan must be"),
    ],
)
def test_values_out_of_range_are_refused(variation, words):
    with pytest.raises(OptionError, match=words):
        Variation(**variation)


@pytest.mark.parametrize(
    ("name", "parameters", "variation"),
    [
        ("infonce-clustering", {"divergence": "js"}, Variation("tv")),
        ("simclr", {"alpha": 0.1}, Variation(debias_target=0.2)),
        ("infonce-clustering", {"alpha": 0.1}, Variation(debias_learned=0.2)),
        ("infonce-clustering", {"debias": "target"}, Variation(debias_learned=0.2)),
    ],
)
def test_the_same_cannot_be_said_twice(name, parameters, variation):
    with pytest.raises(OptionError, match="both say what the equation is; give one of them"):
        varied(METHODS[name], variation, parameters)


def test_balance_follows_the_divergence_that_is_chosen():
    row = METHODS["infonce-clustering"]
    assert isinstance(row.recipe().learned_dist.base, ClusterAgreement)
    assert isinstance(Variation("js").of(row).recipe().learned_dist.base, UniformCluster)


def test_a_run_and_the_command_take_it_and_put_it_down(tmp_path):
    data = Dataset("blobs", X.astype(np.float32), Y, list("abcd"))
    given = {"divergence": "tv", "debias_target": 0.1, "debias_learned": 0.05}
    run_method("sne-uniform", data, tmp_path / "run", RunOptions({"n_neighbors": 5}, max_iter=5, **given))
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["divergence"] == "tv"
    assert {name: record["options"][name] for name in given} == given
    assert "KNN(k=5).debias(0.1)" in record["equation"][1]
    assert ".debias(0.05)" in record["equation"][2]
    np.save(tmp_path / "x.npy", X.astype(np.float32))
    flags = ["--divergence", "tv", "--debias-target", "0.1", "--debias-learned", "0.05", "--max-iter", "5"]
    command = ["fit", "sne-uniform", str(tmp_path / "x.npy"), "--set", "n_neighbors=5", "-q", *flags]
    with pytest.raises(SystemExit) as stop:
        main([*command, "--out", str(tmp_path / "out")])
    assert not stop.value.code
    again = json.loads((tmp_path / "out" / "run.json").read_text())
    assert again["equation"][:4] == record["equation"][:4]
    assert again["final_loss"] == pytest.approx(record["final_loss"])


def test_a_run_on_disk_takes_it_and_another_equation_is_another_run(tmp_path):
    np.save(tmp_path / "x.npy", X.astype(np.float32))
    features = open_features(tmp_path / "x.npy")
    options = RunOptions({"n_clusters": 4, "n_neighbors": 5}, epochs=2, batch_size=32)
    run_stored("pmi-clustering", features, tmp_path / "own", options)
    varied_options = replace(options, divergence="js", debias_learned=0.1)
    run_stored("pmi-clustering", features, tmp_path / "js", varied_options)
    own, js = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("own", "js"))
    assert (own["divergence"], js["divergence"]) == ("kl", "js")
    assert js["options"]["debias_learned"] == 0.1
    assert "debias_learned" not in own["options"]
    assert own["command"] != js["command"]
    assert js["equation"][2] == "q = UniformCluster().debias(0.1)  on the embedding"


def test_a_refused_run_leaves_nothing(tmp_path):
    data = Dataset("blobs", X.astype(np.float32), None, None)
    with pytest.raises(OptionError, match="pca: divergence='tv' cannot be"):
        run_method("pca", data, tmp_path / "run", RunOptions(divergence="tv"))
    assert not list(tmp_path.iterdir())
