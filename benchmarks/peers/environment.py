"""The peers' own environment: made when it is missing or its requirements have changed."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACE = HERE.parent / ".peers"
REQUIREMENTS, ALONE = HERE / "requirements.txt", HERE / "alone.txt"


def peers_python() -> Path:
    """The interpreter of the environment ``benchmarks/.peers``."""
    python, stamp = PLACE / "bin" / "python", PLACE / "installed.txt"
    wanted = REQUIREMENTS.read_text() + ALONE.read_text()
    if not (stamp.exists() and stamp.read_text() == wanted):
        print(f"installing the peers into {PLACE.name} ...", file=sys.stderr)
        venv.create(PLACE, clear=True, symlinks=True, with_pip=True)
        # torch on its own and first: the resolver must not look for another that the rest would also accept
        torch = next(line for line in wanted.splitlines() if line.startswith("torch=="))
        for what in ([torch], ["-r", str(REQUIREMENTS)], ["--no-deps", "-r", str(ALONE)]):
            subprocess.run([python, "-m", "pip", "install", "--quiet", *what], check=True)
        stamp.write_text(wanted)
    return python
