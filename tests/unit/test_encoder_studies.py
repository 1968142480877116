"""Studies of encoders: what their files may say, and tables that independent probes confirm."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from pictures import picture, pixels, planes, write_images
from pyarrow import parquet
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from iconlearn import FileFormatError, OptionError, load, load_images
from iconlearn.cli import main
from iconlearn.run.rows import halves
from iconlearn.studies import read_study
from iconlearn.studies.gallery import Gallery
from iconlearn.studies.plan import EncoderStudy, Published

RECIPES = Path(__file__).parents[2] / "recipes"
PLAIN = """
title: a study
sets:
  here: {source: digits}
  there: {source: ./nowhere, train: train, test: test, learn: more}
encoders: {learn_from: here, image_size: 8, grey: true}
neighbors: {k: 3}
runs:
  one: {method: simclr, set: {embedding_dim: 6}, train: {epochs: 2, batch_size: 200, lr: 0.01}}
  two: {like: one, set: {alpha: 0.4}}
tables:
  LP: {score: linear_probe, rows: {one: {run: one, published: {here: 91.5}}, two: {run: two}}}
  kNN: {score: knn_accuracy, rows: {one: {run: one}, other: {published: {there: diverges}}}}
"""


def study_of(text: str, folder: Path):
    (folder / "study.yaml").write_text(text)
    return read_study(folder / "study.yaml")


def test_a_file_becomes_encoders_and_the_sets_that_judge_them(tmp_path):
    network = "backbone: resnet18, projector: [32, 16], augment: small, precision: bf16-mixed, accumulate: 2"
    study = study_of(PLAIN.replace("lr: 0.01", f"lr: 0.01, {network}"), tmp_path)
    assert isinstance(study, EncoderStudy)
    options = study.cases()[1].options(7)
    assert (options.parameters, options.seed, options.epochs) == ({"embedding_dim": 6, "alpha": 0.4}, 7, 2)
    assert (options.backbone, options.projector, options.augment) == ("resnet18", (32, 16), "small")
    assert (options.precision, options.accumulate, options.lr) == ("bf16-mixed", 2, 0.01)
    assert (study.learn_from, study.image_shape, study.neighbors) == ("here", (1, 8, 8), 3)
    assert (study.sets["there"].learn, study.sets["here"].train) == ("more", None)
    assert study.tables[1].rows[1].published == {"there": Published("diverges")}


BAD = {
    "kinds": (PLAIN + "backbones: {a: b}\n", "has both 'backbones' and 'encoders'"),
    "no kind": (PLAIN.replace("encoders:", "encoder:"), "has neither 'backbones' nor 'encoders'"),
    "method": (PLAIN.replace("simclr", "simclear"), "did you mean 'simclr'"),
    "set": (PLAIN.replace("{here: 91.5}", "{her: 91.5}"), "has no entry 'her'.*did you mean 'here'"),
    "learn from": (PLAIN.replace("learn_from: here", "learn_from: hear"), "did you mean 'here'"),
    "one split": (PLAIN.replace(", test: test", ""), "there: has one of 'train' and 'test', but both"),
    "no source": (PLAIN.replace("source: digits", "labels: x"), "'source' is missing"),
    "score": (PLAIN.replace("score: linear_probe", "score: nmi"), "scores are linear_probe, knn_accuracy"),
    "size": (PLAIN.replace("image_size: 8", "image_size: 0"), "image_size: 0, but at least 1"),
    "grey": (PLAIN.replace("grey: true", "grey: yes please"), "true or false is needed"),
    "views": (PLAIN.replace("lr: 0.01", "augment: smal"), "did you mean 'small'"),
    "restarts": (PLAIN.replace("lr: 0.01", "restarts: 2"), "has no entry 'restarts'"),
    "no sets": (re.sub(r"sets:\n.*\n.*\n", "sets: {}\n", PLAIN), "at least one set"),
}
CLUSTERS = "method: infonce-clustering, set: {n_clusters: 6}"
MAP = "method: t-sne, set: {n_components: 2}"
HEAD = "method: simclr, set: {embedding_dim: 6}"
UNFIT = {
    "clusters": (PLAIN.replace(HEAD, CLUSTERS), "one: infonce-clustering trains no encoder of images"),
    "map": (PLAIN.replace(HEAD, MAP).replace("alpha: 0.4", "perplexity: 9"), "t-sne trains no encoder"),
    "projector": (
        PLAIN.replace("lr: 0.01", "projector: [8]"),
        "one: simclr: .*the small network has no features",
    ),
    "range": (PLAIN.replace("alpha: 0.4", "alpha: 4"), "two: .*alpha=4"),
    "twice": (PLAIN.replace("lr: 0.01", "max_iter: 3"), "both say how long"),
}


@pytest.mark.parametrize("name", [*BAD, *UNFIT])
def test_what_a_file_may_not_say_is_refused_with_its_place(tmp_path, name):
    text, words = {**BAD, **UNFIT}[name]
    with pytest.raises(FileFormatError if name in BAD else OptionError) as error:
        study_of(text, tmp_path)
    assert re.search(words, str(error.value)), error.value
    assert str(error.value).startswith("study.yaml")


def published(name: str) -> dict[str, list[float | str | None]]:
    """Of every row, all published numbers: those of the first set in both tables, then those of the second."""
    study = read_study(RECIPES / name)
    held: dict[str, list[float | str | None]] = {}
    for column in study.columns:
        for table in study.tables:
            for row in table.rows:
                held.setdefault(row.name, []).append(row.published[column].value)
    return held


def test_the_recipes_hold_the_published_numbers():
    cifar, stl = published("cifar10_encoders.yaml"), published("stl10_encoders.yaml")
    assert cifar["SimCLR"] == [77.79, 80.02, 31.82, 40.27]
    assert cifar["debiased 0.6"] == [79.32, 85.90, 30.67, 29.79]
    assert cifar["DCL with a Student-t"] == ["diverges"] * 4
    assert cifar["t-SimCLR, debiased 0.4"] == [92.70, 88.50, 41.98, 34.26]
    assert stl["DCL"] == [78.32, 75.03, 74.41, 70.22]
    assert stl["t-SimCLR, debiased 0.6"] == [87.18, 83.58, 84.51, 83.04]
    assert (len(cifar), len(stl)) == (10, 6)
    for name, k in (("cifar10_encoders.yaml", 3), ("stl10_encoders.yaml", 10)):
        study = read_study(RECIPES / name)
        assert study.neighbors == k
        for case in study.cases():
            options = case.options(0)
            assert (options.backbone, options.projector, options.parameters["embedding_dim"]) == (
                "resnet34",
                (512,),
                64,
            )
            assert (options.epochs, options.batch_size, options.lr) == (1000, 1024, 1e-3)
            assert (options.optimizer, options.weight_decay) == ("adamw", 1e-5)


def write_cifar(root: Path, fine: bool) -> Path:
    """Few images in the format of CIFAR-10 or CIFAR-100, their classes told by their brightness."""
    root.mkdir()
    labels = np.arange(40) % 4
    images = (pixels(40, 32) // 2 + 30 * labels[:, None, None, None]).astype(np.uint8)
    codes = np.stack([labels // 2, labels], 1) if fine else labels[:, None]
    rows = np.concatenate([codes.astype(np.uint8), planes(images)], 1)
    if fine:
        (root / "fine_label_names.txt").write_text("\n".join("abcd"))
        (root / "coarse_label_names.txt").write_text("x\ny")
        files = {"train.bin": rows[:24], "test.bin": rows[24:]}
    else:
        (root / "batches.meta.txt").write_text("\n".join("abcd"))
        files = {f"data_batch_{k + 1}.bin": rows[4 * k : 4 * k + 4] for k in range(5)} | {
            "test_batch.bin": rows[20:]
        }
    for name, part in files.items():
        (root / name).write_bytes(part.tobytes())
    return root


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(each) for each in arguments])
    return int(stop.value.code or 0)


def numbers(out: Path) -> dict[tuple[str, str, str], list[float]]:
    """What was measured, by row, set and score."""
    rows = json.loads((out / "report.json").read_text())["rows"]
    return {(row["row"], row["set"], row["score"]): row["measured"] for row in rows}


def accuracies(run: Path, train, test, k: int) -> tuple[float, float]:
    """Of probes of scikit-learn, of the features that the saved network has."""
    encoder = load(run / "model").mapper.eval()
    with torch.no_grad():
        X, Z = (
            (getattr(encoder, "features", encoder))(torch.from_numpy(part.X)).double().numpy()
            for part in (train, test)
        )
    scale = StandardScaler().fit(X)
    linear = LogisticRegression(max_iter=10_000).fit(scale.transform(X), train.y)
    near = train.y[NearestNeighbors(n_neighbors=k).fit(X).kneighbors(Z, return_distance=False)]
    voted = [
        Counter(row).most_common(1)[0][0] for row in near.tolist()
    ]  # of equal ones the first, the nearest's
    assert X.shape[1] in (6, 512)
    return linear.score(scale.transform(Z), test.y), float(np.mean(voted == test.y))


@pytest.mark.slow
def test_the_recipe_of_cifar_runs_on_files_of_its_format(tmp_path):
    text = (RECIPES / "cifar10_encoders.yaml").read_text()
    text = text.replace("epochs: 1000", "epochs: 1").replace("batch_size: 1024", "batch_size: 10")
    rows = {
        name for name in published("cifar10_encoders.yaml") if name not in ("DCL", "t-SimCLR, debiased 0.4")
    }
    kept = [line for line in text.splitlines() if not any(line.startswith(f"      {name}:") for name in rows)]
    (tmp_path / "cifar.yaml").write_text(
        "\n".join(kept).replace("resnet34", "resnet18").replace("size: 32", "size: 8")
    )
    ten, hundred = write_cifar(tmp_path / "ten", False), write_cifar(tmp_path / "hundred", True)
    out = tmp_path / "out"
    data = ["--data", f"cifar10={ten}", "--data", f"cifar100={hundred}"]
    assert command("study", tmp_path / "cifar.yaml", "--out", out, *data, "-q") == 0
    report = (out / "report.md").read_text()
    assert "| linear probe           | cifar10 published | cifar10 measured | cifar100 published " in report
    assert re.search(r"\| DCL +\| 78.32 +\| \d+\.\d\d +\| 32.44 +\| \d+\.\d\d", report)
    (run,) = (out / "runs").glob("dcl-*-seed0")
    assert json.loads((run / "run.json").read_text())["rows"] == "fitted on all 20 rows"
    assert load(run / "model").mapper.projector == (512,)
    for name, folder in (("cifar10", ten), ("cifar100", hundred)):
        found = accuracies(
            run, *(load_images(folder, (3, 8, 8), split=split) for split in ("train", "test")), 3
        )
        for score, value in zip(("linear_probe", "knn_accuracy"), found, strict=True):
            assert numbers(out)["DCL", name, score] == [pytest.approx(100 * value)]


def test_the_sets_of_stl10_are_read_from_files_of_their_formats(tmp_path):
    stl, pets = tmp_path / "stl", tmp_path / "pets"
    stl.mkdir()
    (pets / "data").mkdir(parents=True)
    (stl / "class_names.txt").write_text("\n".join("abcdefghij"))
    for seed, (split, count) in enumerate({"train": 12, "test": 4, "unlabeled": 7}.items()):
        (stl / f"{split}_X.bin").write_bytes(pixels(count, 96, seed).transpose(0, 3, 2, 1).tobytes())
        if split != "unlabeled":
            (stl / f"{split}_y.bin").write_bytes(bytes(1 + k % 3 for k in range(count)))
    for split, count in {"train": 14, "test": 3}.items():
        coded = []
        for k in range(count):
            body = io.BytesIO()
            picture(k).save(body, "PNG")
            coded.append({"bytes": body.getvalue(), "path": f"{k}.png"})
        breeds, kinds = [k % 5 for k in range(count)], [k % 2 for k in range(count)]
        table = pa.table({"image": coded, "label": breeds, "label_cat_dog": kinds})
        parquet.write_table(table, pets / "data" / f"{split}-00000-of-00001.parquet")
    gallery = Gallery(read_study(RECIPES / "stl10_encoders.yaml"), {"stl10": str(stl), "pets": str(pets)})
    assert gallery.learned.X.shape == (7, 3 * 96 * 96)
    assert [part.X.shape for part in gallery.parts["pets"]] == [(14, 3 * 96 * 96), (3, 3 * 96 * 96)]
    assert gallery.parts["pets"][1].y.tolist() == [0, 1, 0]
    assert gallery.parts["stl10"][1].y.tolist() == [0, 1, 2, 0]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The plain study of digits, run without a break."""
    root = tmp_path_factory.mktemp("digits")
    text = re.sub("  there.*\n", "", PLAIN).replace(", other: {published: {there: diverges}}", "")
    (root / "study.yaml").write_text(text)
    assert command("study", root / "study.yaml", "--out", root / "out", "-q") == 0
    return root


