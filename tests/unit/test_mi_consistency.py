"""Self-consistency: the arithmetic of the tests, data of known information, and failures as they are documented."""

from __future__ import annotations

import runpy
import sys
from dataclasses import replace

import numpy as np
import pytest

from iconlearn import OptionError
from iconlearn.theory.information import ESTIMATORS, mutual_information, self_consistency
from iconlearn.theory.information.consistency import Consistency, correlated

FAST = [name for name, row in ESTIMATORS.items() if row.learns is None]


def test_gaps_are_shares_of_the_truth_and_fail_beyond_what_is_allowed():
    x = np.random.default_rng(0).normal(size=100)
    one = replace(mutual_information(x, x**2, "cca"), nats=1.9, standard_error=0.01)
    found = Consistency(
        "any",
        2.0,
        independent=replace(one, nats=-0.015),
        single=one,
        processed=replace(one, nats=2.3),
        doubled=replace(one, nats=3.7),
        tolerance=0.1,
    )
    assert found.gaps == pytest.approx({"independence": -0.015, "data processing": 0.2, "additivity": -0.025})
    assert found.fails == {"data processing": pytest.approx(0.2)}
    assert str(found).endswith("fails data processing")
    assert replace(found, tolerance=0.3).fails == {}
    noisy = replace(found.independent, nats=0.09, standard_error=0.04)
    assert "independence" not in replace(found, independent=noisy).fails
    loose = replace(found, single=replace(one, nats=8.0), processed=replace(one, nats=10.0))
    assert loose.gaps["data processing"] == pytest.approx(0.25)
    sure = replace(noisy, standard_error=0.02)
    assert replace(found, independent=sure).fails["independence"] == 0.09
    unknown = replace(one, nats=float("nan"))
    assert "additivity" in replace(found, doubled=unknown).fails


@pytest.mark.parametrize("information", [0.3, 2.0])
def test_the_data_has_the_information_that_is_said(information):
    x, y = correlated(20_000, information, np.random.default_rng(0))
    rho = [np.corrcoef(x[:, c], y[:, c])[0, 1] for c in range(2)]
    assert -0.5 * np.log(1 - np.square(rho)).sum() == pytest.approx(information, abs=0.03)
    assert abs(np.corrcoef(x[:, 0], y[:, 1])[0, 1]) < 0.03
    assert x.std() == pytest.approx(1, abs=0.02)
    assert y.std() == pytest.approx(1, abs=0.02)


def test_an_estimator_that_always_says_the_same_fails(monkeypatch):
    row = replace(ESTIMATORS["cca"], name="stuck", value=lambda x, y: np.full(len(x), 1.0))
    monkeypatch.setitem(ESTIMATORS, "stuck", row)
    found = self_consistency("stuck", rows=100)
    assert found.fails == pytest.approx({"independence": 1.0, "additivity": -0.25})


def as_documented(name: str) -> None:
    row, found = ESTIMATORS[name], self_consistency(name)
    assert set(found.fails) == set(row.fails), found
    for test, gap in row.fails.items():
        assert found.fails[test] == pytest.approx(gap, abs=0.02 + 0.3 * abs(gap)), found


@pytest.mark.parametrize("name", FAST)
def test_what_learns_nothing_fails_as_documented(name):
    as_documented(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name not in FAST])
def test_what_is_learned_fails_as_documented(name):
    as_documented(name)


def test_options_reach_the_estimator():
    found = self_consistency("nwj", rows=100, critic="bilinear", max_iter=2, batch_size=10, information=0.5)
    assert (found.single.critic, found.single.batch_size, found.information) == ("bilinear", 10, 0.5)
    for options, message in (
        ({"estimator": "nwy"}, "did you mean 'nwj'"),
        ({"estimator": "cca", "information": 0}, "information"),
        ({"estimator": "cca", "rows": 10}, "rows"),
        ({"estimator": "cca", "tolerance": -1}, "tolerance"),
        ({"estimator": "cca", "k": 3}, "no option 'k'"),
    ):
        with pytest.raises(OptionError, match=message):
            self_consistency(**options)


def test_the_command_prints_a_table(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["information", "cca"])
    runpy.run_module("iconlearn.theory.information", run_name="__main__")
    head, row = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["estimator", "indep.", "single"]
    assert row.startswith("cca ")
    assert row.endswith("holds")
