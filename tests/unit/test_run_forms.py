"""Runs from files of every form of data, and of methods that a user has registered."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from iconlearn import InputError, register, verify
from iconlearn.cli import main
from iconlearn.data.files import load_dataset, load_digits_dataset
from iconlearn.distributions import Kernel, Label, StudentT
from iconlearn.metrics import euclidean
from iconlearn.recipes import Recipe, embedding
from iconlearn.run import RunOptions, run_method

DIGITS = load_digits_dataset()
X, Y = DIGITS.X[:80], DIGITS.y[:80]
QUICK = RunOptions(max_iter=4, restarts=2)
PICTURES = {"map.png", "p_vs_q.png", "loss.png", "training.gif", "run.json"}


def command(*args: object) -> int:
    """Run the command in this process; its exit code."""
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in args])
    return int(stop.value.code or 0)


def files(folder: Path) -> dict[str, Path]:
    """A file of every form, by the method that learns from it."""
    squared = np.square(X[:, None] - X[None]).sum(-1)
    weights = np.exp(-squared / squared.mean()) * (1 - np.eye(80))
    sparse.save_npz(folder / "graph.npz", sparse.csr_array(weights * (weights > 0.4)))
    rows, cols = np.nonzero(np.triu(weights > 0.4))
    lines = ["source,target", *(f"{i},{j}" for i, j in zip(rows, cols, strict=True))]
    (folder / "edges.csv").write_text("\n".join(lines) + "\n")
    np.savez(folder / "three.npz", X_1=X[:, :20], X_2=X[:, 20:40], X_3=X[:, 40:], y=Y)
    np.savez(folder / "captions.npz", X=X, captions=np.eye(10)[Y], y=Y)
    np.savez(folder / "tokens.npz", tokens=np.arange(80)[:, None] % 7 + np.arange(9))
    methods = {
        "t-sne-graph": "graph.npz",
        "normalized-cuts": "edges.csv",
        "cmc": "three.npz",
        "crossmodal-to-clusters": "three.npz",
        "x-sample": "captions.npz",
        "next-token": "tokens.npz",
    }
    return {name: folder / file for name, file in methods.items()}


@pytest.mark.parametrize(
    "name", ["t-sne-graph", "normalized-cuts", "cmc", "crossmodal-to-clusters", "x-sample", "next-token"]
)
def test_a_run_of_every_form_leaves_its_results(name: str, tmp_path: Path) -> None:
    data = load_dataset(files(tmp_path)[name])
    result = run_method(name, data, tmp_path / "out", QUICK)
    assert set(result.files) >= PICTURES | {"model.json", "model.safetensors"}
    told = {"cmc": "retrieval", "next-token": "accuracy", "x-sample": "linear_probe"}
    if name in told:
        assert told[name] in result.metrics
    stem = "assignment" if "cl" in name or "cuts" in name else "embedding"
    table = np.load(tmp_path / "out" / f"{stem}.npy")
    assert np.isfinite(table).all()
    assert len(table) == (720 if name == "next-token" else len(data.X))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("t-sne-graph", "digits", "scipy.sparse.save_npz.*'digits-graph'"),
        ("clip", "digits", "keys X_1, X_2.*'digits-halves'"),
        ("x-sample", "digits", "keys X and captions"),
        ("masked-lm", "digits", "key tokens.*'sentences'"),
        ("t-sne", "sentences", "numeric columns"),
    ],
)
def test_the_wrong_form_names_the_file_that_would_do(name, data, words, tmp_path) -> None:
    with pytest.raises(InputError, match=words):
        run_method(name, load_dataset(data), tmp_path / "out", QUICK)
    assert not (tmp_path / "out").exists()


def test_clusterings_by_labels_are_scored_on_rows_they_have_not_seen(tmp_path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "noise.npz", X=rng.normal(size=(200, 30)), y=rng.integers(0, 4, 200))
    options = RunOptions({"n_clusters": 4}, max_iter=60)
    noise = load_dataset(tmp_path / "noise.npz")
    found = run_method("supervised-clustering", noise, tmp_path / "out", options)
    assert found.metrics["hungarian_accuracy"] < 0.5
    assert "half" in json.loads((tmp_path / "out" / "run.json").read_text())["rows"]


class Laplace(Kernel):
    """exp(-d), a kernel of the user's."""

    def __init__(self, *, normalize: str = "row", pairs: str = "distinct") -> None:
        super().__init__(normalize, pairs)

    def log_score(self, i, j):
        return -(euclidean(i.value, j.value) + 1e-12).sqrt()


def test_a_run_with_a_kernel_of_the_users_keeps_all_but_the_model(tmp_path) -> None:
    @register("laplace-map")
    def laplace_map(n_components: int = 2) -> Recipe:
        return Recipe(Laplace(), Laplace(), embedding(n_components))

    np.save(tmp_path / "x.npy", X)
    result = run_method("laplace-map", load_dataset(tmp_path / "x.npy"), tmp_path / "out", QUICK)
    assert set(result.files) >= PICTURES | {"embedding.npy"}
    assert "model.json" not in result.files
    assert "Laplace" in json.loads((tmp_path / "out" / "run.json").read_text())["model"]


def test_a_table_that_compares_labels_is_run_on_all_rows(tmp_path) -> None:
    @register("label-table")
    def label_table(n_components: int = 2) -> Recipe:
        return Recipe(Label(), StudentT(), embedding(n_components))

    np.savez(tmp_path / "x.npz", X=X, y=Y)
    result = run_method("label-table", load_dataset(tmp_path / "x.npz"), tmp_path / "out", QUICK)
    assert len(np.load(tmp_path / "out" / "embedding.npy")) == 80
    assert "model.json" in result.files


def test_a_formula_that_fails_is_named() -> None:
    @register("broken", reference=lambda case: case.z[1000])
    def broken(n_components: int = 2) -> Recipe:
        return Recipe(StudentT(), StudentT(), embedding(n_components))

    with pytest.raises(InputError, match=r"the reference .*\(formula\).* fails on a random problem"):
        verify("broken")


def test_the_command_takes_the_data_that_the_method_needs(tmp_path, capsys) -> None:
    assert command("fit", "masked-lm", "--out", tmp_path / "out", "--max-iter", 2, "-q") == 0
    assert json.loads((tmp_path / "out" / "run.json").read_text())["data"]["name"] == "sentences"
