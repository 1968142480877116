"""Which modules a call of the command imports."""

import subprocess
import sys

import pytest
from typer.main import get_command

from iconlearn.cli.app import COMMANDS, app, load_commands


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


def test_a_word_of_another_command_among_the_arguments_does_no_harm():
    assert {"iconlearn.cli.fit", "iconlearn.cli.lab"} <= imported("--load", "fit", "lab")


def test_a_wrong_word_is_told_of_all_commands():
    assert {f"iconlearn.cli.{module}" for module in COMMANDS.values()} <= imported("fti")
