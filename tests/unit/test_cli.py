"""The command: what a run leaves behind, and that nothing is left behind when it fails."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

import iconlearn.cli.fit
from iconlearn import METHODS, load
from iconlearn._errors import OptionError
from iconlearn._version import __version__
from iconlearn.cli import main
from iconlearn.cli.fit import parse_settings
from iconlearn.data.files import load_digits_dataset
from iconlearn.run import job
from iconlearn.run.partial import Partial
from iconlearn.run.rows import halves
from iconlearn.train.loop import Run
from iconlearn.viz import frame_image

DIGITS = load_digits_dataset()
X, Y = DIGITS.X[:80], DIGITS.y[:80]
COMMON = {
    "loss.png",
    "map.png",
    "model.json",
    "model.safetensors",
    "p_vs_q.png",
    "recording.icon",
    "run.json",
}
COMMON |= {"training.gif"}


def command(*args: object) -> int:
    """Run the command in this process; its exit code."""
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in args])
    return int(stop.value.code or 0)


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Eighty digits with labels, as images, in a file."""
    np.savez(tmp_path / "few.npz", X=X.reshape(-1, 8, 8), y=Y)
    return tmp_path / "few.npz"


@pytest.mark.parametrize(
    ("name", "settings", "metrics"),
    [
        ("t-sne", ["--set", "perplexity=10", "--max-iter", 60], {"trustworthiness", "knn_accuracy"}),
        (
            "infonce-clustering",
            ["--set", "n_clusters=4", "--max-iter", 20, "--restarts", 2],
            {"hungarian_accuracy", "nmi", "ari", "many_to_one_accuracy", "expected_calibration_error"}
            | {"cluster_entropy", "largest_cluster_entropy", "largest_cluster_share", "empty_clusters"},
        ),
        ("simclr", ["--max-iter", 8], {"knn_accuracy", "linear_probe", "linear_probe_untrained"}),
        ("cross-entropy", ["--max-iter", 8], {"linear_probe", "accuracy"}),
    ],
)
def test_a_run_leaves_all_its_results(few, tmp_path, capsys, name, settings, metrics) -> None:
    from PIL import Image

    out = tmp_path / "deep" / "out"
    assert command("fit", name, few, "--out", out, "--seed", 3, *settings) == 0
    assert next(iter(metrics)) in capsys.readouterr().out
    kind = "assignment" if name == "infonce-clustering" else "embedding"
    extra = {"confusion.png", "contact_sheet.png", "reliability.png"} if kind == "assignment" else set()
    assert {p.name for p in out.iterdir()} == COMMON | extra | {f"{kind}.npy", f"{kind}.parquet"}
    assert [p.name for p in out.parent.iterdir()] == ["out"]

    array, table = np.load(out / f"{kind}.npy"), parquet.read_table(out / f"{kind}.parquet").to_pydict()
    assert len(array) == len(table["row"]) == 80
    assert table["label"] == [str(y) for y in Y]
    assert np.allclose(array if kind == "assignment" else array[:, 0], table.get("z0") or table["cluster"])
    for picture in ("map.png", "p_vs_q.png", "loss.png", *extra):
        assert np.asarray(Image.open(out / picture).convert("RGB")).std() > 5
    assert not np.array_equal(frame_image(out / "training.gif", 0), frame_image(out / "training.gif", -1))

    record = json.loads((out / "run.json").read_text())
    assert record["method"] == name
    assert record["seed"] == 3
    assert set(METHODS[name].parameters) | {"max_iter"} <= set(record["options"])
    assert metrics <= set(record["metrics"])
    assert record["data"]["shape"] == [80, 64]
    assert record["versions"]["iconlearn"] == __version__
    assert set(record["versions"]) >= {"torch", "numpy", "scikit-learn", "python"}
    assert record["seconds"]["total"] >= record["seconds"]["fit"] > 0
    assert np.isfinite([record["final_loss"], record["target_entropy"]]).all()
    assert record["gap"]["after"] <= record["gap"]["before"] + 0.02
    assert record["plan"].startswith(("dense", "tiled"))
    assert ("half" in record["rows"]) == (name in ("simclr", "cross-entropy"))

    model = load(out / "model")
    z = model.transform(X)
    assert np.allclose(z.argmax(1) if kind == "assignment" else z, array, atol=1e-5)


def test_earlier_results_are_replaced_only_when_asked(tmp_path, capsys) -> None:
    np.save(tmp_path / "a.npy", X[:30])
    out = tmp_path / "out"
    call = ["fit", "k-means", tmp_path / "a.npy", "-q", "--max-iter", 3, "--out", out]
    out.mkdir()
    assert command(*call) == 0
    assert capsys.readouterr().out == ""
    (out / "notes.txt").write_text("mine")
    before = (out / "run.json").stat().st_mtime_ns
    assert command(*call) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (out / "run.json").stat().st_mtime_ns == before
    assert command("fit", "pca", tmp_path / "a.npy", "-q", "--max-iter", 3, "--out", out, "--overwrite") == 0
    assert json.loads((out / "run.json").read_text())["method"] == "pca"
    assert (out / "notes.txt").read_text() == "mine"
    assert not (out / "assignment.npy").exists()


