"""lab mi and lab subspace on features of one's own: forms of data, estimates that are known, and bad input."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from iconlearn import FeatureWriter, InputError
from iconlearn.cli import main
from iconlearn.lab import Bench, information, run_experiment
from iconlearn.lab import own as module
from iconlearn.lab.information import views_information
from iconlearn.lab.own import information_of, subspace_of
from iconlearn.lab.subspace import compare_subspaces
from iconlearn.lab.trials.pairs import split_pairs
from iconlearn.theory.information import ESTIMATORS

N, K = 240, 3
LABELS = np.arange(N) % K
NAMES = np.array(["ash", "beech", "cedar"])
X = 3 * np.eye(K)[LABELS] + np.random.default_rng(0).normal(size=(N, K))
VIEW = X[:, :2] + np.random.default_rng(1).normal(size=(N, 2))
TITLES = [row.title for row in ESTIMATORS.values()]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The data in the working directory, in many forms, good and bad."""
    monkeypatch.chdir(tmp_path)
    part = X.copy()
    part[:, 1] = 5
    holed = X.copy()
    holed[3, 1] = np.nan
    arrays = {
        "x": X,
        "y": LABELS,
        "second": VIEW,
        "constant": np.ones((N, 2)),
        "part": part,
        "holed": holed,
        "shorter": X[:-1],
        "few": X[:12],
        "few_labels": LABELS[:12] % 2,
        "one": np.zeros(N, int),
        "pairs": np.arange(N) // 2,
        "sevens": np.arange(N) // 7,
        "y_shorter": LABELS[:-1],
        "projection": np.eye(K)[:, :2],
        "wide_projection": np.eye(K + 1),
        "wide": np.random.default_rng(2).normal(size=(30, 40)) + np.eye(40)[np.arange(30) % K] * 6,
        "wide_labels": np.arange(30) % K,
    }
    for name, array in arrays.items():
        np.save(f"{name}.npy", array)
    np.savez("views.npz", X_1=X, X_2=VIEW)
    words = [*NAMES[LABELS][:-40], *["NA"] * 40]
    (tmp_path / "y.csv").write_text("\n".join(["kind", *words]) + "\n")
    return tmp_path


@pytest.fixture
def few_estimators(monkeypatch):
    """One of every kind, where all of them would tell no more."""
    chosen = {name: ESTIMATORS[name] for name in ("infonce", "ksg", "cca")}
    monkeypatch.setattr(information, "ESTIMATORS", chosen)


def command(*words: str) -> int:
    """Run a command of the laboratory in this process; its exit code."""
    with pytest.raises(SystemExit) as stop:
        main(["lab", *words, "--jobs", "1", "--seeds", "1", "--share", "0.01"])
    return int(stop.value.code or 0)


def pieces(folder, name: str) -> dict[str, dict]:
    return json.loads((folder / name / "numbers.json").read_text())["pieces"]


def folder_of(path, views: int) -> str:
    """X, and VIEW beside its first columns, as a folder of features with the labels."""
    stored = [X[:, :2], VIEW][:views]
    with FeatureWriter(path, 2, views=views, dtype="float32", classes=NAMES.tolist()) as writer:
        writer.add(np.stack(stored, axis=1), LABELS, [f"row {k}" for k in range(N)])
    return str(path)


# what a command asks


@pytest.mark.parametrize("arguments", [["x.npy", "--second", "second.npy"], ["views.npz"]])
def test_two_views_by_the_command(files, capsys, arguments):
    assert command("mi", "--features", *arguments, "--out", "out") == 0
    told = capsys.readouterr()
    assert "What two views share" in told.out
    for title in TITLES:
        assert f"| {title} " in told.out
    assert "Classifier" not in told.out
    page = (files / "out" / "mi.md").read_text()
    assert f"`iconlearn lab mi --features {' '.join(arguments)} --seeds 1 --share 0.01`" in page
    assert (files / "out" / "mi" / "two_views_of_a_sample.png").exists()
    assert set(pieces(files / "out", "mi")) == {
        f"Two views of a sample: {name}, seed 0" for name in ESTIMATORS
    }


def test_classes_by_the_command(files, capsys, few_estimators):
    assert command("mi", "-f", "x.npy", "--labels", "y.csv", "--out", "out") == 0
    assert "What two samples of a class share" in capsys.readouterr().out
    found = pieces(files / "out", "mi")
    shared, said = (found["classifier, seed 0"][what]["nats"] for what in ("pairs", "labels"))
    assert (
        0.4 < shared < said < np.log(K) + 0.01
    )  # another sample of the class says less of it than the class itself
    # labels are no measurements: only critics read them
    assert "Features and labels: infonce, seed 0" in found
    assert "Features and labels: ksg, seed 0" not in found
    assert "Two samples of one class: ksg, seed 0" in found


