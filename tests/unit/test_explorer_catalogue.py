"""The explorer's catalogue: the table as JSON, who can feed whom, and certificates."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from threading import Thread

import pytest
import torch

from iconlearn import KNN, METHODS, Gaussian, InputError, OptionError, register, verify
from iconlearn.data.builtin import BUILT_IN, EXAMPLES
from iconlearn.explorer.catalogue import certificate, exported, feeds, run_request, table
from iconlearn.explorer.catalogue.choices import own as own_value
from iconlearn.explorer.catalogue.entry import entry
from iconlearn.explorer.catalogue.spans import formula, spans
from iconlearn.methods import COLUMNS, FAMILIES, LEARNED
from iconlearn.methods.citations import TITLES
from iconlearn.pages import equation
from iconlearn.pages.mathml import mathml
from iconlearn.recipes import Recipe, embedding
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
    return exported(METHODS)


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


def test_the_table_shows_of_every_method_what_its_cell_says_too(told):
    heads = table()["methods"]
    assert [
        {name: one[name] for name in head} for head, one in zip(heads, told["methods"], strict=True)
    ] == heads
    assert {key: value for key, value in table().items() if key != "methods"} == {
        key: value for key, value in told.items() if key != "methods"
    }


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


def test_a_form_speaks_of_empty_fields_and_not_of_code(told):
    fields = [field for one in told["methods"] for field in (*one["parameters"], *one["options"])]
    for field in fields:
        words = "".join(part.get("text", "") + part.get("code", "") for part in field["text"])
        assert not re.search(r"\bNone\b|function|tensor|NeighborGraph|->", words), (field["name"], words)
        assert words[0].isupper() or words[0] in "\"'"
    steps = next(field for field in row_of(told, "pca")["options"] if field["name"] == "max_iter")
    assert steps["text"] == [{"text": "Optimiser steps; left empty: the method's own number."}]
    balance = next(f for f in fields if f["name"] == "balance")["text"]
    assert "into one cluster. Left empty: 0.7, but 1" in balance[0]["text"]


def test_citations_have_the_titles_of_their_papers(told):
    cited = {METHODS[one["name"]].paper.removeprefix("blank in ") for one in told["methods"]}
    assert cited == set(TITLES)  # every paper has a title, and none is left over
    for one in told["methods"]:
        (title,) = re.findall(r"title = \{\{(.+)\}\}", one["citation"])
        assert title in TITLES.values()
    assert "  title = {{Visualizing Data using t-SNE}},\n" in row_of(told, "t-sne")["citation"]
    blank = row_of(told, "identity-to-student")["citation"]
    assert "I-Con: A Unifying Framework" in blank
    assert "{Alshammari and others}" in blank


def test_a_method_of_the_users_gets_no_title_of_another_paper_of_the_same_words():
    row = replace(METHODS["t-sne"], name="my-map", paper="Chen et al. 2020")
    assert "title" not in entry(row)["citation"]


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
    one = row_of(exported(["my-map"]), "my-map")
    json.dumps(one, allow_nan=False)
    assert one["title"] == "<script>alert(1)</script>"
    assert [set(span) for span in one["rewards"]] == [{"text"}, {"math"}, {"text"}, {"code"}, {"text"}]
    assert Elements(one["rewards"][1]["math"]).tags <= HARMLESS
    assert not one["on_grid"]
    assert [p["name"] for p in one["parameters"]] == ["n_neighbors", "big"]  # no texts: they may be paths
    assert one["parameters"][1]["default"] is None
    _, options = run_request({"method": "my-map", "parameters": {"n_neighbors": 3}}, BUILT_IN["digits"]())
    assert dict(options.parameters) == {"n_neighbors": 3}


def test_data_feed_the_methods_of_their_form():
    for name, make in BUILT_IN.items():
        data = make()
        names, refused = feeds(data)
        assert set(names) | set(refused) == set(METHODS)
        assert not set(names) & set(refused)
        assert set(names) == {row.name for row in METHODS.values() if EXAMPLES[row.takes.name] == name}
        assert all(row in words and "give" in words for row, words in refused.items())
    names, refused = feeds(replace(BUILT_IN["digits"](), y=None, classes=None))
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


def test_certificates_and_wishes_at_once_leave_the_types_of_the_process():
    wish = {"method": "t-sne", "options": {"divergence": "js"}}
    asked = [Thread(target=verify, args=(name,)) for name in ("t-sne", "simclr", "clip")]
    asked += [Thread(target=run_request, args=(wish, BUILT_IN["digits"]())) for _ in range(3)]
    asked += [Thread(target=certificate, args=("dcd",))]
    for thread in asked:
        thread.start()
    for thread in asked:
        thread.join()
    assert torch.get_default_dtype() == torch.float32
    assert certificate("dcd")["passed"]
