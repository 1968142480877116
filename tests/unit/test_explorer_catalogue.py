"""The explorer's catalogue: the table as JSON, who can feed whom, certificates, and wishes that become runs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from threading import Thread

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from iconlearn import KNN, METHODS, Gaussian, InputError, OptionError, register, verify
from iconlearn.data.builtin import BUILT_IN, EXAMPLES
from iconlearn.data.dataset import Dataset
from iconlearn.explorer.catalogue import RequestError, certificate, feeds, run_request, table
from iconlearn.explorer.catalogue.choices import own as own_value
from iconlearn.explorer.catalogue.spans import formula, spans
from iconlearn.methods import COLUMNS, FAMILIES, LEARNED
from iconlearn.pages import equation
from iconlearn.pages.mathml import mathml
from iconlearn.recipes import Recipe, embedding
from iconlearn.run import run_method
from iconlearn.viz.periodic import FAMILY_COLORS

# Elements of MathML, and attributes that cannot act.
HARMLESS = {
    *(
        "math",
        "mi",
        "mn",
        "mo",
        "mspace",
        "mtext",
        "mrow",
        "mfrac",
        "msqrt",
        "mstyle",
        "mfenced",
        "mtable",
        "mtr",
    ),
    *("mtd", "msub", "msup", "msubsup", "munder", "mover", "munderover"),
}


class Elements(HTMLParser):
    """Notes every element and attribute of a text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.fixture(scope="module")
def told():
    return table()


@pytest.fixture(scope="module")
def digits():
    return BUILT_IN["digits"]()


@pytest.fixture
def own():
    """A method of the user's, whose words try to be markup."""

    @register("my-map", title="<script>alert(1)</script>", rewards="Puts $x < y$ before `<img src=x>`.")
    def build(n_neighbors: int = 4, note: str = "a", extra: float | None = None, big: float = float("inf")):
        return Recipe(KNN(n_neighbors), Gaussian(1.0), embedding(2))

    yield build
    del METHODS["my-map"]


def row_of(told, name):
    return next(one for one in told["methods"] if one["name"] == name)


def test_the_table_is_json_and_whole(told):
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert [one["name"] for one in told["columns"]] == list(COLUMNS)
    assert [one["name"] for one in told["rows"]] == list(LEARNED)
    assert [one["name"] for one in told["families"]] == list(FAMILIES)
    assert [one["color"] for one in told["families"]] == list(FAMILY_COLORS)
    assert [one["name"] for one in told["methods"]] == list(METHODS)
    assert told["rows"][1]["symbol"] == "Gaussian, σ → ∞"
    assert all("$" not in one["latex"] for one in (*told["columns"], *told["rows"]))


def test_every_method_of_the_grid_is_in_its_cell_and_every_cell_has_one(told):
    cells = {(one["column"], one["row"]): one for one in told["cells"]}
    assert set(cells) == {(column, row) for column in COLUMNS for row in LEARNED}
    assert all(one["methods"] for one in cells.values())
    for row in METHODS.values():
        found = [name for name, one in cells.items() if row.name in one["methods"]]
        assert found == ([] if row.status == "off-grid" else [(row.target, row.learned)])


def test_cells_without_a_name_say_so_and_run(told):
    for one in told["methods"]:
        assert one["named"] == (one["status"] not in ("gap", "blank"))
        assert ("Nobody has named it" in one["status_words"]) == (not one["named"])
        assert one["runnable"]
        assert one["example"] == EXAMPLES[METHODS[one["name"]].takes.name]
    assert not next(c for c in told["cells"] if c["methods"] == ["t-clip"])["named"]
    assert row_of(told, "t-sne")["status_words"] == "Named: published, and placed here by the I-Con paper."


def test_methods_tell_their_equation(told):
    for one in told["methods"]:
        assert one["latex"][0].startswith("L = ")
        assert len(one["latex"]) == len(one["equation"])
        assert all(line.startswith("<math") for line in one["equation"])
        assert one["mapper"]
        assert {"p", "q", "divergence", "citation", "code", "estimator_code"} <= set(one)
        assert "ICon(" in one["code"]
        assert f"import {METHODS[one['name']].estimator}" in one["estimator_code"]
    latex = row_of(told, "t-sne")["latex"]
    assert latex == list(equation(METHODS["t-sne"].recipe()).lines)


def test_a_formula_that_cannot_be_read_is_refused_with_its_text():
    with pytest.raises(InputError, match="nothing.*write it in plain LaTeX"):
        mathml(r"\nothing")
    assert "<msub>" in mathml(r"\bigl( z_i \bigr)")


def test_no_formula_is_left_unread(told):
    for one in told["methods"]:
        for latex in one["latex"]:
            mathml(latex)
    assert "<mtext>\\" not in str(told)


