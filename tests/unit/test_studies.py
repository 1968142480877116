"""Studies: what their files may say, and runs from images to tables that are made once."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pictures import write_images
from PIL import Image
from vision import save_model

from iconlearn import FileFormatError, OptionError
from iconlearn.cli import main
from iconlearn.evaluation import clustering_report, hungarian_accuracy, reliability_curve
from iconlearn.run.clusters import read_clusters
from iconlearn.studies import read_study
from iconlearn.studies.figures import draw_calibration
from iconlearn.studies.plan import Published
from iconlearn.studies.report import Found, number

RECIPES = Path(__file__).parents[2] / "recipes"
SMALL = (RECIPES / "small.yaml").read_text()
PLAIN = """
title: a study
images: {train: photos/}
backbones: {one: some/model, two: other/model}
neighbors: {k: 10}
runs:
  few: {method: pmi-clustering, set: {n_clusters: 5}, train: {epochs: 2}}
  many: {like: few, set: {n_clusters: 50}}
tables:
  Heads: {score: nmi, rows: {few: {run: few, published: {one: 1.5}}, other: {published: {two: [2, 0.5]}}}}
sweeps:
  Clusters: {run: few, option: n_clusters, values: [2, 5], variants: {near: {n_neighbors: 3}, far: {}}}
