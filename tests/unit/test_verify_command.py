"""``iconlearn verify``: what it prints, and how it exits."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from iconlearn import METHODS, Gaussian, Perplexity, register
from iconlearn.claim import Rate
from iconlearn.cli import main
from iconlearn.published import maps, targets
from iconlearn.recipes import Recipe, embedding

KEYS = ["method", "cell", "kind", "reference", "value_error", "gradient_error", "rate", "passed"]


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as exit:
        main(["verify", *args])
    return int(exit.value.code or 0)


@pytest.fixture
def wrong():
    """SNE with exp(-2 d^2), held against SNE."""

    def sne(case):
        perplexity = case.parameters["perplexity"]
        p = targets.perplexity_rows(case.x, perplexity, math.ceil(3 * perplexity))
        return maps.sne(p, case.z) / case.n

    @register("wrong-sne", reference=sne)
    def build(perplexity: float = 30.0, n_components: int = 2) -> Recipe:
        return Recipe(Gaussian(Perplexity(perplexity)), Gaussian(0.5), embedding(n_components))

    yield build
    del METHODS["wrong-sne"]


def test_plain_text_is_aligned_and_counted(capsys):
    assert run("pca", "sne") == 0
    head, pca, sne, counts = capsys.readouterr().out.splitlines()
    for column in ("cell", "kind", "value", "gradient", "rate", "verdict", "reference"):
        start = head.index(column)
        assert all(line[start - 2 : start] == "  " and line[start] != " " for line in (pca, sne))
    assert pca.split()[0] == "pca"
    assert "limit" in pca
    assert "passed" in pca
    assert "-2 Var (formula" in pca
    assert "  -  " in sne
    assert counts == "2 passed, 0 failed: 1 exact, 1 limit"
    assert "\x1b" not in head + pca + sne


def test_json_has_these_keys_and_no_others(capsys):
    assert run("pca", "sne", "--json") == 0
    pca, sne = json.loads(capsys.readouterr().out)
    assert list(pca) == list(sne) == KEYS
    assert (pca["method"], pca["kind"], pca["passed"]) == ("pca", "limit", True)
    assert pca["cell"] == "Identity | Gaussian, sigma -> inf"
    assert pca["rate"] >= 9
    assert sne["rate"] is None
    assert 0 <= sne["value_error"] <= 1e-10
    assert 0 <= sne["gradient_error"] <= 1e-10


def test_a_failed_certificate_exits_with_one(wrong, capsys):
    assert run("sne", "wrong-sne") == 1
    *_, line, counts = capsys.readouterr().out.splitlines()
    assert line.startswith("wrong-sne")
    assert "FAILED" in line
    assert counts == "1 passed, 1 failed: 2 exact"
    assert run("wrong-sne", "--json") == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert found["passed"] is False
    assert found["value_error"] > 1e-3


def test_numbers_that_are_not_finite_are_null_in_json(wrong, monkeypatch, capsys):
    assert wrong.claim is not None
    at_once = Rate(lambda case, step: case.z.sum(), lambda case: case.z.sum())
    nothing = replace(wrong.claim.references[0], loss=lambda case: case.z.sum() * math.nan)
    claim = replace(wrong.claim, references=(nothing,), rate=at_once)
    monkeypatch.setitem(METHODS, "wrong-sne", replace(wrong, claim=claim))
    assert run("wrong-sne", "--json") == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert found["value_error"] is None
    assert found["rate"] is None
    assert found["passed"] is False


def test_an_unknown_method_is_a_wrong_call(capsys):
    assert run("pcaa") == 2
    assert "did you mean 'pca'" in capsys.readouterr().err


def test_a_terminal_gets_colours_and_no_line_is_cut(monkeypatch, capsys):
    import rich.console

    plain = rich.console.Console
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr(rich.console, "Console", lambda **kw: plain(force_terminal=True, width=40, **kw))
    assert run("pca") == 0
    out = capsys.readouterr().out
    assert "\x1b[" in out
    assert len(out.splitlines()) == 3