def test_what_is_judged_by_comes_once_and_shares_no_row():
    labels = np.repeat([0, 1, 2], [90, 61, 33])
    found = split_pairs(labels, 0, n=500)
    assert np.array_equal(labels[found.anchors], labels[found.positives])
    learn, validate, judge = (
        np.concatenate([found.anchors[rows], found.positives[rows]]) for rows in found.split
    )
    assert len(np.unique(judge)) == len(judge) > 40
    assert not set(judge) & (set(learn) | set(validate))


def test_estimates_above_the_entropy_of_the_classes_are_doubted():
    impossible = [{"nats": 1.2, "error": 0.01, "doubts": []}]
    assert "the most that there is" in information.reasons(impossible, 1.1)[0]
    assert information.reasons(impossible, 1.3) == information.reasons(impossible, None) == []


def test_a_folder_of_two_views_is_two_views_but_with_labels_classes(files):
    folder = folder_of(files / "stored", 2)
    (x, y) = information_of(folder).run.args
    assert np.allclose(x, X[:, :2], atol=1e-6)
    assert np.allclose(y, VIEW, atol=1e-6)
    given = information_of(folder, labels="y.npy")
    assert given.title == "What two samples of a class share"
    assert np.allclose(given.run.args[0], X[:, :2], atol=1e-6)
    one = information_of(folder_of(files / "alone", 1))
    assert one.run.args[1].tolist() == NAMES[LABELS].tolist()
    assert np.allclose(information_of("x.npy", second=folder).run.args[1], X[:, :2], atol=1e-6)


def test_rows_without_labels_are_left_out(files):
    for experiment in (information_of("x.npy", labels="y.csv"), subspace_of("x.npy", labels="y.csv")):
        rows, labels = experiment.run.args[:2]
        assert np.array_equal(rows, X[:-40])
        assert np.array_equal(labels, NAMES[LABELS[:-40]])


def test_other_rows_are_not_taken_for_these(files):
    digests = {
        subspace_of("x.npy", labels="y.npy").data,
        subspace_of("x.npy", labels="one.npy").data,
        subspace_of("part.npy", labels="y.npy").data,
        subspace_of("x.npy", labels="y.npy", projection="projection.npy").data,
        information_of("x.npy", second="second.npy").data,
    }
    assert len(digests) == 5


def test_of_very_many_rows_some_are_looked_at_of_every_class_the_same_share(files, monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 60)
    rows, labels = information_of("x.npy", labels="y.csv").run.args
    assert 49 <= len(rows) <= 51, "a sixth of the rows has no label"
    sizes = np.unique(labels, return_counts=True)[1]
    assert sizes.max() - sizes.min() <= 1
    x, y = information_of("x.npy", second="x.npy").run.args
    assert len(x) == 60
    assert np.array_equal(x, y), "rows of two files stay pairs"


# estimates