def test_formulas_hold_nothing_that_acts(told):
    texts = [line for one in told["methods"] for line in one["equation"]]
    texts += [
        span["math"] for one in told["methods"] for note in one["notes"] for span in note if "math" in span
    ]
    texts += [one["formula"] for one in (*told["columns"], *told["rows"])]
    for text in set(texts):
        found = Elements(text)
        assert found.tags <= HARMLESS
        assert not {
            name for name in found.attributes if name.startswith("on") or name in ("href", "src", "style")
        }


def test_words_become_spans():
    assert spans("plain") == [{"text": "plain"}]
    assert spans("") == []
    assert [next(iter(one)) for one in spans("a $x_i$ and `b` or ``c``.")] == [
        "text",
        "math",
        "text",
        "code",
        "text",
        "code",
        "text",
    ]
    assert spans("`$x$`") == [{"code": "$x$"}]
    assert spans("costs 5 $") == [{"text": "costs 5 $"}]
    assert formula(r"\nothing<b>") == (
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><mtext>\\nothing&lt;b&gt;</mtext></math>'
    )


class Tempered(Gaussian):
    """A distribution of the user's, whose alpha is no uniform mass."""

    alpha = 0.7


def test_only_uniform_mass_is_told_as_uniform_mass():
    sides = {"learned": Tempered(1.0), "debiased": Gaussian(1.0).debias(0.2)}
    rows = [
        replace(
            METHODS["sne-uniform"],
            name=name,
            build=lambda q=q: Recipe(KNN(4), q, embedding(2)),
        )
        for name, q in sides.items()
    ]
    assert [own_value(row, "debias_learned") for row in rows] == [0.0, 0.2]
    assert own_value(rows[0], "debias_target") == 0.0


def test_a_users_method_is_there_and_its_words_stay_words(own):
    one = row_of(table(), "my-map")
    json.dumps(one, allow_nan=False)
    assert one["title"] == "<script>alert(1)</script>"
    assert [set(span) for span in one["rewards"]] == [{"text"}, {"math"}, {"text"}, {"code"}, {"text"}]
    assert Elements(one["rewards"][1]["math"]).tags <= HARMLESS
    assert not one["on_grid"]
    assert [p["name"] for p in one["parameters"]] == ["n_neighbors", "big"]  # no texts: they may be paths
    assert one["parameters"][1]["default"] is None
    _, options = run_request({"method": "my-map", "parameters": {"n_neighbors": 3}}, BUILT_IN["digits"]())
    assert dict(options.parameters) == {"n_neighbors": 3}


def test_data_feed_the_methods_of_their_form(digits):
    for name, make in BUILT_IN.items():
        data = make()
        names, refused = feeds(data)
        assert set(names) | set(refused) == set(METHODS)
        assert not set(names) & set(refused)
        assert set(names) == {row.name for row in METHODS.values() if EXAMPLES[row.takes.name] == name}
        assert all(row in words and "give" in words for row, words in refused.items())
    names, refused = feeds(replace(digits, y=None, classes=None))
    assert "t-sne" in names
    assert {row.name for row in METHODS.values() if row.needs_labels} <= set(refused)
    assert "compares labels" in refused["supcon"]


def test_a_certificate_is_that_of_verify_line_by_line():
    for name in ("sne", "pca"):
        found, said = certificate(name), verify(name)
        json.dumps(found, allow_nan=False)
        assert found["passed"] == said.passed
        assert found["passed"] == all(line["holds"] for line in found["lines"])
        assert [line["measured"] for line in found["lines"][:2]] == [said.value_error, said.gradient_error]
        assert (len(found["lines"]) == 3) == (said.rate is not None)
        assert found["statement"] == said.statement
        assert certificate(name) is found
    with pytest.raises(OptionError, match="did you mean 'sne'"):
        certificate("snee")


def test_certificates_and_wishes_at_once_leave_the_types_of_the_process(digits):
    wish = {"method": "t-sne", "options": {"divergence": "js"}}
    asked = [Thread(target=verify, args=(name,)) for name in ("t-sne", "simclr", "clip")]
    asked += [Thread(target=run_request, args=(wish, digits)) for _ in range(3)]
    asked += [Thread(target=certificate, args=("dcd",))]
    for thread in asked:
        thread.start()
    for thread in asked:
        thread.join()
    assert torch.get_default_dtype() == torch.float32
    assert certificate("dcd")["passed"]


@pytest.mark.parametrize("name", METHODS)
def test_every_method_runs_as_it_is_on_its_example(name):
    data = BUILT_IN[EXAMPLES[METHODS[name].takes.name]]()
    got, options = run_request({"method": name}, data)
    assert got == name
    assert not options.parameters
    assert not options.variation.chosen
    as_told = {one["name"]: one["default"] for one in row_of(table(), name)["parameters"]}
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
