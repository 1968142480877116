"""Pages of methods: every row has one, its formulas are true, its code runs; and methods that users bring along."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import iconlearn
from iconlearn import (
    METHODS,
)
from iconlearn._errors import FileFormatError
from iconlearn.cli import main, plugins
from iconlearn.data.builtin import EXAMPLES
from iconlearn.methods import LEARNED
from iconlearn.methods.row import FAMILIES
from iconlearn.pages import grid, page
from iconlearn.verification import Certificate

DOCS = Path(__file__).parents[2] / "docs"
SECTIONS = [
    "The equation",
    "In code",
    "Hyper-parameters",
    "Certificate",
    "Neighbours in the table",
    "Citation",
]


def command(*args: object) -> int:
    """Run the command in this process; its exit code."""
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in args])
    return int(stop.value.code or 0)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A user's file that registers a method, and what it leaves behind."""
    file = tmp_path / "walks_of_mine.py"
    file.write_text(
        "from iconlearn import KNN, StudentT, register\n"
        "from iconlearn.recipes import Recipe, embedding\n"
        "@register('my-walks', target='Walks', learned='Student-t', rewards='Walks stay short.')\n"
        "def my_walks(n_neighbors: int = 5, steps: int = 2):\n"
        "    return Recipe(KNN(n_neighbors).propagate(steps), StudentT(), embedding(2))\n"
    )
    yield file
    METHODS.pop("my-walks", None)
    sys.modules.pop("walks_of_mine", None)


@pytest.fixture
def few(tmp_path) -> Path:
    """Sixty rows in a file."""
    np.savez(tmp_path / "few.npz", X=np.random.default_rng(0).normal(size=(60, 5)))
    return tmp_path / "few.npz"


# ------------------------------------------------------------------------------------------ the page


