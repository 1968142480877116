"""Every row of the table leaves a recording, whose bars are the p and q of its own equation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from toys import NAMES, blobs, small, source_of

from iconlearn import METHODS
from iconlearn.data.files import Dataset
from iconlearn.recording import Packet, Recorder, read_packets
from iconlearn.run import RunOptions, job, run_method

X, Y = blobs()
KINDS = ["run", "points", "samples", "watched", "losses", "moment", "end"]


def dataset(name: str) -> Dataset:
    """Sixty points of the form that the row takes."""
    row = METHODS[name]
    form = row.takes.name
    words = [f"kind {k}" for k in range(int(Y.max()) + 1)]
    if form == "tokens":
        return Dataset("toy", X.astype(np.float32), None, None, None, form, source_of(row, X))
    source = None if form == "rows" else row.takes.read(source_of(row, X), name)
    return Dataset("toy", X.astype(np.float32), Y.astype(np.int64), words, None, form, source)


def conditional(log_mass: torch.Tensor) -> np.ndarray:
    mass = log_mass.double().exp().numpy()
    return mass / mass.sum(1, keepdims=True)


class Witness:
    """Keeps whole p and q of every state, worked out from the pair's blocks alone."""

    def __init__(self) -> None:
        self.recorder: Recorder | None = None
        self.seen: dict[int, dict[str, Any]] = {}

    def __call__(self, event: Any) -> None:
        if event.kind == "search":
            return
        assert self.recorder is not None
        probe, model = self.recorder.probe, event.model
        step = event.step + (event.kind == "step" and probe is not None)
        modes = [module.training for module in model.modules()]
        pair = event.pair
        with torch.no_grad():
            model.eval()
            if probe is not None:
                pair = model.pair(probe)
            elif pair is None:
                pair = model.pair(self.recorder.data)
            self.seen[step] = {
                "p": pair.target.block(None).clone(),
                "q": pair.learned.block(None).clone(),
                "limit": pair.learned.improper and not pair.learned.masses,
                "loss": float(model.loss(pair)),
                "empty": pair.target.empty.numpy(),
            }
        for module, mode in zip(model.modules(), modes, strict=True):
            module.training = mode


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """Runs a method without pictures and scores, and gives its recording and what a witness has seen."""
    witness = Witness()

    def record_run(opening: Any, *rest: Any) -> Any:
        witness.recorder = opening.recorder
        return genuine(opening, *rest)

    def write(folder: Path, material: Any, recipe: Any, estimator: Any, *_: Any) -> dict[str, Any]:
        steps = len(estimator.loss_curve_)
        return {"interrupted": False, "steps": steps, "seconds": {"fit": 0.0}, "metrics": {}}

    genuine = job.record_run
    monkeypatch.setattr(job, "record_run", record_run)
    monkeypatch.setattr(job, "write", write)
    monkeypatch.setattr(job.captions, "notes", lambda record: ())

    def run(name: str) -> tuple[list[Packet], dict[int, dict[str, Any]]]:
        row = METHODS[name]
        chosen = {"restarts": 2} if row.fit.get("restarts", 1) > 1 else {}
        options = RunOptions(small(row), max_iter=3, callbacks=(witness,), **chosen)
        done = run_method(name, dataset(name), tmp_path / "out", options)
        return list(read_packets(done.out / "recording.icon")), witness.seen

    return run


@pytest.mark.parametrize("name", NAMES)
def test_a_run_leaves_a_recording_of_its_own_equation(name, recorded):
    packets, seen = recorded(name)
    order = [KINDS.index(packet.kind) for packet in packets if packet.kind not in ("losses", "moment")]
    assert order == sorted(order)
    first = {packet.kind: packet for packet in reversed(packets)}
    assert {"run", "points", "watched", "losses", "moment", "end"} <= set(first)
    run, points, watched = (first[kind] for kind in ("run", "points", "watched"))
    assert run.fields["method"] == name
    assert run.fields["total"] == 3
    assert run.fields["parameters"].keys() == METHODS[name].parameters.keys()
    shown = points.fields["n"]
    for k, column in enumerate(points.fields["columns"]):
        values = points.arrays[f"column_{k}"]
        assert values.shape == (shown,)
        assert column["categories"] is None or values.max() < len(column["categories"])
    clusters = METHODS[name].clusters
    assert ("positions" in points.arrays) == clusters == (run.fields["layout"] == "fixed")
    columns, places, p = (watched.arrays[key] for key in ("columns", "places", "p"))
    assert watched.arrays["points"].max() < shown
    assert ((columns == -2) == (places == -1)).all()
    end = {"points": shown, "probe": len(watched.arrays.get("probe", ())), "classes": 99, "clusters": 99}
    assert columns.max() < end[run.fields["columns_are"]]
    told = [packet for packet in packets if packet.kind == "moment"]
    steps = [packet.fields["step"] for packet in told]
    assert steps == sorted(set(steps))
    assert [steps[0], steps[-1]] == [0, 3]
    losses = np.concatenate([packet.arrays["loss"] for packet in packets if packet.kind == "losses"])
    assert losses.shape == (3,)
    assert np.isfinite(losses).all()
    for moment in told:
        check_moment(moment, seen[moment.fields["step"]], watched, p)
        p = moment.arrays.get("p", watched.arrays["p"])
        if clusters:
            assert moment.arrays["cluster"].shape == moment.arrays["confidence"].shape == (shown,)
        else:
            assert moment.arrays["positions"].shape == (shown, 2)
            assert np.isfinite(moment.arrays["positions"]).all()


def check_moment(moment: Packet, seen: dict[str, Any], watched: Packet, p: np.ndarray) -> None:
    rows, places = watched.arrays["rows"].copy(), watched.arrays["places"]
    p, q = moment.arrays.get("p", watched.arrays["p"]), moment.arrays["q"]
    log_q = seen["q"][rows].double()
    if seen["limit"]:  # drawn at the width at which the nearest column counts 1/e
        best = log_q.topk(2, dim=1).values
        log_q = torch.log_softmax(log_q / (float(np.median((best[:, 0] - best[:, 1]).numpy())) or 1.0), 1)
    for bars, whole in ((p, conditional(seen["p"][rows])), (q, conditional(log_q))):
        assert np.isfinite(bars).all()
        assert (bars >= 0).all()
        assert np.allclose(bars.sum(1), 1, atol=1e-5)
        mine = np.where(places >= 0, np.take_along_axis(whole, places.clip(0), 1), 0)
        assert np.allclose(bars[:, :-1], mine, atol=1e-5)
    listed = p[:, :-1]
    if "p" not in moment.arrays:
        assert (np.diff(listed, axis=1) <= 1e-6).all()
        least = np.where(places >= 0, listed, np.inf).min(1)
        others = conditional(seen["p"][rows])
        np.put_along_axis(others, places.clip(0), np.where(places >= 0, 0, others[:, :1]), 1)
        assert ((places < 0).any(1) | (others.max(1) <= least + 1e-6)).all()
    gap = 0.5 * np.abs(p.astype(float) - q).sum(1).mean()
    assert moment.fields["stats"]["gap"] == pytest.approx(gap, abs=1e-5)
    divergence = moment.arrays["divergence"]
    assert np.isfinite(divergence).all()
    assert len(rows) == (~seen["empty"]).sum() or len(rows) >= 16
    if len(rows) == (~seen["empty"]).sum():
        assert divergence.mean() == pytest.approx(seen["loss"], rel=1e-3, abs=1e-4)
