"""A search that is killed goes on to the same bits; other searches, damage and full disks are seen."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import shelves
import torch
from shelves import OPTIONS, ROWS, Shelf, before_write

from iconlearn import FileFormatError, InputError, NeighborGraph, OptionError
from iconlearn.neighbors import _scratch, cells, graph, stored

WRITES = 16  # what it is of, centres, cells, 5 pieces of rows, their checksum, probes, 6 slabs


class Killed(BaseException):
    """Nothing catches it but a test."""


def kill():
    raise Killed


@pytest.fixture
def small(monkeypatch):
    """Many pieces, units and slabs, and writes that can be counted anew."""
    for module, name in (
        (stored, "PIECE"),
        (stored, "SLAB"),
        (cells, "PIECE"),
        (cells, "UNIT"),
        (stored, "write_rows"),
        (_scratch, "write_aside"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))
    shelves.few_at_a_time()
    return monkeypatch


@pytest.fixture(scope="module")
def whole():
    """The graph of an unbroken search."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((stored, "PIECE"), (stored, "SLAB"), (cells, "PIECE"), (cells, "UNIT")):
            patch.setattr(module, name, getattr(module, name))
        shelves.few_at_a_time()
        return NeighborGraph.of(Shelf(ROWS), **OPTIONS)


def go_on(folder: Path) -> NeighborGraph:
    return NeighborGraph.of(Shelf(ROWS), checkpoint=folder, **OPTIONS)


def same_bits(one: NeighborGraph, other: NeighborGraph) -> None:
    assert torch.equal(one.cols, other.cols)
    assert torch.equal(one.squares, other.squares)
    assert (one.recall, one.unit, one.metric) == (other.recall, other.unit, other.metric)