show: many
"""


def study_of(text: str, folder: Path):
    (folder / "study.yaml").write_text(text)
    return read_study(folder / "study.yaml")


def test_a_file_becomes_runs_that_are_named_by_what_they_do(tmp_path):
    study = study_of(PLAIN, tmp_path)
    few, many = study.cases()[0], study.show
    assert (few.parameters, few.training) == ({"n_clusters": 5}, {"epochs": 2})
    assert (many.parameters, many.training) == ({"n_clusters": 50}, {"epochs": 2})
    assert len({case.name for case in study.cases()}) == len(study.cases()) == 5
    sweep = study.sweeps[0]
    assert sweep.case("far", 5).name == few.name  # a point of a sweep that a table has is run once
    assert sweep.case("near", 2).parameters == {"n_clusters": 2, "n_neighbors": 3}
    assert study.tables[0].rows[0].published == {"one": Published(1.5)}
    assert study.tables[0].rows[1].published == {"two": Published(2.0, 0.5)}
    assert study.seeds == (0,)


BAD = {
    "[1, 2]": ("", "a table of names and values is needed"),
    "titel": (PLAIN.replace("title:", "titel:"), "has no entry 'titel'.*did you mean 'title'"),
    "missing": (PLAIN.replace("neighbors: {k: 10}", ""), "'neighbors' is missing"),
    "twice": (PLAIN + "title: again\n", "'title' stands twice"),
    "tag": (PLAIN + "about: !!python/object/apply:os.system [ls]\n", "no YAML of plain values"),
    "method": (PLAIN.replace("pmi-clustering", "pmi-clusterng"), "did you mean 'pmi-clustering'"),
    "parameter": (PLAIN.replace("set: {n_clusters: 5}", "set: {n_cluster: 5}"), "did you mean 'n_clusters'"),
    "like": (PLAIN.replace("like: few", "like: fewer"), "the runs before it are few; did you mean 'few'"),
    "neither": (PLAIN.replace("like: few, ", ""), "'method' and 'like', or neither"),
    "run": (PLAIN.replace("show: many", "show: most"), "the runs are few, many"),
    "backbone": (PLAIN.replace("one: 1.5", "three: 1.5"), "has no entry 'three'"),
    "published": (PLAIN.replace("[2, 0.5]", "[2, 0.5, 1]"), r"a number, or \[number, spread\]"),
    "score": (PLAIN.replace("score: nmi", "score: nni"), "did you mean 'nmi'"),
    "values": (PLAIN.replace("[2, 5]", "[5, 2]"), "values that increase"),
    "no values": (PLAIN.replace("[2, 5]", "[]"), "the list is empty"),
    "option": (PLAIN.replace("option: n_clusters", "option: clusters"), "did you mean 'n_clusters'"),
    "seeds": (PLAIN + "seeds: [0, -1]\n", "at least 0"),
    "boolean": (PLAIN + "seeds: [true]\n", "a whole number is needed"),
    "epochs": (PLAIN.replace("epochs: 2", "epochs: two"), "train: epochs: 'two'"),
    "no models": (PLAIN.replace("{one: some/model, two: other/model}", "{}"), "at least one model"),
    "no yaml": (PLAIN + "\n\t- {", "no YAML"),
}
UNFIT = {
    "streams": (PLAIN.replace("method: pmi-clustering", "method: dcd"), "few: dcd: .*holds all rows"),
    "neighbours": (PLAIN.replace("k: 10", "k: 4"), "looks for 10 neighbours .* are 4 by"),
    "metric": (PLAIN.replace("k: 10", "k: 10, metric: cos"), "by 'euclidean', but .* by 'cos'"),
    "range": (PLAIN.replace("{n_clusters: 50}", "{n_clusters: -3}"), "many: .*n_clusters|many: .*-3"),
    "training": (PLAIN.replace("epochs: 2", "epochs: 2, max_iter: 3"), "both say how long"),
}


@pytest.mark.parametrize("name", [*BAD, *UNFIT])
def test_what_a_file_may_not_say_is_refused_with_its_place(tmp_path, name):
    text, words = {**BAD, **UNFIT}[name]
    with pytest.raises(FileFormatError if name in BAD else OptionError) as error:
        study_of(text, tmp_path)
    assert re.search(words, str(error.value)), error.value
    assert str(error.value).startswith(("study.yaml", str(tmp_path)))


def test_the_study_of_imagenet_holds_the_published_numbers():
    study = read_study(RECIPES / "imagenet_dinov2.yaml")
    held = {(table.title[:7], row.name): row.published for table in study.tables for row in table.rows}
    assert held["Table 2", "k-means"] == {
        "S/14": Published(51.84),
        "B/14": Published(52.26),
        "L/14": Published(53.36),
    }
    assert held["Table 2", "Debiased InfoNCE clustering"]["L/14"] == Published(67.52, 0.28)
    assert held["Table 3", "+ debiasing"]["S/14"] == Published(57.27, 0.07)
    assert held["Table 4", "+ 2-walks on kNN"]["L/14"] == Published(67.26)
    assert study.sweeps[0].values == (0, 0.2, 0.4, 0.6, 0.8)
    assert all(case.parameters["n_clusters"] == 1000 for case in study.cases())


def test_of_many_values_the_calibration_shows_some(tmp_path):
    values = [k / 20 for k in range(12)]
    study = study_of(
        PLAIN.replace("option: n_clusters, values: [2, 5]", f"option: alpha, values: {values}").replace(
            "method: pmi-clustering", "method: infonce-clustering"
        ),
        tmp_path,
    )
    curve = reliability_curve([0, 0, 1], [[0.9, 0.1], [0.8, 0.2], [0.4, 0.6]])
    measured = defaultdict(lambda: SimpleNamespace(reliability=curve))
    draw_calibration(study, "one", measured, study.sweeps[0], tmp_path / "curves.png")
    assert (tmp_path / "curves.png").exists()
    assert {case for _, case, _ in measured} >= {
        study.sweeps[0].case("far", v).name for v in values[:: len(values) - 1]
    }


def test_means_and_spreads_are_over_the_seeds_that_are_there():
    assert number(None, None) == ""
    assert number(57.268, None) == "57.27"
    found = Found((50.0, 52.0))
    assert number(found.mean, found.spread) == "51.00 ± 1.41"
    assert Found((50.0,)).spread is None


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Images of three kinds that are easy to mix up, a model, and the small study, shorter."""
    root = tmp_path_factory.mktemp("small")
    rng = np.random.default_rng(0)
    for kind, colour in {"day": (150, 120, 90), "night": (80, 90, 140), "sea": (80, 150, 120)}.items():
        (root / "photos" / kind).mkdir(parents=True)
        for k in range(30):
            coarse = np.clip(np.array(colour) + rng.normal(0, 60, (6, 6, 3)), 0, 255).astype(np.uint8)
            picture = Image.fromarray(coarse).resize((40, 36), Image.Resampling.BICUBIC)
            picture.save(root / "photos" / kind / f"{k}.png")
    save_model("vit", root / "tiny-vit")
    shorter = SMALL.replace("epochs: 4", "epochs: 2").replace(
        "  teacher: {like: walks, set: {teacher: 0.9}}\n", ""
    )
    shorter = shorter.replace("      + EMA: {run: teacher}\n", "").replace("seeds: [0, 1]", "seeds: [0]")
    (root / "small.yaml").write_text(shorter)
    return root