def gaussian(nats: float, columns: int, n: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of so many nats together, in equal columns."""
    x, noise = np.random.default_rng(0).normal(size=(2, n, columns))
    rho2 = 1 - np.exp(-2 * nats / columns)
    return x, np.sqrt(rho2) * x + np.sqrt(1 - rho2) * noise


def test_a_known_gaussian_is_found(few_estimators):
    found = views_information(*gaussian(1.0, 1), Bench((0,), share=0.1))
    rows = {row[0]: row for row in found.tables[0].rows}
    for title in ("KSG-1", "CCA, as if Gaussian"):
        assert float(rows[title][2]) == pytest.approx(1, abs=0.1)
        assert float(rows[title][4]) == pytest.approx(1 / np.log(2), abs=0.15), "bits"
    assert 0.4 < float(rows["InfoNCE"][2]) < 1.1
    assert rows["InfoNCE"][-1] != "saturated"


def test_a_bound_at_its_ceiling_is_told(few_estimators):
    """12 nats, of which InfoNCE with 150 rows at a time can tell 5."""
    found = views_information(*gaussian(12.0, 4), Bench((0,), share=0.1))
    rows = {row[0]: row for row in found.tables[0].rows}
    assert float(rows["CCA, as if Gaussian"][2]) == pytest.approx(12, abs=0.2)
    assert float(rows["InfoNCE"][5]) == pytest.approx(np.log(150), abs=0.01)
    assert float(rows["InfoNCE"][2]) <= np.log(150)
    assert rows["InfoNCE"][-1] == "saturated"
    assert any(note.startswith("InfoNCE: saturated") for note in found.notes)


def test_a_view_that_is_the_other_has_an_infinite_estimate_and_still_a_picture(few_estimators):
    found = views_information(VIEW, VIEW, Bench((0,), share=0.01))
    rows = {row[0]: row for row in found.tables[0].rows}
    assert rows["CCA, as if Gaussian"][2] == "inf"
    assert any("infinite" in note for note in found.notes)
    assert found.pictures


# projections


def test_projections_by_the_command(files, capsys):
    told = ["subspace", "-f", "x.npy", "--labels", "y.csv", "--projection", "projection.npy", "--out", "out"]
    assert command(*told) == 0
    assert "| the projection |" in capsys.readouterr().out
    found = pieces(files / "out", "subspace")["seed 0"]
    assert found["learnt"] + found["judged"] == N - 40
    assert found["projections"]["the projection"]["dims"] == 2


def test_a_projection_is_trained_where_none_is_given():
    found = compare_subspaces(X, LABELS, None, Bench((0,), share=0.02))
    names = [row[0] for row in found.tables[0].rows]
    assert names == ["all columns", "PCA", "LDA (labels)", "InfoNCE, same-class pairs"]


def test_the_angle_of_lda_to_itself_is_zero_and_of_what_is_orthogonal_90():
    rng = np.random.default_rng(0)
    y = np.arange(600) % 2
    rows = rng.normal(size=(600, 2))
    rows[:, 0] += 6 * y
    lda = LinearDiscriminantAnalysis(solver="eigen").fit(rows, y).scalings_[:, :1]
    for matrix, low, high in ((lda, 0, 3), ([[0.0], [1.0]], 85, 90)):
        row = compare_subspaces(rows, y, matrix, Bench((0,))).tables[0].rows[-1]
        assert all(low <= float(cell) <= high for cell in row[-2:])


# bad input


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("mi -f x.npy --labels one.npy", "labels: one class"),
        ("subspace -f x.npy --labels one.npy", "labels: 1 class"),
        ("mi -f x.npy --labels pairs.npy", "120 of 120 classes have fewer than 8 rows"),
        ("mi -f x.npy --labels sevens.npy", "35 of 35 classes have fewer than 8 rows"),
        ("subspace -f x.npy --labels pairs.npy", "the smallest of 2 rows"),
        ("mi -f constant.npy --labels y.npy", "every column is constant"),
        ("mi -f constant.npy --second x.npy", "every column is constant"),
        ("subspace -f constant.npy --labels y.npy", "no column varies"),
        ("subspace -f constant.npy --labels y.npy --projection projection.npy", "projection has 3 rows"),
        ("mi -f holed.npy --labels y.npy", "NaN, missing or infinite"),
        ("subspace -f holed.npy --labels y.npy", "NaN, missing or infinite"),
        ("mi -f x.npy --second shorter.npy", "has 240 rows and shorter.npy 239"),
        ("mi -f x.npy --labels y_shorter.npy", "239 labels for 240 rows"),
        ("subspace -f x.npy --labels y_shorter.npy", "239 labels for 240 rows"),
        ("mi -f few.npy --second few.npy", "x: 12 sample(s)"),
        ("subspace -f x.npy --labels y.npy --projection wide_projection.npy", "projection has 4 rows"),
        ("subspace -f x.npy --labels y.npy --projection nowhere.npy", "nowhere.npy: does not exist"),
        ("mi -f x.npy", "neither labels nor a second view"),
        ("mi -f x.npy --second second.npy --labels y.npy", "two questions"),
        ("subspace -f x.npy", "no labels"),
        ("mi -f nowhere.npy --labels y.npy", "nowhere.npy: does not exist"),
        ("subspace -f nowhere.npy --labels y.npy", "nowhere.npy: does not exist"),
    ],
)
def test_bad_input_is_told_in_a_line(files, capsys, arguments, told):
    assert command(*arguments.split(), "--quiet") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    assert told in said.err


def test_a_constant_column_among_others_is_as_good_as_absent(files, few_estimators):
    for experiment in (information_of("part.npy", second="x.npy"), subspace_of("part.npy", labels="y.npy")):
        found = run_experiment(experiment, None, seeds=1, share=0.01)
        assert all("nan" not in cell for row in found.tables[0].rows for cell in row)


def test_fewer_rows_than_dimensions_have_scores_and_doubts(files, few_estimators):
    found = run_experiment(information_of("wide.npy", labels="wide_labels.npy"), None, seeds=1, share=0.01)
    rows = {row[0]: row for row in found.tables[0].rows}
    assert all("nan" not in cell for row in rows.values() for cell in row)
    assert rows["Classifier"][-1] == "see the reasons for doubt"
    found = run_experiment(subspace_of("wide.npy", labels="wide_labels.npy"), None, seeds=1, share=0.01)
    for row in found.tables[0].rows:
        assert all(cell == "-" or np.isfinite(float(cell.split()[0])) for cell in row[1:])


def test_arrays_are_checked_as_files_are():
    with pytest.raises(InputError, match="240.*239"):
        views_information(X, VIEW[:-1], Bench((0,)))
    with pytest.raises(InputError, match="240.*239"):
        compare_subspaces(X, LABELS[:-1], None, Bench((0,)))
