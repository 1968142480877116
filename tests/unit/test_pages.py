"""Pages of methods: every row has one, its formulas are true, its code runs; and methods that users bring along."""

from __future__ import annotations

import contextlib
import io
import math
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import iconlearn
from iconlearn import (
    DIVERGENCES,
    KNN,
    METHODS,
    Gaussian,
    Harmonic,
    KthNeighbor,
    Label,
    Perplexity,
    StudentT,
)
from iconlearn._errors import FileFormatError
from iconlearn.cli import main, plugins
from iconlearn.data.builtin import EXAMPLES
from iconlearn.distributions import DISTRIBUTIONS, wrappers
from iconlearn.divergences import as_divergence
from iconlearn.engines import Dense
from iconlearn.mappers import MAPPERS
from iconlearn.methods import LEARNED
from iconlearn.pages import equation, grid, page
from iconlearn.pages.equation import COLUMNS, COSTS, cost, side
from iconlearn.pages.equation import MAPPERS as MAPPED
from iconlearn.pages.kernels import FORMULAS
from iconlearn.points import Points
from iconlearn.recipes import Recipe, embedding
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
        assert re.search(rf"\| `{parameter}` \| `{re.escape(f'{default:g}')}", text) or f"`{default}" in text
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


def every_formula():
    """Formulas of all rows and divergences."""
    for row in METHODS.values():
        yield from equation(row.recipe()).lines
    for name in (*DIVERGENCES, "reverse_chi2", "alpha(0.5)", "reverse_alpha(3)"):
        yield cost(as_divergence(name), "p", "q")


def test_every_formula_is_understood_by_mathtext():
    from matplotlib.mathtext import MathTextParser

    parser, seen = MathTextParser("agg"), set(every_formula())
    assert len(seen) > 60
    for line in seen:
        parser.parse(f"${line}$")


def test_every_class_of_the_library_has_a_formula():
    kinds = {*DISTRIBUTIONS.values(), *(k for k in vars(wrappers).values() if isinstance(k, type))}
    told = {k for k in kinds if issubclass(k, tuple(FORMULAS)) or k in FORMULAS}
    assert set(DISTRIBUTIONS.values()) <= set(FORMULAS)
    assert {wrappers.Debiased, wrappers.Symmetrized, wrappers.Propagated, wrappers.On} <= told
    assert {wrappers.Nearest, wrappers.Tempered, wrappers.Mixture} <= set(FORMULAS)
    assert set(MAPPERS.values()) <= {*MAPPED, *COLUMNS}
    assert set(DIVERGENCES) == set(COSTS)


def evaluated(tex: str, **values: torch.Tensor) -> torch.Tensor:
    """A formula of fractions, roots, logarithms and powers, as numbers."""
    tex = re.sub(r"\\left|\\right|\\,", "", tex).replace(r"\infty", "inf")
    tex = re.sub(r"\^\{([^{}]*)\}", r"**(\1)", tex).replace("^", "**")
    for _ in range(tex.count(r"\frac")):
        tex = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", tex)
    tex = re.sub(r"\\sqrt\{([^{}]*)\}", r"sqrt(\1)", tex)
    tex = re.sub(r"\| (.*?) \|", r"abs(\1)", tex)
    tex = tex.replace("\\", "")
    tex = re.sub(r"(?<=[\w)])\s+(?=[\w(])", "*", tex)
    names = {"log": torch.log, "exp": torch.exp, "sqrt": torch.sqrt, "abs": torch.abs}
    return eval(tex, {"__builtins__": {}}, {**names, **values})


@pytest.mark.parametrize(
    "name", [*DIVERGENCES, "reverse_chi2", "alpha(0.5)", "alpha(2.5)", "reverse_alpha(3)"]
)
def test_formulas_of_divergences_are_true(name):
    p, q = torch.rand(2, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).softmax(-1)
    divergence = as_divergence(name)
    tex = cost(divergence, "P", "Q")
    assert tex is not None
    ours = divergence.integrand(p.log(), q.log())
    assert torch.allclose(evaluated(tex, P=p, Q=q), ours, atol=1e-12)


