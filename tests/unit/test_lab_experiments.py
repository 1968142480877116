"""A contract of every experiment of the laboratory: what it leaves, and that its numbers are those of its seed."""

from __future__ import annotations

import json
import shutil

import pytest

from iconlearn.lab import EXPERIMENTS, run_experiment

SHARE = 0.02  # of steps and samples; claims need not hold
SLOW = {
    "fisher",
    "mi-as-measure",
    "infomin",
}  # 5 to 15 s each with any share: oracles, k-means and probes do not shrink
ROWS = [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in EXPERIMENTS]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs an experiment in a folder once for all tests: what it found, and the folder."""
    done = {}

    def once(name):
        if name not in done:
            folder = tmp_path_factory.mktemp(name)
            done[name] = run_experiment(EXPERIMENTS[name], folder, seeds=1, share=SHARE), folder
        return done[name]

    return once


def numbers(folder, name):
    return json.loads((folder / name / "numbers.json").read_text())["pieces"]


def words(findings):
    """All that is said, without the pictures."""
    return findings.verdicts, findings.tables, findings.notes


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_row_says_what_is_asked_and_where_claims_come_from(name):
    row = EXPERIMENTS[name]
    assert row.name == name
    assert "?" in row.question
    assert row.title
    assert any(sure in row.source.lower() for sure in ("proven", "measur", "reconstruct"))
    assert row.code, "modules that measure, so that numbers of an earlier version are not used"
    assert row.seeds >= 2, "one seed has no spread"


@pytest.mark.parametrize("name", ROWS)
def test_it_has_verdicts_tables_and_pictures(name, run):
    findings, _ = run(name)
    assert findings.verdicts
    for verdict in findings.verdicts:
        assert verdict.claim
        assert any(letter.isdigit() for letter in verdict.measured), verdict
        assert type(verdict.holds) is bool
    assert findings.tables
    for table in findings.tables:
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.head)}
        assert all(isinstance(cell, str) and cell for row in table.rows for cell in row)
    names = [picture.name for picture in findings.pictures]
    assert names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ROWS)
def test_it_leaves_a_page_and_its_pictures(name, run):
    findings, folder = run(name)
    row, page = EXPERIMENTS[name], (folder / f"{name}.md").read_text("utf-8")
    for told in (f"# {row.title}", row.question, row.source, "## Does it hold?", "seeds 0"):
        assert told in page
    for said in (
        *(v.claim for v in findings.verdicts),
        *(t.title for t in findings.tables),
        *findings.notes,
    ):
        assert said in page
    assert f"`iconlearn lab {name} --seeds 1 --share {SHARE:g}`" in page
    for picture in findings.pictures:
        assert f"![{picture.caption}]({name}/{picture.name}.png)" in page
        assert (folder / name / f"{picture.name}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ROWS)
def test_nothing_is_measured_twice(name, run, tmp_path):
    findings, folder = run(name)
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    told = []
    again = run_experiment(EXPERIMENTS[name], tmp_path, seeds=1, share=SHARE, tell=told.append)
    assert told == []
    assert words(again) == words(findings)


@pytest.mark.parametrize("name", ROWS)
def test_the_same_seed_gives_the_same_numbers(name, run, tmp_path):
    _, folder = run(name)
    run_experiment(EXPERIMENTS[name], tmp_path, seeds=1, share=SHARE)
    assert numbers(tmp_path, name) == numbers(folder, name)
