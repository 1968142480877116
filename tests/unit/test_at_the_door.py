"""What newcomers get wrong: each is refused or told, where it used to give a meaningless result in silence."""

import logging

import numpy as np
import pytest
import torch

import iconlearn
from iconlearn import KNN, Embedding, Gaussian, ICon, NeighborGraph, Perplexity, StudentT
from iconlearn._errors import InputError, OptionError
from iconlearn.train.loop import tell_divergence
from iconlearn.train.options import History

X = np.random.default_rng(0).normal(size=(120, 5)).astype(np.float32)
P = Gaussian(sigma=Perplexity(10)).symmetrize()


def distances_of_pairs(x, y):
    return (x - y).abs().sum(-1)


def not_a_number(x, y):
    return torch.cdist(x, y) * torch.nan


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (distances_of_pairs, r"returned a tensor \(.*\); a tensor of shape|returned a tensor .* is needed"),
        (lambda x, y: 0.5, "returned float"),
        (not_a_number, "returned NaN"),
    ],
)
def test_a_metric_has_to_give_a_number_for_every_pair(metric, message):
    for fit in (
        lambda: ICon(Gaussian(2.0, metric=metric), StudentT(), Embedding(120, dim=2)).fit(X, max_iter=3),
        lambda: ICon(KNN(5), Gaussian(1.0, metric=metric), Embedding(120, dim=2)).fit(X, max_iter=3),
        lambda: iconlearn.TSNE(perplexity=10, metric=metric).fit(X),
    ):
        with pytest.raises(OptionError, match=message):
            fit()


def test_a_graph_of_other_rows_is_refused():
    graph = NeighborGraph.of(X, k=30)
    with pytest.raises(InputError, match="neighbors= is of other rows.*in their order"):
        iconlearn.TSNE(perplexity=10, max_iter=3).fit(X[::-1].copy(), neighbors=graph)
    for scale in (1, 1e30, 1e-30):
        iconlearn.TSNE(perplexity=10, max_iter=3).fit(X * scale, neighbors=NeighborGraph.of(X * scale, k=30))


@pytest.mark.parametrize("no", [False, np.bool_(False)])
def test_a_callback_stops_the_run_with_any_false(no):
    assert iconlearn.TSNE(perplexity=10, callbacks=(lambda event: no,)).fit(X).n_iter_ == 0


@pytest.mark.parametrize("divergence", ["chi2", "alpha(2)", "reverse_chi2", "jeffreys", "js", "tv"])
def test_the_default_steps_suit_every_divergence(divergence):
    target = P.debias(0.1) if divergence in ("reverse_chi2", "jeffreys") else P
    model = ICon(target, StudentT(normalize="joint"), Embedding(120, dim=2), divergence=divergence).fit(X)
    losses = model.history.losses
    assert model.history.loss < losses[0]
    assert model.history.loss <= 1.05 * min(losses)


@pytest.mark.parametrize(("loss", "told"), [(100.0, True), (1.2, False)])
def test_a_run_that_ends_far_above_where_it_was_says_so(caplog, loss, told):
    with caplog.at_level(logging.WARNING, "iconlearn"):
        tell_divergence(History(losses=[5.0, 1.0, 50.0], loss=loss))
    assert ("the loss ended at" in caplog.text) is told
