"""Damaged recordings: no run ends of one, and it is begun anew where nothing can be gone on from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from recordings import Crowd, X, followed, of_kind, pair_of, told

from iconlearn import KNN, Embedding, Gaussian, ICon, StudentT
from iconlearn.door import fit_inputs
from iconlearn.recording import Packet, Recorder
from iconlearn.recording.packets import PacketFile
from iconlearn.recording.past import Past


def without(name):
    return lambda packet: {"arrays": {k: v for k, v in packet.arrays.items() if k != name}}


def array(name, change):
    return lambda packet: {"arrays": {**packet.arrays, name: change(packet.arrays[name].copy())}}


def field(name, value):
    return lambda packet: {"fields": {**packet.fields, name: value}}


DAMAGES = {
    "no rows": ("watched", without("rows")),
    "rows of other data": ("watched", array("rows", lambda rows: rows + 50)),
    "rows twice": ("watched", array("rows", np.zeros_like)),
    "columns of other data": ("watched", array("places", lambda places: places + 1000)),
    "columns twice": ("watched", array("places", np.zeros_like)),
    "p too narrow": ("watched", array("p", lambda p: p[:, :-1])),
    "numbers for rows": ("watched", array("rows", lambda rows: np.full(len(rows), np.nan, np.float32))),
    "no step": ("moment", lambda packet: {"fields": {"final": None}}),
    "words for a step": ("moment", field("step", "3")),
    "no seconds": ("moment", field("seconds", None)),
    "huge seconds": ("moment", field("seconds", 10**400)),
    "positions of other data": ("moment", array("positions", lambda positions: positions[:-1])),
    "no losses": ("losses", without("loss")),
    "losses of later": ("losses", field("first", 2)),
    "no beginning": ("run", lambda packet: {"kind": "ruin"}),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_recording_is_begun_anew_and_ends_no_run(damage, tmp_path, caplog):
    kind, change = DAMAGES[damage]
    file = PacketFile(tmp_path / "recording.icon")

    def stop(event):
        if event.kind == "step" and event.step == 7:
            raise KeyboardInterrupt

    def fit(*others, audience=None):
        recorder = followed(Recorder(fit_inputs(X, None)), file, audience)
        model = ICon(KNN(5), Gaussian(1), Embedding(60, 3))
        return model.fit(X, max_iter=12, callbacks=(recorder, *others), checkpoint=tmp_path / "run")

    fit(stop)
    packets = file.read()
    file.clear()
    file.append(*(replace(packet, **change(packet)) if packet.kind == kind else packet for packet in packets))
    caplog.clear()
    crowd = Crowd(wants=False)
    model = fit(audience=crowd)
    assert len(model.history.losses) == 12
    # what tells of no step is cut off with all that comes after it, and there is a beginning to go on from
    assert ("begun anew" in caplog.text) == (damage not in ("no step", "no losses"))
    kept = file.read()
    assert [packet.kind for packet in kept] == [packet.kind for packet in crowd.packets]
    assert kept[0].kind == "run"
    assert sum(packet.kind == "run" for packet in kept) == 1
    assert told(file.path)["losses"] == np.array(model.history.losses, np.float32).tolist()
    assert [p.fields["step"] for p in kept if p.kind == "moment"][-1] == 12
    assert len(of_kind(file.path, "watched")) == 1


def test_positions_that_no_map_has_are_not_gone_on_from():
    pair = pair_of(KNN(4), StudentT())
    fields = {"step": 0, "seconds": 1.0}
    for value, taken in ((np.nan, False), (1e38, False), (3.0, True)):
        there = np.full((5, 2), value, np.float32)
        past = Past.of([Packet("moment", fields, {"positions": there})], 5, pair)
        assert (past.positions is not None) == taken