def broken(folder: Path, writes: float) -> None:
    """A search that ends after so many writes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_scratch, "write_aside", _scratch.write_aside)
        patch.setattr(stored, "write_rows", stored.write_rows)
        before_write(writes, kill)
        with pytest.raises(Killed):
            go_on(folder)


def test_killed_processes_go_on_to_the_same_bits(tmp_path, small, whole):
    generator = np.random.default_rng()  # another moment each time
    moments = {str(m / 2): tmp_path / str(m) for m in generator.choice(2 * WRITES, 3, replace=False)}
    runs = [
        subprocess.Popen([sys.executable, shelves.__file__, str(at), moment])
        for moment, at in moments.items()
    ]
    assert [run.wait() for run in runs] == [-signal.SIGKILL] * 3
    for moment, folder in moments.items():
        assert not (folder / "graph.safetensors").exists(), moment
        same_bits(go_on(folder), whole)


def test_every_moment_and_several_times(tmp_path, small, whole):
    folder = tmp_path / "often"
    broken(folder, 1.5)
    broken(folder, 4)
    broken(folder, 6.5)
    broken(folder, 2)
    same_bits(go_on(folder), whole)
    for writes in range(0, WRITES, 3):
        folder = tmp_path / str(writes)
        broken(folder, writes)
        same_bits(go_on(folder), whole)


def test_what_is_done_is_not_done_again(tmp_path, small, whole):
    broken(tmp_path / "run", WRITES - 2)
    for module, name in ((stored, "find_centres"), (stored, "assigned"), (stored, "choose_probes")):
        small.setattr(module, name, None)
    small.setattr(stored, "write_rows", None)
    searched = []
    found = cells.Search.found
    small.setattr(cells.Search, "found", lambda self, units: searched.extend(units) or found(self, units))
    same_bits(go_on(tmp_path / "run"), whole)
    assert 0 < sum(len(unit.places) for unit in searched) < 1500


def test_a_finished_search_leaves_the_graph_alone(tmp_path, small, whole):
    same_bits(go_on(tmp_path / "run"), whole)
    assert sorted(os.listdir(tmp_path / "run")) == ["graph.safetensors", "search.json"]
    same_bits(NeighborGraph.load(tmp_path / "run" / "graph"), whole)
    small.setattr(graph, "search_stored", None)
    same_bits(go_on(tmp_path / "run"), whole)


def test_two_searches_in_one_folder_are_refused(tmp_path, small, whole):
    """The second starts while the first sorts, and spoils nothing."""
    refused = []

    def second():
        with pytest.raises(OptionError, match="another process works in this folder; wait for it"):
            go_on(tmp_path / "run")
        refused.append(True)

    before_write(4.5, second)
    same_bits(go_on(tmp_path / "run"), whole)
    assert refused == [True]
    assert not (tmp_path / "run" / ".lock").exists()


def test_rows_count_only_when_all_of_them_are_there(tmp_path, small, whole):
    broken(tmp_path / "run", 6)
    assert not (tmp_path / "run" / "rows.f32").exists()
    (tmp_path / "run" / ".rows.f32.1.part").write_bytes(b"left by a process that was killed")
    same_bits(go_on(tmp_path / "run"), whole)
    assert sorted(os.listdir(tmp_path / "run")) == ["graph.safetensors", "search.json"]


def test_a_temporary_folder_is_gone(tmp_path, small, whole):
    small.setattr(_scratch.tempfile, "tempdir", str(tmp_path))
    NeighborGraph.of(Shelf(ROWS[:500]), 5, index="ivf")
    small.setattr(stored, "search_slabs", None)
    with pytest.raises(TypeError):
        NeighborGraph.of(Shelf(ROWS[:500]), 5, index="ivf")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"k": 13}, "k was 12 and is 13"),
        ({"metric": "cos"}, "metric was euclidean and is cos"),
        ({"recall": 0.9}, "recall was 0.95 and is 0.9"),
        ({"random_state": 4}, "seed was 3 and is 4"),
        ({"index": "exact"}, "index was ivf and is exact"),
    ],
)
def test_another_search_is_refused(changed, said, tmp_path, small):
    broken(tmp_path / "run", 9)
    with pytest.raises(FileFormatError, match=said):
        NeighborGraph.of(Shelf(ROWS), checkpoint=tmp_path / "run", **{**OPTIONS, **changed})


@pytest.mark.parametrize("writes", [9, None])
def test_other_rows_are_refused(writes, tmp_path, small):
    if writes is None:
        go_on(tmp_path / "run")
    else:
        broken(tmp_path / "run", writes)
    other = ROWS.copy()
    other[2000, 3] = np.nextafter(other[2000, 3], np.inf)
    with pytest.raises(FileFormatError, match="the rows differ"):
        NeighborGraph.of(Shelf(other), checkpoint=tmp_path / "run", **OPTIONS)


def test_folders_of_others_are_refused(tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(OptionError, match="holds other files, and no search"):
        go_on(tmp_path)
    with pytest.raises(OptionError, match="is a file; give a folder"):
        go_on(tmp_path / "note.txt")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "search.json").write_text(json.dumps({"kind": "x", "schema": 1, "search": {}}))
    with pytest.raises(FileFormatError, match="is 'x' of schema 1"):
        go_on(tmp_path / "run")
    assert (tmp_path / "note.txt").read_text() == "mine"


def flip(body: bytes, at: int) -> bytes:
    return body[:at] + bytes([body[at] ^ 4]) + body[at + 1 :]


DAMAGE = {
    "gone": None,
    "empty": lambda body: b"",
    "short": lambda body: body[: len(body) // 2],
    "head": lambda body: flip(body, 40),
    "middle": lambda body: flip(body, len(body) // 2),
    "end": lambda body: flip(body, len(body) - 1),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_seen(damage, tmp_path, small, whole):
    broken(tmp_path / "run", WRITES - 2)
    names = [p.name for p in (tmp_path / "run").iterdir() if not p.name.startswith(".")]
    few = {"search.json", "rows.f32", "centres.safetensors", "cells.safetensors", "probes.safetensors"}
    assert few | {"rows.safetensors", "found-000000.safetensors"} <= set(names)
    for name in sorted({*few, "rows.safetensors", "found-000002.safetensors"}):
        folder = tmp_path / name
        shutil.copytree(tmp_path / "run", folder)
        path = folder / name
        if (change := DAMAGE[damage]) is None:
            path.unlink()
        else:
            path.write_bytes(change(path.read_bytes()))
        try:
            same_bits(go_on(folder), whole)
        except (FileFormatError, OptionError):
            assert name == "search.json"


def test_a_damaged_graph_is_refused(tmp_path, small):
    go_on(tmp_path / "run")
    path = tmp_path / "run" / "graph.safetensors"
    path.write_bytes(flip(path.read_bytes(), path.stat().st_size - 5))
    with pytest.raises(FileFormatError, match="damaged"):
        go_on(tmp_path / "run")


def test_a_full_disk(tmp_path, small, whole):
    used = SimpleNamespace(free=1000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_scratch.shutil, "disk_usage", lambda folder: used)
        with pytest.raises(
            OSError, match=r"cannot be written .*are needed, .* are free.*; free space, or name"
        ):
            go_on(tmp_path / "run")
    with pytest.MonkeyPatch.context() as patch:
        written, pwrite = [], os.pwrite

        def full(*args):
            written.append(1)
            if len(written) > 40:
                raise OSError(errno.ENOSPC, "No space left on device")
            return pwrite(*args)

        patch.setattr(os, "pwrite", full)
        with pytest.raises(
            OSError, match="No space left on device.*; what is finished there is kept"
        ) as told:
            go_on(tmp_path / "run")
        assert told.value.errno == errno.ENOSPC
    small.setattr(stored, "find_centres", None)
    same_bits(go_on(tmp_path / "run"), whole)


def test_rows_that_cannot_be_read_are_no_fault_of_the_folder(tmp_path, small):
    class Torn(Shelf):
        def pieces(self, rows=16384, view=0):
            yield from super().pieces(rows, view) if not self.streamed else iter(self.fail, None)

        def fail(self):
            raise InputError("the disk is gone")

    with pytest.raises(InputError, match="the disk is gone"):
        NeighborGraph.of(Torn(ROWS), checkpoint=tmp_path / "run", **OPTIONS)