def test_ctrl_c_writes_the_best_state(few, tmp_path, monkeypatch, capsys) -> None:
    advance = Run.advance

    def interrupted(self):
        if self.step == 7:
            raise KeyboardInterrupt
        return advance(self)

    monkeypatch.setattr(Run, "advance", interrupted)
    assert command("fit", "t-sne", few, "--set", "perplexity=9", "-q", "--out", tmp_path / "out") == 0
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["interrupted"]
    assert record["steps"] == 7


def test_ctrl_c_while_restarts_are_compared_writes_the_best_of_them(few, tmp_path, monkeypatch) -> None:
    advance, calls = Run.advance, []

    def interrupted(self, *given):
        calls.append(self.step)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return advance(self, *given)

    monkeypatch.setattr(Run, "advance", interrupted)
    assert command("fit", "infonce-clustering", few, "--restarts", 3, "-q", "--out", tmp_path / "out") == 0
    assert json.loads((tmp_path / "out" / "run.json").read_text())["interrupted"]
    assert len(np.load(tmp_path / "out" / "assignment.npy")) == 80


@pytest.mark.parametrize("dim", [1, 3])
def test_other_dimensions_and_no_steps_are_drawn_too(few, tmp_path, dim) -> None:
    for steps in (0, 3):
        out = tmp_path / str(steps)
        options = ["--set", f"n_components={dim}", "--max-iter", steps]
        assert command("fit", "sne-uniform", few, "-q", "--out", out, *options) == 0
        assert parquet.read_table(out / "embedding.parquet").column_names[-2] == f"z{dim - 1}"


def test_ctrl_c_before_that_leaves_nothing(few, tmp_path, monkeypatch, capsys) -> None:
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "fit", interrupted)
    assert command("fit", "t-sne", few, "-q", "--out", tmp_path / "new" / "out") == 130
    assert "interrupted" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["few.npz"]


@pytest.mark.parametrize("where", ["tables.write_record", "save", "fit"])
def test_a_full_disk_leaves_what_was_learnt(few, tmp_path, monkeypatch, capsys, where) -> None:
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    target = job.tables if "." in where else job
    fit = ["fit", "pca", few, "-q", "--max-iter", 2, "--out", tmp_path / "new" / "out"]
    with monkeypatch.context() as patched:
        patched.setattr(target, where.rpartition(".")[2], full)
        assert command(*fit) == 2
    assert "No space left" in capsys.readouterr().err
    if where == "fit":
        assert [p.name for p in tmp_path.iterdir()] == ["few.npz"]
        return
    held = tmp_path / "new" / "out.partial"
    assert {p.name for p in held.iterdir()} == {"checkpoint.safetensors", "recording.icon", "snapshots"}
    assert command(*fit) == 0
    assert [p.name for p in held.parent.iterdir()] == ["out"]


def bad(name: str, folder: Path) -> tuple[list[object], str]:
    """A call that must fail, and words that its message must hold."""
    x = X.astype(np.float64).copy()
    file = folder / "bad.npy"
    if name == "nan":
        x[3, 2] = np.nan
    elif name == "inf":
        x[3, 2] = np.inf
    if name in ("nan", "inf"):
        np.save(file, x)
        return [file], "row 3, column 2"
    if name in ("empty", "one row"):
        np.save(file, x[: int(name == "one row")])
        return [file], "shape"
    if name == "string":
        np.save(file, x.astype(str))
        return [file], "numbers"
    if name == "object":
        np.save(file, x.astype(object), allow_pickle=True)
        return [file], "pickle"
    if name == "string column":
        file = folder / "bad.csv"
        file.write_text("a,b\n1,x\n2,y\n3,x\n")
        return [file], "'b'"
    if name == "missing label column":
        file = folder / "bad.csv"
        file.write_text("a,kind\n1,0\n2,1\n3,0\n")
        return [file, "--labels", "kinds"], "did you mean 'kind'"
    if name.startswith("truncated"):
        ending = name.split()[1]
        file = folder / f"bad.{ending}"
        write(file, x)
        file.write_bytes(file.read_bytes()[:-700])
        return [file], str(file)
    return {
        "no such file": ([folder / "nothing.npy"], "does not exist"),
        "method": (["digits", "METHOD"], "did you mean 't-sne'"),
        "option": (["digits", "--labelz", "x"], "--labels"),
        "set name": (["digits", "--set", "perplexit=3"], "did you mean 'perplexity'"),
        "set value": (["digits", "--set", "perplexity=many"], "perplexity=30"),
        "set form": (["digits", "--set", "perplexity"], "perplexity=1"),
        "perplexity": (["digits", "--set", "perplexity=5000"], "at most 1796"),
        "perplexity 0": (["digits", "--set", "perplexity=0"], "Perplexity: value=0"),
        "max-iter": (["digits", "--max-iter", "-3"], "max_iter"),
        "seed": (["digits", "--seed", "-3"], "-3"),
        "out is a file": (["digits", "--out", __file__], "is a file"),
        "no labels": (["METHOD supcon"], "--labels"),
    }[name]


