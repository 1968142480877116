"""``iconlearn train`` that was killed: the same command ends with the files of an unbroken run, to the byte."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from idx_files import write_split
from recordings import told

from iconlearn.cli import main
from iconlearn.run import job
from iconlearn.run.pictures import Album
from iconlearn.train import checkpoint

# Views by kornia, a teacher that follows, AdamW and a falling step size.
TRAIN = ["train", "moco-v3", "--image-size", "8", "--grey", "--augment", "small", "--batch-size", "20", "-q"]
CALL = [*TRAIN, "--backbone", "resnet18", "--set", "embedding_dim=4", "--epochs", "3"]


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    return int(end.value.code or 0)


@pytest.fixture(scope="module")
def call(tmp_path_factory) -> list[str]:
    """The command, of few images with labels; the folder for its results is missing at the end."""
    root = tmp_path_factory.mktemp("digits")
    images = np.random.default_rng(0).integers(0, 256, (80, 8, 8), dtype=np.uint8)
    write_split(root, images, np.arange(80) % 4)
    return [*CALL, "--split", "train", str(root), "--out"]


def moments(folder: Path, row: object, album: Album, *_: object) -> None:
    """What the pictures of a run show, in place of the pictures."""
    shown = [
        (kept.step, kept.loss, kept.embedding.tolist(), kept.log_q.tolist())
        for kept in album.recorder.snapshots
    ]
    (folder / "training.gif").write_text(json.dumps(shown))


@pytest.fixture(scope="module", autouse=True)
def undrawn():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(job, "draw", moments)
        yield


@pytest.fixture(scope="module")
def whole(call, tmp_path_factory) -> dict[str, object]:
    out = tmp_path_factory.mktemp("whole") / "out"
    assert command(*call, str(out)) == 0
    return content(out)


def content(folder: Path) -> dict[str, object]:
    """Files whose bytes follow from the command; of record and recording what does not tell of time."""
    timed = ("run.json", "recording.icon")
    found: dict[str, object] = {
        p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.name not in timed
    }
    record = json.loads((folder / "run.json").read_text())
    return found | {"record": record["metrics"], "recording": told(folder / "recording.icon")}


@pytest.mark.parametrize(
    "moment", [pytest.param(each, marks=pytest.mark.slow) for each in ("step:1", "step:4", "drawing:0")]
)
def test_a_killed_training_goes_on(call, whole, tmp_path, moment):
    out = tmp_path / "out"
    program = [sys.executable, str(Path(__file__).with_name("killing.py")), moment, *call, str(out)]
    assert subprocess.run(program, check=False).returncode == -signal.SIGKILL
    assert not out.exists()
    assert {path.name for path in (tmp_path / "out.partial").iterdir()} >= {
        "checkpoint.safetensors",
        "snapshots",
    }
    assert command(*call, str(out)) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert content(out) == whole


@pytest.mark.slow
def test_ctrl_c_leaves_results_and_overwrite_goes_on(call, whole, tmp_path, monkeypatch, capsys):
    from iconlearn.train.run import Run

    advance, steps = Run.advance, []

    def counted(run, *batch):
        steps.append(run.step)
        if len(steps) == 4:
            raise KeyboardInterrupt
        return advance(run, *batch)

    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(Run, "advance", counted)
        patched.setattr(checkpoint, "SECONDS", 0.0)
        assert command(*call, str(out)) == 0
    assert json.loads((out / "run.json").read_text())["interrupted"]
    assert command(*call, str(out)) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert command(*call, str(out), "--overwrite", "--seed", "1") == 2
    told = capsys.readouterr().err
    assert "out.partial" in told
    assert "another run" in told
    steps.clear()
    with monkeypatch.context() as patched:
        patched.setattr(Run, "advance", lambda run, *batch: steps.append(run.step) or advance(run, *batch))
        assert command(*call, str(out), "--overwrite") == 0
    assert steps == list(range(3, 6))
    for name in ("embedding.npy", "model.safetensors"):
        assert (out / name).read_bytes() == whole[name]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
