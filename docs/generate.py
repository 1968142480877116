"""What the documentation makes of the library before it is built: a page a method, the table, real output.

Every method is run on a few hundred samples of the built-in data of its form. Runs, certificates and the output of
commands are kept in ``docs/_cache`` under a hash of what they depend on, so a second build takes seconds.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import iconlearn
from iconlearn import METHODS
from iconlearn.data.builtin import EXAMPLES
from iconlearn.data.dataset import Dataset
from iconlearn.data.files import load_dataset
from iconlearn.methods import Method
from iconlearn.pages import grid, page
from iconlearn.run import RunOptions, run_method
from iconlearn.verification import Certificate, verify

DOCS = Path(__file__).parent
CACHE, OUT = DOCS / "_cache", DOCS / "_generated"
ROWS = 500  # samples of a run
MOST_RESTARTS = 8
PICTURES = ("map.png", "p_vs_q.png", "loss.png")  # the animations are too large for a site
WORDS_ONLY = ("cli", "pages")  # parts of the library that no run depends on
CLAIMS_ONLY = (*WORDS_ONLY, "claims", "published", "verification")


def sources(leave_out: Iterable[str]) -> str:
    """A hash of the library's source, some parts left out."""
    root, total = Path(iconlearn.__file__).parent, hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        place = path.relative_to(root)
        if place.parts[0] not in leave_out:
            total.update(str(place).encode() + path.read_bytes())
    return total.hexdigest()


def key(*parts: object) -> str:
    """A short hash of what a result depends on."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


def few(row: Method) -> Dataset:
    """Some samples of the built-in data that a method learns from; of a graph its largest piece."""
    data = load_dataset(EXAMPLES[row.takes.name])
    rows = np.arange(min(ROWS, len(data.X)))
    if row.takes.name == "graph":
        from scipy.sparse.csgraph import connected_components

        piece = connected_components(data.source[rows][:, rows])[1]
        rows = np.flatnonzero(piece == np.bincount(piece).argmax())
    source = None if data.source is None else row.takes.take(data.source, rows)
    return replace(data, X=data.X[rows], y=None if data.y is None else data.y[rows], source=source)


def options(row: Method) -> RunOptions:
    """The method's own options, with fewer starts where it has many."""
    starts = row.fit.get("restarts", 1)
    return RunOptions(restarts=min(starts, MOST_RESTARTS) if starts > 1 else None)


@dataclass(frozen=True)
class Held:
    """Where the cache keeps what a page needs: a run and a certificate. Decided once a build, for all processes."""

    name: str
    run: Path
    certificate: Path

    @classmethod
    def of(cls, row: Method, runs: str, claims: str) -> Held:
        """``runs`` and ``claims`` are hashes of the sources that the two depend on."""
        recipe = row.recipe()
        parts = (
            recipe.target_dist,
            recipe.learned_dist,
            recipe.divergence,
            row.fit,
            row.title,
            options(row),
            ROWS,
        )
        return cls(
            row.name,
            CACHE / f"{row.name}-{key(runs, *parts)}",
            CACHE / f"{row.name}-{key(claims, row.name)}.json",
        )


def fill(held: Held) -> str:
    """Whatever the page of a method needs and the cache lacks."""
    if not held.run.exists():
        run(held.name, held.run)
    if not held.certificate.exists():
        forget(held.name, ".json")
        held.certificate.write_text(json.dumps(asdict(verify(held.name))))
    return held.name


def run(name: str, folder: Path) -> None:
    """One run into the cache."""
    import torch

    torch.set_num_threads(1)
    row, aside = METHODS[name], folder.with_suffix(".part")
    shutil.rmtree(aside, ignore_errors=True)
    run_method(name, few(row), aside, options(row))
    for path in aside.iterdir():
        if path.name not in (*PICTURES, "run.json"):
            path.unlink()
    forget(name)
    aside.rename(folder)