def call(made: Path, out: Path, *more: object) -> list[str]:
    images, model = f"train={made / 'photos'}", f"small={made / 'tiny-vit'}"
    given = [made / "small.yaml", "--data", images, "--model", model, "--out", out, *more]
    return ["study", *map(str, given)]


def command(args: list[str]) -> int:
    with pytest.raises(SystemExit) as stop:
        main(args)
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def whole(made) -> Path:
    assert command(call(made, made / "out")) == 0
    return made / "out"


def test_a_study_goes_from_images_to_tables_and_figures(whole):
    report = (whole / "report.md").read_text()
    assert "| Hungarian accuracy | small published | small measured | seeds |" in report
    assert "| + debiasing " in report
    pictures = {"sweep.png", "reliability.png", "map.png", "contact_sheet.png", "confusion.png"}
    assert pictures <= {path.name for path in (whole / "small").iterdir()}
    assert all(np.asarray(Image.open(whole / "small" / name).convert("RGB")).std() > 5 for name in pictures)
    told = json.loads((whole / "report.json").read_text())
    row = next(row for row in told["rows"] if row.get("row") == "+ debiasing")
    table = read_clusters(
        whole / "small" / "runs" / f"{row['run']}-seed0" / "clusters.parquet", "cluster", "label"
    )
    assert row["measured"] == [
        pytest.approx(100 * hungarian_accuracy(table["label"].astype(str), table["cluster"]))
    ]
    assert (row["published"], row["spread"]) == (None, None)
    swept = [row for row in told["rows"] if row.get("sweep") and row["score"] == "expected_calibration_error"]
    assert [(row["variant"], row["alpha"]) for row in swept] == [
        (variant, alpha) for variant in ("target only", "both sides") for alpha in (0, 0.6)
    ]


def test_what_is_there_is_not_made_again(made, whole, capsys):
    before = {
        path: path.stat().st_mtime_ns
        for path in (whole / "small").rglob("*")
        if path.suffix in (".json", ".parquet")
    }
    assert len(before) > 10
    assert command([*call(made, whole), "-q"]) == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.slow
def test_a_killed_study_ends_as_an_unbroken_one(made, whole, tmp_path):
    again = [*call(made, tmp_path / "out"), "-q"]
    program = [sys.executable, str(Path(__file__).with_name("killing.py")), "placed:1", *again]
    assert subprocess.run(program, check=False).returncode == -signal.SIGKILL
    assert len(list((tmp_path / "out" / "small" / "runs").glob("*/run.json"))) == 2
    assert command(again) == 0
    assert (tmp_path / "out" / "report.json").read_bytes() == (whole / "report.json").read_bytes()
    assert not list(tmp_path.rglob("*.partial"))


def test_scores_are_of_the_test_images_where_there_are_some(made, tmp_path):
    held = write_images(tmp_path / "held", {"day": 5, "night": 4})
    text = (made / "small.yaml").read_text()
    text = text[: text.index("tables:")] + "tables: {One: {rows: {baseline: {run: baseline}}}}\n"
    (tmp_path / "test.yaml").write_text(text.replace("{train: photos/}", "{train: photos/, test: held/}"))
    images, model = f"train={made / 'photos'}", f"small={made / 'tiny-vit'}"
    args = [
        tmp_path / "test.yaml",
        "--data",
        images,
        "--data",
        f"test={held}",
        "--model",
        model,
        "-o",
        tmp_path / "o",
    ]
    assert command(["study", *map(str, args), "-q"]) == 0
    (file,) = tmp_path.rglob("test.parquet")
    table = read_clusters(file, "cluster", "label", "confidence")
    assert len(table["cluster"]) == 9
    told = json.loads((tmp_path / "o" / "report.json").read_text())["rows"][0]
    labels = table["label"].astype(str)
    report = clustering_report(table["cluster"], labels, confidence=table["confidence"], n_clusters=3)
    assert told["measured"] == [pytest.approx(100 * report.hungarian_accuracy)]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--data", "tset=x"], "did you mean 'test'|no option 'tset'"),
        (["--backbone", "big"], "no option 'big'"),
        (["--model", "small"], "a name, '=' and a value"),
        (["--data", "train=nowhere"], "nowhere"),
    ],
)
def test_wrong_names_are_refused(made, tmp_path, capsys, more, words):
    assert command([*call(made, tmp_path / "out"), *more]) == 2
    assert re.search(words, capsys.readouterr().err)
