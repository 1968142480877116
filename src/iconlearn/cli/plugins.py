"""Methods that users register: from files named by ``--load``, and from installed packages."""

from __future__ import annotations

import importlib.util
import sys
from importlib.metadata import entry_points
from pathlib import Path

from iconlearn._errors import IConLearnError, OptionError

GROUP = "iconlearn.methods"


def load_file(path: str) -> None:
    """Import a Python file, so that the methods that it registers are known.

    Raises
    ------
    OptionError
        If there is no such file, its name is that of another module, or it raises an error.
    """
    file = Path(path).expanduser().resolve()
    if file.suffix != ".py" or not file.is_file():
        raise OptionError(f"--load {path}: no such Python file; name a .py file that registers methods")
    name = file.stem
    there = sys.modules.get(name) or importlib.util.find_spec(name)
    if there is not None and origin(there) != file:
        raise OptionError(f"--load {path}: {name!r} is the name of another module; rename the file")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = (
        module  # before it runs, as an import does: its classes and functions are found by name
    )
    try:
        spec.loader.exec_module(module)
    except IConLearnError:
        del sys.modules[name]
        raise
    except Exception as cause:
        del sys.modules[name]
        raise OptionError(
            f"--load {path}: the file raises {type(cause).__name__}: {cause}; see that 'python {path}' runs"
        ) from cause


def origin(module: object) -> Path | None:
    """The file of a module or of its spec."""
    file = getattr(module, "__file__", None) or getattr(module, "origin", None)
    return Path(file).resolve() if file and file not in ("built-in", "frozen") else None


def load_installed() -> None:
    """Import what packages have under the entry point ``iconlearn.methods``.

    One that cannot be imported is left out with a line on standard error: it is not what the user asked for.
    """
    for entry in entry_points(group=GROUP):
        try:
            entry.load()
        except Exception as cause:
            print(
                f"warning: the methods of {entry.name!r} ({entry.value}) are left out, for importing them raises "
                f"{type(cause).__name__}: {cause}",
                file=sys.stderr,
            )