def forget(name: str, suffix: str = "") -> None:
    """Drop what the cache held of a method before."""
    for old in CACHE.glob(f"{name}-{'[0-9a-f]' * 16}{suffix}"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()


def write(path: Path, text: str) -> None:
    """Write a file if its text has changed, so that unchanged pages are not built again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def write_pages(held: list[Held]) -> None:
    """The pages of these methods, with their pictures."""
    folder, names = OUT / "methods", [one.name for one in held]
    for old in folder.glob("*"):
        if old.stem not in {*names, "index"}:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for one in held:
        pictures = folder / one.name
        pictures.mkdir(parents=True, exist_ok=True)
        for picture in PICTURES:
            shutil.copyfile(one.run / picture, pictures / picture)
        certificate = Certificate(**json.loads(one.certificate.read_text()))
        text = page(METHODS[one.name], certificate, one.run, pictures=f"{one.name}/", linked=names)
        write(folder / f"{one.name}.md", text)


def write_index(names: list[str]) -> None:
    """The table itself."""
    rows = [row for row in METHODS.values() if row.name in names]
    counts = {
        status: sum(row.status == status for row in rows) for status in ("named", "gap", "blank", "off-grid")
    }
    words = (
        f"{len(rows)} methods, one equation. Across: what belongs together, p. Down: what is learned, q. "
        f"{counts['named']} are published in their cells, {counts['gap']} are gaps that the paper predicts, "
        f"{counts['blank']} are cells that it leaves empty, {counts['off-grid']} lie off the grid. "
        "Choose one for its equation, pictures of a run, code and certificate."
    )
    toc = ["```{toctree}", ":hidden:", "", *names, "```"]
    raw = ["```{raw} html", grid(rows, names), "```"]
    lines = ["---", "hide-toc: true", "---", "", "# The periodic table", "", words, "", *raw, "", *toc]
    write(OUT / "methods" / "index.md", "\n".join(lines) + "\n")


def write_references(names: list[str]) -> None:
    """The papers, and the methods that come from each."""
    papers: dict[str, list[str]] = {}
    for name in names:
        papers.setdefault(METHODS[name].paper, []).append(f"[{METHODS[name].title}](methods/{name}.md)")
    lines = ["# References", "", "The papers that the rows of the table cite, and their methods.", ""]
    lines += [f"- **{paper}**: {', '.join(papers[paper])}" for paper in sorted(papers, key=str.casefold)]
    write(OUT / "references.md", "\n".join(lines) + "\n")


# The page on new cells shows what these commands print.
COMMANDS = {
    "fit": "fit label-map few.npz --out map/",
    "verify": "verify label-map",
    "page": "page label-map few.npz --out site/",
}


def write_commands() -> None:
    """Run the commands of the page on new cells, and keep what they print and draw."""
    cell = DOCS / "authoring" / "label_map.py"
    held = CACHE / f"authoring-{key(sources(()), cell.read_text(), COMMANDS)}"
    if not held.exists():
        forget("authoring")
        work_in = held.with_suffix(".part")
        shutil.rmtree(work_in, ignore_errors=True)
        work_in.mkdir(parents=True)
        shutil.copy(cell, work_in)
        digits = load_dataset("digits")
        np.savez(work_in / "few.npz", X=digits.X[:400].reshape(-1, 8, 8), y=digits.y[:400])
        for name, command in COMMANDS.items():
            given = [sys.executable, "-m", "iconlearn", "--load", "label_map.py", *command.split()]
            done = subprocess.run(given, cwd=work_in, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"iconlearn {command}: {done.stderr}")
            text = f"$ iconlearn --load label_map.py {command}\n{done.stdout}"
            (work_in / f"{name}.txt").write_text(text)
        work_in.rename(held)
    folder = OUT / "authoring"
    folder.mkdir(parents=True, exist_ok=True)
    for name in COMMANDS:
        shutil.copyfile(held / f"{name}.txt", folder / f"{name}.txt")
    for picture in PICTURES:
        shutil.copyfile(held / "map" / picture, folder / picture)


def generate(only: Iterable[str] = ()) -> None:
    """Write everything under ``docs/_generated``.

    Parameters
    ----------
    only : iterable of str, default ()
        Names of the methods that get a page; all of them when left out.
    """
    chosen = set(only)
    if unknown := chosen - set(METHODS):
        raise ValueError(f"ICONLEARN_DOCS_ONLY names {sorted(unknown)}, which are no methods")
    names = [name for name in METHODS if not chosen or name in chosen]
    CACHE.mkdir(exist_ok=True)
    runs, claims = sources(CLAIMS_ONLY), sources(WORDS_ONLY)
    held = [Held.of(METHODS[name], runs, claims) for name in names]
    jobs = int(os.environ.get("ICONLEARN_DOCS_JOBS", 0)) or min(len(names), os.cpu_count() or 1)
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        for count, name in enumerate(pool.map(fill, held), 1):
            print(f"[{count}/{len(names)}] {name}", flush=True)
    write_pages(held)
    write_index(names)
    write_references(names)
    write_commands()


def on_builder_inited(app: Any) -> None:
    """Sphinx is about to read its sources."""
    generate(app.config.iconlearn_only)
