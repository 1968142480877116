"""Wishes of a page: they become runs, or are refused by the field that is wrong."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iconlearn import METHODS, OptionError
from iconlearn.data.builtin import BUILT_IN, EXAMPLES
from iconlearn.data.dataset import Dataset
from iconlearn.explorer.catalogue import RequestError, entry, run_request
from iconlearn.run import run_method


@pytest.fixture(scope="module")
def digits():
    return BUILT_IN["digits"]()


@pytest.mark.parametrize("name", METHODS)
def test_every_method_runs_as_it_is_on_its_example(name):
    data = BUILT_IN[EXAMPLES[METHODS[name].takes.name]]()
    got, options = run_request({"method": name}, data)
    assert got == name
    assert not options.parameters
    assert not options.variation.chosen
    told = entry(METHODS[name])
    as_told = {one["name"]: one["default"] for one in told["parameters"]}
    assert not run_request({"method": name, "parameters": as_told, "options": {"seed": 0}}, data)[
        1
    ].parameters


def test_a_wish_becomes_a_run(digits, tmp_path):
    few = Dataset("few", digits.X[:60], digits.y[:60], digits.classes)
    wish = {
        "method": "sne-uniform",
        "data": "few",
        "parameters": {"n_neighbors": 6, "metric": "cos"},
        "options": {"divergence": "js", "debias_target": 0, "debias_learned": 0.1, "max_iter": 3, "seed": 4},
    }
    name, options = run_request(json.loads(json.dumps(wish)), few)
    assert (options.seed, options.max_iter, options.divergence) == (4, 3, "js")
    run_method(name, few, tmp_path / "run", options)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["divergence"] == "js"
    assert "p = KNN(k=6, metric='cos')  on the data" in record["equation"]


WRONG = {
    "no object": ([], "", "send an object"),
    "no method": ({}, "method", "name of a method"),
    "an unknown method": ({"method": "t-sme"}, "method", "did you mean 't-sne'"),
    "a long method": ({"method": "x" * 10**6}, "method", "unknown"),
    "an unknown field": ({"method": "t-sne", "out": "/etc"}, "out", "unknown"),
    "parameters as a list": ({"method": "t-sne", "parameters": [1]}, "parameters", "send an object"),
    "an unknown parameter": (
        {"method": "t-sne", "parameters": {"perplexty": 3}},
        "parameters.perplexty",
        "did you mean 'perplexity'",
    ),
    "text as a number": (
        {"method": "t-sne", "parameters": {"perplexity": "30"}},
        "parameters.perplexity",
        "number",
    ),
    "NaN as text": (
        {"method": "t-sne", "parameters": {"perplexity": "NaN"}},
        "parameters.perplexity",
        "number",
    ),
    "NaN": (
        {"method": "t-sne", "parameters": {"perplexity": float("nan")}},
        "parameters.perplexity",
        "finite",
    ),
    "infinity": ({"method": "t-simclr", "parameters": {"df": float("inf")}}, "parameters.df", "finite"),
    "a list as a number": (
        {"method": "t-sne", "parameters": {"perplexity": [3]}},
        "parameters.perplexity",
        "list",
    ),
    "true as a number": (
        {"method": "t-sne", "parameters": {"n_components": True}},
        "parameters.n_components",
        "integer",
    ),
    "a fraction": (
        {"method": "t-sne", "parameters": {"n_components": 2.0}},
        "parameters.n_components",
        "whole number",
    ),
    "a huge number": (
        {"method": "t-sne", "parameters": {"n_components": 10**5000}},
        "parameters.n_components",
        "large",
    ),
    "too many": (
        {"method": "t-sne", "parameters": {"n_components": 10**6}},
        "parameters.n_components",
        "1024",
    ),
    "too low": ({"method": "t-sne", "parameters": {"perplexity": 1}}, "parameters.perplexity", "\\(1, "),
    "more than the rows": (
        {"method": "t-sne", "parameters": {"perplexity": 1797}},
        "parameters.perplexity",
        "at most 1796",
    ),
    "more clusters than rows": (
        {"method": "k-means", "parameters": {"n_clusters": 1798}},
        "parameters.n_clusters",
        "1797",
    ),
    "more than the columns": (
        {"method": "pca", "parameters": {"n_components": 65}},
        "parameters.n_components",
        "64 columns",
    ),
    "an unknown choice": (
        {"method": "t-sne", "parameters": {"metric": "cosine"}},
        "parameters.metric",
        "unknown",
    ),
    "a path": ({"method": "simclr", "options": {"backbone": "/etc/passwd"}}, "options.backbone", "unknown"),
    "a model of the hub": (
        {"method": "simclr", "options": {"backbone": "a/b"}},
        "options.backbone",
        "unknown",
    ),
    "an option of others": ({"method": "t-sne", "options": {"epochs": 3}}, "options.epochs", "unknown"),
    "a folder": ({"method": "t-sne", "options": {"out": "/tmp"}}, "options.out", "unknown"),
    "callbacks": ({"method": "t-sne", "options": {"callbacks": []}}, "options.callbacks", "unknown"),
    "two lengths": (
        {"method": "simclr", "options": {"epochs": 3, "max_iter": 3}},
        "options.epochs",
        "both say how long",
    ),
    "a switch as a number": (
        {"method": "simclr", "options": {"all_rows": 1}},
        "options.all_rows",
        "true or false",
    ),
    "no seed": ({"method": "t-sne", "options": {"seed": -1}}, "options.seed", "integer in"),
    "another data set": ({"method": "clip"}, "data", "learns from modalities"),
    "an equation that cannot be": (
        {"method": "pca", "options": {"divergence": "js"}},
        "options.divergence",
        "cannot be",
    ),
    "a limit that is debiased": (
        {"method": "pca", "options": {"debias_learned": 0.1}},
        "options.debias_learned",
        "cannot be",
    ),
    "an unknown divergence": (
        {"method": "t-sne", "options": {"divergence": "k"}},
        "options.divergence",
        "unknown",
    ),
    "the same twice": (
        {"method": "simclr", "parameters": {"alpha": 0.2}, "options": {"debias_target": 0.1}},
        "options.debias_target",
        "both say",
    ),
    "parameters that do not go together": (
        {"method": "infonce-clustering", "parameters": {"n_neighbors": 0}},
        "parameters.n_neighbors",
        "views=2",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_refused_by_its_field(name, digits):
    payload, field, words = WRONG[name]
    with pytest.raises(RequestError) as refused:
        run_request(payload, digits)
    assert refused.value.field == field
    assert re.search(words, str(refused.value))
    assert len(str(refused.value)) < 800
    assert isinstance(refused.value, OptionError)


def test_networks_of_images_need_images(digits):
    rows = replace(digits, image_shape=None)
    wish = {"method": "simclr", "options": {"backbone": "resnet18"}}
    assert run_request(wish, digits)[1].backbone == "resnet18"
    with pytest.raises(RequestError, match="is for images") as refused:
        run_request(wish, rows)
    assert refused.value.field == "options.backbone"


def test_labels_are_asked_for(digits):
    with pytest.raises(RequestError, match="compares labels") as refused:
        run_request({"method": "supcon"}, replace(digits, y=None))
    assert refused.value.field == "data"


def test_few_rows_ask_for_less(digits):
    few = replace(digits, X=digits.X[:20], y=digits.y[:20])
    with pytest.raises(RequestError, match="perplexity=30.0 must be at most 19") as refused:
        run_request({"method": "t-sne"}, few)
    assert refused.value.field == "parameters.perplexity"
    assert run_request({"method": "t-sne", "parameters": {"perplexity": 5}}, few)[0] == "t-sne"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside, max_size=3),
    max_leaves=6,
)
KNOWN = sorted({name for row in METHODS.values() for name in row.parameters})


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(METHODS)),
    st.dictionaries(st.sampled_from(KNOWN) | st.text(max_size=5), JSON, max_size=2),
    st.dictionaries(
        st.sampled_from(["seed", "divergence", "debias_target", "max_iter", "lr"]) | st.text(max_size=5),
        JSON,
        max_size=2,
    ),
)
def test_nothing_that_a_page_may_send_does_anything_else_than_run_or_be_refused(name, parameters, options):
    data = Dataset("few", np.ones((40, 3), np.float32), np.arange(40) % 2, ["a", "b"])
    try:
        got, run = run_request({"method": name, "parameters": parameters, "options": options}, data)
    except RequestError as refused:
        assert str(refused)
        return
    assert got == name
    assert set(run.parameters) <= set(METHODS[name].parameters)
    METHODS[name].recipe(**run.parameters)
