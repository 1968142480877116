"""The laboratory: what is measured is kept, reports say what was found, and claims that fail are told."""

from __future__ import annotations

import json
import os

import pytest

from iconlearn._errors import BusyError, FileFormatError, InputError, OptionError
from iconlearn._lock import locked
from iconlearn.cli import lab, main
from iconlearn.lab import Bench, Experiment, Findings, Picture, Table, Verdict, run_all, run_experiment
from iconlearn.lab.notebook import Notebook
from iconlearn.viz import style


def squares(calls, fails=None):
    """An experiment that squares its seeds, and stops at one of them."""

    def run(bench):
        def square(bench, seed):
            if seed == fails:
                raise KeyboardInterrupt
            calls.append(seed)
            return {"square": seed**2, "steps": bench.of(100)}

        kept = bench.by_seed(square)
        biggest = max(piece["square"] for piece in kept)
        table = Table(
            "Squares",
            ["seed", "square"],
            [[str(s), str(p["square"])] for s, p in zip(bench.seeds, kept, strict=True)],
        )
        picture = Picture("empty", "Nothing to see.", style.new_figure(2, 2))
        return Findings(
            [
                Verdict("squares stay below 4", f"{biggest}", biggest < 4),
                Verdict("they are there", "yes", True),
            ],
            [table],
            [picture],
            ["A note."],
        )

    return Experiment("squares", "Squares", "How large are they?", "Proven.", run)


def test_a_report_has_verdicts_tables_pictures_and_its_command(tmp_path):
    findings = run_experiment(squares([]), tmp_path, seeds=4)
    assert not findings.hold
    page = (tmp_path / "squares.md").read_text()
    for words in ("# Squares", "How large are they?", "Proven.", "- A note."):
        assert words in page
    assert "| squares stay below 4 | 9        | **no** |" in page
    assert "| 3    | 9      |" in page
    assert "![Nothing to see.](squares/empty.png)" in page
    assert (tmp_path / "squares" / "empty.png").read_bytes().startswith(b"\x89PNG")
    assert "`iconlearn lab squares --seeds 4`" in page
    assert "seeds 0, 1, 2, 3" in page


def cube(bench, seed):
    """A measure that another process can find."""
    return {"cube": seed**3, "steps": bench.of(100), "process": os.getpid()}


def stop(bench, seed):
    raise InputError(f"seed {seed} cannot be measured")


def test_processes_measure_the_same_elsewhere():
    def cubes(jobs):
        return Bench((0, 1, 2), 0.5, Notebook(jobs=jobs)).by_seed(cube)

    here, there = cubes(1), cubes(2)
    assert {piece.pop("process") for piece in here} == {os.getpid()}
    assert os.getpid() not in {piece.pop("process") for piece in there}
    assert here == there == [{"cube": k**3, "steps": 50} for k in range(3)]


def test_an_error_elsewhere_is_the_error_here():
    with pytest.raises(InputError, match="cannot be measured"):
        Bench((0, 1), 1.0, Notebook(jobs=2)).by_seed(stop)


def test_what_was_measured_before_a_kill_is_not_measured_again(tmp_path):
    calls: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        run_experiment(squares(calls, fails=2), tmp_path)
    assert calls == [0, 1]
    run_experiment(squares(calls), tmp_path)
    assert calls == [0, 1, 2]
    run_experiment(squares(calls), tmp_path, seeds=5)
    assert calls == [0, 1, 2, 3, 4]
    run_experiment(squares(calls), tmp_path, seeds=1, share=0.5)  # of another share nothing can be used
    assert calls == [0, 1, 2, 3, 4, 0]


def test_all_experiments_make_one_summary(tmp_path):
    found = run_all([squares([])], tmp_path, seeds=1)
    assert [experiment.name for experiment, _ in found] == ["squares"]
    page = (tmp_path / "index.md").read_text()
    for words in ("2 of 2 claims hold", "[squares](squares.md)", "`iconlearn lab all --seeds 1`"):
        assert words in page


def test_one_at_a_time_in_a_folder(tmp_path):
    with locked(tmp_path / "squares"), pytest.raises(BusyError):
        run_experiment(squares([]), tmp_path)


@pytest.mark.parametrize("body", ["", "{", "[]", '{"pieces": {}}'])
def test_a_damaged_notebook_is_refused(tmp_path, body):
    file = tmp_path / "numbers.json"
    file.write_text(body)
    with pytest.raises(FileFormatError, match="no numbers of an experiment"):
        Notebook(file)


def test_pieces_are_written_as_they_come(tmp_path):
    file, told = tmp_path / "numbers.json", []
    book = Notebook(file, "basis", told.append)
    book.keep({"first": lambda: {"value": 1.5}})
    assert json.loads(file.read_text())["pieces"] == {"first": {"value": 1.5}}
    assert told[0].startswith("first (")
    assert Notebook(file, "another basis").pieces == {}


@pytest.mark.parametrize(("option", "value"), [("seeds", 0), ("share", 0.0), ("share", 1.5), ("seeds", 1.5)])
def test_options_are_checked(option, value):
    with pytest.raises(OptionError, match=option):
        run_experiment(squares([]), None, **{option: value})


@pytest.fixture
def add(monkeypatch):
    """Makes an experiment a command, for the time of a test."""
    monkeypatch.setattr(lab.lab, "registered_commands", [*lab.lab.registered_commands])
    return lab.command


def test_the_command_prints_tables_and_verdicts(tmp_path, capsys, add):
    add(squares([]))
    with pytest.raises(SystemExit) as stop:
        main(["lab", "squares", "--out", str(tmp_path), "--seeds", "2", "--jobs", "1"])
    told = capsys.readouterr()
    assert stop.value.code == 0
    assert "| squares    | squares stay below 4 | 1        | yes   |" in told.out
    assert "seed 1 (0 s)" in told.err


def test_ctrl_c_says_what_is_kept(tmp_path, capsys, add):
    add(squares([], fails=1))
    with pytest.raises(SystemExit) as stop:
        main(["lab", "squares", "--out", str(tmp_path), "--jobs", "1"])
    assert stop.value.code == 130
    assert "kept in" in capsys.readouterr().err
