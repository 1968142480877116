"""Three cells of the periodic table learn the handwritten digits, and real images are clustered by their features.

Run by ``make demo``. A map, a clustering and an encoder of the digits leave a folder of results each in ``--out``; the
table says what was made and how good it is. Then `patches.py` clusters patches of two photographs, all the way
from image files to a contact sheet.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

from iconlearn.data.files import load_digits_dataset
from iconlearn.run import RunOptions, RunResult, run_method
from patches import cluster_patches

RUNS: dict[str, dict[str, Any]] = {
    "t-sne": {},
    "infonce-clustering": {"n_clusters": 10},
    "simclr": {},
}


def main() -> None:
    """Run the demo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo_out"), help="folder for the results")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    start = time.perf_counter()
    dataset = load_digits_dataset()
    results = []
    for name, parameters in RUNS.items():
        print(f"{name} on {len(dataset.X)} digits ...", flush=True)
        options = RunOptions(parameters=parameters, seed=arguments.seed, overwrite=True)
        results.append(run_method(name, dataset, arguments.out / name, options, verbose=sys.stderr.isatty()))
    print_table(results)
    print("\npatches of two photographs ...", flush=True)
    cluster_patches(arguments.out / "patches", arguments.seed)
    print(
        f"\nall of it in {time.perf_counter() - start:.0f} s; open the training.gif of each "
        f"folder, and {arguments.out}/patches/contact_sheet.png, or watch the runs again and start your own:"
    )
    runs = " ".join(str(arguments.out / name) for name in RUNS)
    command = os.path.relpath(Path(sys.executable).with_name("iconlearn"))
    print(f"\n    {command} explore {runs}\n\nprints the address of a page that shows them as they happened")


def print_table(results: list[RunResult]) -> None:
    """What was made, and the metrics."""
    from rich.console import Console
    from rich.table import Table

    table = Table("method", "files", "metrics", "seconds", show_lines=True, title="made from 1797 digits")
    for result in results:
        metrics = [
            f"{name.replace('_', ' ')} {value:.3f}"
            if isinstance(value, float)
            else f"{name.replace('_', ' ')} {value}"
            for name, value in result.metrics.items()
        ]
        files = f"[bold]{result.out}/[/bold]\n" + "\n".join(result.files)
        table.add_row(f"[bold]{result.method}[/bold]", files, "\n".join(metrics), f"{result.seconds:.1f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