@pytest.mark.parametrize("name", METHODS)
def test_every_row_has_a_page_with_all_parts(name):
    row = METHODS[name]
    passed = Certificate(name, row.cell, "exact", "somebody 1999", 1e-12, 2e-13, 9.9, True, "L = reference")
    text = page(row, passed, linked=METHODS)
    assert text.startswith(f"# {row.title}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    for part in (row.rewards, row.degenerates, row.paper, row.family, row.estimator, row.takes.words):
        assert part in text
    for parameter, default in row.parameters.items():
        shown = repr(default) if isinstance(default, (str, type(None))) else f"{default:g}"
        assert re.search(rf"\| `{parameter}` \| `{re.escape(shown)}", text) or f"`{default}" in text
    assert "**passed**" in text
    assert "2.0e-13" in text
    assert "9.9-fold" in text
    assert len(re.findall(r"\]\(([\w-]+)\.md\)", text)) >= 1
    assert set(re.findall(r"\]\(([\w-]+)\.md\)", text)) <= set(METHODS) - {name}
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 2
    assert sum(bool(line) for line in blocks[0].splitlines()) >= 5
    for block in blocks:
        compile(block, name, "exec")


def test_neighbours_are_those_of_the_row_and_of_the_column():
    text = page(METHODS["t-sne"], linked=["sne"])
    lines = dict(re.findall(r"^- the (same \w+) \(.*?\): (.*)$", text, re.MULTILINE))
    assert "[SNE](sne.md)" in lines["same p"]
    assert "k-means" in lines["same p"]
    assert "t-CLIP" in lines["same q"]
    assert "](t-clip.md)" not in text, "only pages that exist are linked"
    assert "t-SNE by rows" in lines["same cell"]


def test_a_page_without_certificate_or_run_says_so():
    text = page(METHODS["pca"])
    assert "No certificate." in text
    assert "## A run" not in text


def test_a_failed_certificate_is_not_hidden():
    failed = Certificate("pca", "", "limit", "r", 0.5, 0.5, None, False, "s")
    text = page(METHODS["pca"], failed)
    assert "**failed**" in text
    assert "fold with every" not in text


def test_a_run_of_another_method_is_refused(few, tmp_path):
    assert command("fit", "pca", few, "--max-iter", 2, "-q", "--out", tmp_path / "run") == 0
    text = page(METHODS["pca"], run=tmp_path / "run", pictures="here/")
    for picture in ("map.png", "p_vs_q.png", "loss.png", "training.gif"):
        assert f"](here/{picture})" in text
    assert "2 steps, seed 0" in text
    with pytest.raises(FileFormatError, match="holds a run of 'pca', but the page is of 't-sne'"):
        page(METHODS["t-sne"], run=tmp_path / "run")
    with pytest.raises(FileFormatError, match="iconlearn fit t-sne"):
        page(METHODS["t-sne"], run=tmp_path)


# ------------------------------------------------------------------------------------------ formulas


# ---------------------------------------------------------------- code


@pytest.mark.parametrize(
    "name", ["t-sne", "k-means", "clip", "lgsimclr", "normalized-cuts", "next-token", "harmonic"]
)
def test_the_code_of_pages_runs(name):
    short = [
        (r"max_iter=\d+", "max_iter=2"),
        (r"epochs=\d+", "max_iter=2"),
        (r"restarts=\d+", "restarts=1"),
        (r"(estimator = \w+\()", r"\1max_iter=2, restarts=1, "),
    ]
    for k, block in enumerate(re.findall(r"```python\n(.*?)```", page(METHODS[name]), re.DOTALL)):
        for pattern, instead in short:
            block = re.sub(pattern, instead, block)
        names: dict = {}
        exec(compile(block, name, "exec"), names)
        if k == 1:
            assert len(names["model"].history.losses) == 2
        elif METHODS[name].clusters:
            assert len(names["labels"]) == 1797
        else:
            assert np.isfinite(np.concatenate([np.ravel(part) for part in names["embedding"]])).all()


def test_both_forms_of_code_are_one_method():
    row = METHODS["simclr"]
    blocks = re.findall(r"```python\n(.*?)```", page(row), re.DOTALL)
    assert "image_shape=data.image_shape" in blocks[0]
    assert "CNN(image_shape=(1, 8, 8)" in blocks[1]
    assert "image_shape" not in page(METHODS["sne"])
    made: dict = {}
    exec(blocks[1].split("model.fit")[0], made)
    shape = row.takes.shape(made["data"].X, image_shape=(1, 8, 8))
    ours = row.recipe().model(shape)
    assert repr(made["model"].learned_dist) == repr(ours.learned_dist)
    assert type(made["model"].mapper) is type(ours.mapper)


# ------------------------------------------------------------------------------------------ the table


class Tags(HTMLParser):
    """Counts what is opened and closed."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict]] = []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_grid_holds_every_method_once():
    html, tags = grid(METHODS.values(), [name for name in METHODS if name != "sne"]), Tags()
    tags.feed(html)
    assert tags.open == []
    links = [attrs["href"] for tag, attrs in tags.seen if tag == "a"]
    assert sorted(links) == sorted(f"{name}.html" for name in METHODS if name != "sne")
    assert sum(tag == "td" for tag, _ in tags.seen) == 9 * len(LEARNED)
    assert 'span class="icon-chip icon-named"' in html, "a method without a page is no link"
    assert html.index("Off the grid") < html.index("dcl.html")
    assert html.index("t-sne.html") < html.index("Off the grid")


# ------------------------------------------------------------------------------------------ the command


def test_the_command_writes_the_page_of_a_method_that_a_file_registers(own, few, tmp_path, capsys):
    out = tmp_path / "out"
    assert command("--load", own, "page", "my-walks", few, "--max-iter", 3, "-q", "--out", out) == 0
    text = (out / "page.md").read_text()
    assert text.startswith("# my-walks\n")
    assert "Walks stay short." in text
    assert r"p(j|i) &\propto \sum_{t=1}^{2} [P_1^t]_{ij}" in text
    assert "import walks_of_mine  # registers my-walks" in text
    assert "not claimed" in text
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", text):
        assert (out / picture).stat().st_size > 1000
    assert command("--load", own, "methods") == 0, "loading a file again is no clash"
    assert "my-walks" in capsys.readouterr().out


def test_names_that_do_not_exist_are_refused(tmp_path, capsys):
    out = tmp_path / "out"
    assert command("page", "t-sme", "--out", out) == 2
    assert "did you mean 't-sne'" in capsys.readouterr().err
    assert command("page", "t-sne", tmp_path / "none.npy", "--out", out) == 2
    assert command("page", "t-sne", "digits", "--set", "perplexty=3", "--out", out) == 2
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("absent.py", None, "no such Python file"),
        ("words.txt", "x = 1", "no such Python file"),
        ("json.py", "x = 1", "rename the file"),
        ("broken_of_mine.py", "1 / 0", "raises ZeroDivisionError"),
        ("unsaid_of_mine.py", "from iconlearn import register\nregister('t-sne')", "method of the library"),
    ],
)
def test_files_that_cannot_be_loaded_are_refused(tmp_path, capsys, name, text, message):
    if text is not None:
        (tmp_path / name).write_text(text)
    before = set(sys.modules)
    assert command("--load", tmp_path / name, "methods") == 2
    assert message in capsys.readouterr().err
    assert not {"broken_of_mine", "unsaid_of_mine"} & (set(sys.modules) - before)


def test_installed_packages_bring_methods_and_broken_ones_are_left_out(monkeypatch, capsys):
    def broken():
        raise RuntimeError("no luck")

    loaded = []
    entries = [
        SimpleNamespace(name="bad", value="bad.methods", load=broken),
        SimpleNamespace(name="good", value="good.methods", load=lambda: loaded.append(1)),
    ]
    monkeypatch.setattr(
        plugins, "entry_points", lambda group: entries if group == "iconlearn.methods" else []
    )
    assert command("methods") == 0
    captured = capsys.readouterr()
    assert loaded == [1]
    assert "t-sne" in captured.out
    assert re.search("warning: the methods of 'bad'.*no luck", captured.err)


# ------------------------------------------------------------------------------------------ the site


@pytest.mark.parametrize(
    "path", [*sorted(DOCS.glob("guide/*.md")), DOCS / "authoring.md"], ids=lambda p: p.stem
)
@pytest.mark.filterwarnings("ignore:::pytorch_lightning")
def test_the_code_of_the_guide_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {"__name__": "guide"}
    known = set(METHODS)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            for block in re.findall(r"```python\n(.*?)```", path.read_text(), re.DOTALL):
                exec(compile(block, str(path), "exec"), names)
    finally:
        for name in set(METHODS) - known:
            del METHODS[name]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_guide_of_a_family_names_all_of_its_methods(family):
    page = {"dimension reduction": "maps"}.get(family, family)
    named = set(re.findall(r"`(\w+)", (DOCS / "guide" / f"{page}.md").read_text()))
    assert {row.estimator for row in METHODS.values() if row.family == family} <= named


@pytest.mark.parametrize("page", ["contrastive", "multimodal", "supervised", "language"])
def test_the_guide_tells_rows_by_the_names_of_their_estimators(page):
    text = (DOCS / "guide" / f"{page}.md").read_text()
    told = dict(re.findall(r"^\| `([\w-]+)` \|.*\| `(\w+)` \|.*\|$", text, re.MULTILINE))
    assert told == {row.name: row.estimator for row in METHODS.values() if row.family == page}


def test_the_worked_cell_keeps_its_claim(monkeypatch, capsys):
    try:
        assert command("--load", DOCS / "authoring" / "label_map.py", "verify", "label-map") == 0
        assert re.search(r"label-map .* exact .* passed", capsys.readouterr().out)
    finally:
        METHODS.pop("label-map", None)
        sys.modules.pop("label_map", None)


def test_the_api_page_names_everything_public():
    text = (DOCS / "api.md").read_text()
    missing = [name for name in iconlearn.__all__ if not re.search(rf"iconlearn\.(\w+\.)?{name}\b", text)]
    assert missing == ["__version__"]


def test_every_form_of_data_has_an_example():
    assert {row.takes.name for row in METHODS.values()} == set(EXAMPLES)