def test_halves_of_a_set_are_learnt_from_and_judged(whole):
    digits = load_images("digits", (1, 8, 8))
    first, second = halves(digits.y, 0)
    parts = [type(digits)("half", digits.X[rows], digits.y[rows], digits.classes) for rows in (first, second)]
    study = read_study(whole / "study.yaml")
    for case, row in zip(study.cases(), ("one", "two"), strict=True):
        run = whole / "out" / "runs" / f"{case.name}-seed0"
        assert json.loads((run / "run.json").read_text())["rows"] == f"fitted on all {len(first)} rows"
        linear, near = accuracies(run, *parts, 3)
        assert numbers(whole / "out")[row, "here", "linear_probe"] == [pytest.approx(100 * linear, abs=0.12)]
        if row == "one":
            assert numbers(whole / "out")[row, "here", "knn_accuracy"] == [
                pytest.approx(100 * near, abs=0.12)
            ]


@pytest.mark.slow
def test_a_killed_study_ends_as_an_unbroken_one(whole, tmp_path):
    call = ["study", str(whole / "study.yaml"), "--out", str(tmp_path / "out"), "-q"]
    program = [sys.executable, str(Path(__file__).with_name("killing.py")), "step:10", *call]
    assert subprocess.run(program, check=False).returncode == -signal.SIGKILL
    assert len(list((tmp_path / "out" / "runs").glob("*.partial"))) == 1
    assert len(list((tmp_path / "out" / "runs").glob("*/run.json"))) == 1
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "runs").glob("*/*")}
    assert command(*call) == 0
    assert (tmp_path / "out" / "report.json").read_bytes() == (whole / "out" / "report.json").read_bytes()
    assert not list(tmp_path.rglob("*.partial"))
    kept = {path: path.stat().st_mtime_ns for path in done if "partial" not in str(path)}
    assert kept == {path: time for path, time in done.items() if path in kept}
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*/*/*")}
    assert command(*call) == 0
    assert before == {path: path.stat().st_mtime_ns for path in before}


@pytest.mark.slow
def test_ctrl_c_is_gone_on_from(whole, tmp_path, monkeypatch, capsys):
    from iconlearn.train.run import Run

    advance, steps = Run.advance, []

    def counted(run, *batch):
        steps.append(run.step)
        if len(steps) == 4:
            raise KeyboardInterrupt
        return advance(run, *batch)

    call = ["study", whole / "study.yaml", "--out", tmp_path / "out", "-q"]
    with monkeypatch.context() as patched:
        patched.setattr(Run, "advance", counted)
        assert command(*call) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert command(*call) == 0
    assert numbers(tmp_path / "out") == numbers(whole / "out")


def test_runs_of_other_images_are_not_mixed(whole, tmp_path, capsys):
    images = write_images(tmp_path / "images", {"cat": 6, "dog": 6})
    assert command("study", whole / "study.yaml", "--out", whole / "out", "--data", f"here={images}") == 2
    assert re.search("its runs are of other images of here .*name another --out", capsys.readouterr().err)


def test_missing_images_are_told_before_anything_is_trained(tmp_path, capsys):
    (tmp_path / "study.yaml").write_text(PLAIN)
    flat = write_images(tmp_path / "images", {".": 4})
    call = ["study", tmp_path / "study.yaml", "--out", tmp_path / "out"]
    assert command(*call, "--data", f"here={flat}") == 2
    told = capsys.readouterr().err
    assert re.search(r"here \(all\): \S*images \(folder of images without labels\) has no labels", told)
    assert re.search(r"there \(train, test\): ./nowhere: does not exist", told)
    assert "Say where they are: --data here=PATH --data there=PATH" in told
    assert command(*call, "--data", "their=x") == 2
    assert "did you mean 'there'" in capsys.readouterr().err
    assert not (tmp_path / "out" / "runs").exists()


@pytest.mark.parametrize(
    ("counts", "change", "more", "words"),
    [
        ({"cat": 6}, {}, [], "here: .*has no halves with two classes each"),
        ({"cat": 6, "dog": 6}, {"k: 3": "k: 9"}, [], "has 6 labelled images .* k: is 9; lower it"),
        ({"cat": 6, "dog": 6}, {}, ["--device", "cuda:99"], "device='cuda:99' is not at hand"),
        ({"cat": 6, "dog": 6}, {}, ["--model", "a=b"], "--model: is for studies of frozen features"),
    ],
)
def test_what_cannot_be_judged_is_refused(whole, tmp_path, capsys, counts, change, more, words):
    images = write_images(tmp_path / "images", counts)
    text = (whole / "study.yaml").read_text()
    for before, after in change.items():
        text = text.replace(before, after)
    (tmp_path / "study.yaml").write_text(text)
    call = ["study", tmp_path / "study.yaml", "--out", tmp_path / "out", "--data", f"here={images}", *more]
    assert command(*call) == 2
    assert re.search(words, " ".join(capsys.readouterr().err.split()))
    assert not (tmp_path / "out" / "runs").exists()


def test_labels_that_a_method_compares_must_be_there(tmp_path, capsys):
    images = write_images(tmp_path / "images" / "train", {"cat": 4, "dog": 4}).parent
    write_images(images / "test", {"cat": 2, "dog": 2})
    write_images(images / "unlabeled", {".": 6})
    text = (
        re.sub("  here.*\n", "", PLAIN)
        .replace("./nowhere", str(images))
        .replace("learn: more", "learn: unlabeled")
    )
    text = text[: text.index("tables:")].replace("from: here", "from: there").replace("simclr", "supcon")
    (tmp_path / "study.yaml").write_text(
        text + "tables: {LP: {score: linear_probe, rows: {one: {run: one}}}}\n"
    )
    assert command("study", tmp_path / "study.yaml", "--out", tmp_path / "out") == 2
    assert "supcon compares labels, but what encoders learn from (there) has none" in capsys.readouterr().err
