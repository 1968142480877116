"""Which modules a call of the command imports."""

import subprocess
import sys

import pytest
from typer.main import get_command

from iconlearn.cli.app import COMMANDS, app, load_commands, main


def imported(*args: str) -> set[str]:
    """Modules that are imported by a call."""
    code = f"import sys; from iconlearn.cli.app import load_commands; load_commands({list(args)}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_every_command_is_found_in_the_module_that_is_imported_for_it():
    load_commands([])
    groups = {info.name: "lab" for info in app.registered_groups}
    found = {
        info.name or info.callback.__name__: info.callback.__module__.rpartition(".")[2]
        for info in app.registered_commands
        if info.callback is not None
    }
    assert found | groups == COMMANDS
    assert set(get_command(app).commands) == set(COMMANDS)  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("args", [["explore", "digits"], ["methods"], ["--version"]])
def test_what_runs_nothing_imports_no_scikit_learn(args):
    modules = imported(*args)
    assert "iconlearn.cli.app" in modules
    assert not {"sklearn", "pandas", "matplotlib", "iconlearn.cli.lab", "iconlearn.run.job"} & modules


@pytest.mark.parametrize("args", [["--load", "fit", "lab"], ["lab", "fit"]])
def test_the_first_word_that_is_no_option_is_the_command(args):
    modules = imported(*args)
    assert "iconlearn.cli.lab" in modules
    assert "iconlearn.cli.fit" not in modules


@pytest.mark.parametrize("args", [["fti", "table"], ["--help"], []])
def test_a_call_without_a_command_is_told_of_all(args):
    assert {f"iconlearn.cli.{module}" for module in COMMANDS.values()} <= imported(*args)


def test_the_command_alone_prints_the_help(capsys):
    with pytest.raises(SystemExit) as done:
        main([])
    assert done.value.code == 0
    said = capsys.readouterr()
    assert all(name in said.out for name in COMMANDS)
    assert not said.err