@pytest.mark.parametrize(
    "dist",
    [
        Gaussian(),
        Gaussian(0.5**0.5),
        Gaussian(2.0, normalize="joint"),
        Gaussian(0.7, metric="cos"),
        Gaussian(0.4, metric="dot"),
        Gaussian(2.0).temper(4.0),
        StudentT(),
        StudentT(3.0, 2.0),
        StudentT(math.inf, 2.0),
        StudentT(2.0, metric="cos", pairs="all"),
        Harmonic(2.5),
        Harmonic(2.0, metric="cos"),
    ],
    ids=repr,
)
def test_formulas_of_kernels_are_true(dist):
    x = torch.randn(7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    points = Points(value=x, id=torch.arange(7), view=torch.zeros(7, dtype=torch.long))
    ours = dist(points, points, Dense).block(None).exp()
    scribe = side(dist, "p")
    unit = x / x.norm(dim=1, keepdim=True)
    values = {"D": (x[:, None] - x).square().sum(-1), "C": unit @ unit.mT, "S": x @ x.mT}
    told = torch.ones(7, 7, dtype=torch.float64)
    for line in reversed(scribe.lines):  # a part comes after what is made of it
        tex = line.split(r" \propto ")[1]
        tex = tex.replace(r"\Vert x_i - x_j \Vert^2", "D").replace(r"\cos(x_i, x_j)", "C")
        tex = tex.replace(r"x_i \cdot x_j", "S").replace(r"\Vert x_i - x_j \Vert", "sqrt(D)")
        tex = re.sub(r"p_1\(j\|i\)", "B", tex)
        told = evaluated(tex, **values, B=told)
    if dist.pairs == "distinct":
        told = told.masked_fill(torch.eye(7, dtype=torch.bool), 0.0)
    told = told / (told.sum() if dist.normalize == "joint" else told.sum(1, keepdim=True))
    assert torch.allclose(told, ours, rtol=1e-3)  # the numbers of a formula have four digits


def test_wrappers_are_composed():
    told = equation(Recipe((KNN(10).propagate(2)).debias(0.1), StudentT(), embedding(2)))
    assert told.lines[1:4] == (
        r"p(j|i) = 0.9\, p_1(j|i) + \frac{0.1}{N_i}",
        r"p_1(j|i) \propto \sum_{t=1}^{2} [P_2^t]_{ij}",
        r"p_2(j|i) = \frac{1}{10} \mathbf{1}[j \in N_{10}(i)]",
    )
    mixed = side((0.6 * KNN(3) + 0.2 * Label()).symmetrize(), "p").lines
    assert mixed[0] == r"p_{ij} = \frac{p_1(j|i) + p_1(i|j)}{2n}"
    assert mixed[1] == r"p_1(j|i) = 0.75\, p_2(j|i) + 0.25\, p_3(j|i)"
    assert side(Label().debias(0.0), "p").lines == side(Label(), "p").lines
    assert side(Label().debias(1.0), "p").lines == [r"p(j|i) = \frac{1}{N_i}"]
    assert side(KNN(2).on("caption"), "p").notes[0] == "$u_i$ is the caption of $i$."


def test_widths_are_explained():
    assert "perplexity of $12$" in side(Gaussian(Perplexity(12)), "p").notes[0]
    assert "neighbour number $4$" in side(StudentT(width=KthNeighbor(4)), "p").notes[0]


class Steeper(Gaussian):
    """A Gaussian with something else in it.

    More words.
    """

    def log_score(self, i, j):
        return 2 * super().log_score(i, j)


def test_a_distribution_of_the_users_is_told_by_its_code():
    told = side(Steeper(3.0), "q", "z")
    assert told.lines == [r"q(j|i) = \mathrm{Steeper}(z_i, z_j)"]
    assert "`Steeper(sigma=3)`" in told.notes[0]
    assert "something else in it" in told.notes[0]
    assert "More" not in told.notes[0]


# ------------------------------------------------------------------------------------------ code


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
