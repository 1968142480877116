"""Peak memory of one loss and gradient, dense against tiled, at growing n: `python benchmarks/memory.py`.

Each figure is the growth of the process's peak resident memory during one forward and backward pass of t-SNE's
learned side with a dense Gaussian target, in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys

from reporting import Report, header, table

SIZES = (4000, 8000, 16000)
DENSE_LIMIT = 8000  # beyond it the dense engine would need more than ten gigabytes


def measure(engine: str, n: int) -> None:
    """Print the growth of peak memory in MiB; run in a process of its own."""
    import torch

    import iconlearn as il
    from iconlearn.engines import Dense, Tiled
    from iconlearn.points import Points

    def evaluate(kernel: il.Kernel, i: Points, j: Points) -> object:
        return Dense(kernel, i, j) if engine == "dense" else Tiled(kernel, i, j, block=128)

    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    data = torch.randn(n, 10, generator=generator)
    model = il.ICon(
        il.Gaussian(2.0, normalize="joint"),
        il.StudentT(normalize="joint"),
        il.Embedding(n, 2),
        engine=evaluate,
    )
    model({"value": data[:200], "id": torch.arange(200)}).backward()  # first use allocates libraries' buffers
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    model(data).backward()
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)


def main() -> None:
    """Measure every size in its own process and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--one", nargs=2, metavar=("ENGINE", "N"), help="measure one case in this process")
    parser.add_argument("--out", help="also append to this file of benchmarks/results")
    arguments = parser.parse_args()
    if arguments.one is not None:
        measure(arguments.one[0], int(arguments.one[1]))
        return
    report, lines = Report(arguments.out), []
    report(header())
    # Freed blocks go back to the system at once, so that the peak is that of live tensors.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}
    for n in SIZES:
        cells = []
        for engine in ("dense", "tiled"):
            if engine == "dense" and n > DENSE_LIMIT:
                cells.append("-")
                continue
            command = [sys.executable, __file__, "--one", engine, str(n)]
            printed = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=True
            ).stdout
            cells.append(f"{float(printed):.0f}")
        lines.append((str(n), *cells))
    report(table(("peak MiB of one loss and gradient, n", "dense", "tiled (block 128)"), lines))
    report("")


if __name__ == "__main__":
    main()