def write(file: Path, x: np.ndarray) -> None:
    """x in the format of the file's ending."""
    if file.suffix == ".npy":
        np.save(file, x)
    elif file.suffix == ".npz":
        np.savez(file, X=x)
    elif file.suffix == ".parquet":
        import pyarrow as pa

        parquet.write_table(pa.table({f"x{k}": c for k, c in enumerate(x.T)}), file)
    else:
        from safetensors.numpy import save_file

        save_file({"X": x}, file)


@pytest.mark.parametrize(
    "name",
    [
        "nan",
        "inf",
        "empty",
        "one row",
        "string",
        "object",
        "string column",
        "missing label column",
        "truncated npy",
        "truncated npz",
        "truncated parquet",
        "truncated safetensors",
        "no such file",
        "method",
        "option",
        "set name",
        "set value",
        "set form",
        "perplexity",
        "perplexity 0",
        "max-iter",
        "seed",
        "out is a file",
        "no labels",
    ],
)
def test_bad_calls_are_refused_in_one_line(name, tmp_path, capsys) -> None:
    (tmp_path / "in").mkdir()
    args, words = bad(name, tmp_path / "in")
    method = "t-sne"
    if "METHOD" in args:
        method, args = "t-sn", ["digits"]
    if args == ["METHOD supcon"]:
        write(tmp_path / "in" / "plain.npy", X)
        method, args = "supcon", [tmp_path / "in" / "plain.npy"]
    out = [] if "--out" in args else ["--out", tmp_path / "new" / "out"]
    assert (
        command("fit", method, *args, *out, "-q", *([] if "--max-iter" in args else ["--max-iter", 3])) == 2
    )
    said = capsys.readouterr()
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    assert words in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("name", ["constant", "duplicates", "huge", "tiny", "three rows"])
@pytest.mark.parametrize("method", ["t-sne", "k-means", "simclr"])
def test_odd_data_gives_finite_results(name, method, tmp_path) -> None:
    x = X[:40].astype(np.float64)
    x = {
        "constant": np.ones_like(x),
        "duplicates": np.repeat(x[:10], 4, axis=0),
        "huge": x * 1e30,
        "tiny": x * 1e-30,
        "three rows": x[:3],
    }[name]
    np.save(tmp_path / "odd.npy", x)
    small = {"t-sne": ["--set", f"perplexity={min(5, len(x) - 1)}"], "k-means": ["--set", "n_clusters=2"]}
    call = ["fit", method, tmp_path / "odd.npy", "-q", "--max-iter", 3, "--out", tmp_path / "out"]
    assert command(*call, *small.get(method, [])) == 0
    kind = "assignment" if method == "k-means" else "embedding"
    assert np.isfinite(np.load(tmp_path / "out" / f"{kind}.npy")).all()


def test_the_table_is_plain_when_piped(capsys) -> None:
    assert command("methods") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(METHODS) + 1
    assert all(line.split()[0] == name for line, name in zip(lines[1:], METHODS, strict=True))
    assert not any("\x1b" in line for line in lines)


def test_a_defect_is_not_blamed_on_the_user(monkeypatch, capsys) -> None:
    monkeypatch.setattr(iconlearn.cli.fit, "load_dataset", lambda *_: 1 / 0)
    assert command("fit", "pca", "--out", "x") == 1
    assert "defect" in capsys.readouterr().err
    assert command("fit", "pca", "--out", "x", "--debug") == 1
    assert "Traceback" in capsys.readouterr().err


def test_settings_take_the_type_of_their_default() -> None:
    assert parse_settings(METHODS["k-means"], ["n_clusters=3", "share=1"]) == {"n_clusters": 3, "share": 1.0}
    with pytest.raises(OptionError, match="a whole number"):
        parse_settings(METHODS["k-means"], ["n_clusters=3.5"])


def test_halves_are_stratified_and_disjoint() -> None:
    first, second = halves(Y, seed=0) or ((), ())
    assert sorted([*first, *second]) == list(range(80))
    counts = np.bincount(Y[first]), np.bincount(Y[second])
    assert np.abs(counts[0] - counts[1]).max() <= 1
    assert halves(None, 0) is None
    assert halves(np.zeros(10, dtype=int), 0) is None


def test_parents_are_made_and_taken_back(tmp_path) -> None:
    with pytest.raises(ZeroDivisionError), Partial(tmp_path / "a" / "b" / "c").working(overwrite=False):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    partial = Partial(tmp_path / "a" / "b")
    with partial.working(overwrite=False), partial.results() as aside:
        (aside / "run.json").write_text("{}")
    assert [p.name for p in (tmp_path / "a" / "b").iterdir()] == ["run.json"]


def test_the_command_works_from_a_shell(tmp_path) -> None:
    np.save(tmp_path / "bad.npy", np.full((4, 2), np.nan))
    args = ["fit", "t-sne", str(tmp_path / "bad.npy"), "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-m", "iconlearn", *args], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
