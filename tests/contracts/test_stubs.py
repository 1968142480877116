"""Type stubs of the estimators: as generated, and of use to a type checker."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import iconlearn
from iconlearn.estimators.stubs import stubs

ROOT = Path(iconlearn.__path__[0])
PROGRAM = """
import iconlearn
from iconlearn import KMeans, TSNE
from iconlearn.estimators import SimCLR

estimator = TSNE(perplexity=20, init="spectral", anchors=([0], [[0.0, 0.0]]))
rows = estimator.fit_transform([[0.0, 1.0]])
labels = KMeans(n_clusters=3).fit([[0.0]], None).labels_
views = SimCLR(temperature=0.2, image_shape=(1, 8, 8)).fit([[0.0]]).model_.history
kernel = iconlearn.KNN(15).debias(0.1)
curve = iconlearn.SNE(metric="cos", tol=1e-4, checkpoint="run").loss_curve_
images = iconlearn.load_images("digits", image_shape=(1, 32, 32)).X.shape
features = iconlearn.open_features("features").check()
"""
WRONG = """
import iconlearn
iconlearn.TSNE(perplexities=30)
iconlearn.TSNE(perplexity="many")
iconlearn.TSNE(30.0)
iconlearn.Tsne()
"""


def test_the_committed_stubs_are_those_of_the_table():
    for path, text in stubs().items():
        assert path.read_text() == text, f"{path.name} is old: run python -m iconlearn.estimators.stubs"


def test_a_type_checker_accepts_a_program_and_rejects_its_mistakes(tmp_path):
    (tmp_path / "right.py").write_text(PROGRAM)
    (tmp_path / "wrong.py").write_text(WRONG)
    settings = {"extraPaths": [str(ROOT.parent)], "typeCheckingMode": "basic"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--outputjson", "-p", str(tmp_path)]
    done = subprocess.run([*command, "--pythonpath", sys.executable], capture_output=True, text=True)
    found = json.loads(done.stdout)["generalDiagnostics"]
    assert [d for d in found if d["file"].endswith("right.py")] == []
    wrong = [d for d in found if d["file"].endswith("wrong.py") and d["severity"] == "error"]
    assert {d["range"]["start"]["line"] for d in wrong} == {2, 3, 4, 5}


def test_stubs_and_the_marker_of_types_ship():
    assert (ROOT / "py.typed").exists()
    names = {path.relative_to(ROOT).as_posix() for path in stubs()}
    assert names == {"__init__.pyi", "estimators/__init__.pyi"}
    assert all((ROOT / name).exists() for name in names)
