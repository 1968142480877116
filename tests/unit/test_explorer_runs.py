"""Real runs in real workers: live, paused, stepped, stopped, killed, found again and gone on with."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest
from exploring import Served, receive, served, wait_for

from iconlearn.explorer.recorded import recording_of
from iconlearn.explorer.runs import Runs
from iconlearn.recording.packets import read_packets

ROWS = np.random.default_rng(0).normal(size=(60, 4)) + 3 * np.eye(3, 4)[np.repeat([0, 1, 2], 20)]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    lines = [",".join(f"{x:.5f}" for x in row) + f",kind {k // 20}" for k, row in enumerate(ROWS)]
    (folder / "few.csv").write_text("a,b,c,d,kind\n" + "\n".join(lines))
    (folder / "bare.csv").write_text("a,b,c,d\n" + "\n".join(line.rpartition(",")[0] for line in lines))
    with served(folder) as server:
        server.library.add(folder / "few.csv", "kind")
        server.library.add(folder / "bare.csv")
        yield server


def start(server: Served, method="t-sne", data="few", max_iter=40, **parameters) -> str:
    parameters = {"perplexity": 5.0, **parameters} if method == "t-sne" else parameters
    wanted = {"method": method, "data": data, "parameters": parameters, "options": {"max_iter": max_iter}}
    answer = server.client.post("api/runs", json=wanted)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def say(page, **words):
    page.send(json.dumps(words))


def state_of(page, wanted):
    """Read until the run is in a state; the packets on the way."""
    found = []
    while True:
        found += receive(page, "state", timeout=60, ack=False)
        if found[-1].fields["state"] == wanted:
            return found


def test_runs_of_one_method_are_told_apart_by_what_was_chosen(here):
    ids = [start(here, max_iter=3), start(here, max_iter=3, perplexity=4)]
    entries = {entry["id"]: entry for entry in here.client.get("api/runs").json()}
    chosen = [entries[id]["chosen"] for id in ids]
    assert chosen == [{"perplexity": 5.0, "max_iter": 3}, {"perplexity": 4.0, "max_iter": 3}]
    assert len({id.rpartition("-")[2] for id in ids}) == 2
    wait_for(here, ids[1], "finished")
    again = Runs(here.runs.folder).runs[ids[1]]
    assert again.summary()["chosen"] == chosen[1]
    assert (again.head() or {})["chosen"] == chosen[1]


def test_choices_of_a_recording_from_anywhere_are_told_in_short(tmp_path):
    told = {"a" * 99: "b" * 99, "large": 10**400, "none": None, "list": [[0] * 99], "nan": float("nan")}
    path = tmp_path / "runs"
    path.mkdir()
    stated = {"schema": 1, "source": "x", "method": "t-sne", "title": "t-SNE", "data": "few"}
    for name, chosen in (("a", told), ("b", ["no", "mapping"]), ("c", dict.fromkeys(map(str, range(99)), 1))):
        (path / f"{name}.json").write_text(json.dumps({**stated, "chosen": chosen}))
    runs = Runs(path).runs
    short = runs["a"].summary()["chosen"]
    assert json.loads(json.dumps(short, allow_nan=False)) == short
    assert len(short) == 5
    assert all(len(name) <= 40 and len(str(value)) <= 40 for name, value in short.items())
    assert runs["b"].summary()["chosen"] == {}
    assert len(runs["c"].summary()["chosen"]) == 12


def test_a_run_is_seen_live_paused_stepped_and_kept(here, tmp_path):
    id = start(here, max_iter=100_000)
    with here.stream(id) as page:
        seen = state_of(page, "running")
        say(page, do="pause")
        seen += state_of(page, "paused")
        assert [p.kind for p in seen if p.kind not in ("state", "frame", "moment", "losses", "watched")] == [
            "run",
            "points",
        ]
        paused_at = seen[-1].fields["step"]
        assert wait_for(here, id, "paused")["step"] == paused_at
        say(page, watch=[7, 3])  # answered while it is paused
        frame = next(p for p in receive(page, "frame", ack=False) if p.kind == "frame" and len(p.arrays) > 1)
        assert len(frame.arrays["selected"]) == 2
        np.testing.assert_allclose(frame.arrays["q"].sum(1), 1, atol=1e-5)
        say(page, do="step", steps=3)
        stepped = state_of(page, "paused")[-1]
        assert stepped.fields["step"] == paused_at + 3
        say(page, do="resume")
        state_of(page, "running")
    with here.stream(id) as page:  # closing the page kills nothing, and opening it again finds all
        seen = state_of(page, "running")
        assert [p.kind for p in seen[:2]] == ["run", "points"]
        assert any(p.kind == "moment" for p in seen)
        say(page, do="stop")
        seen += state_of(page, "stopped")
    assert "stopped" in wait_for(here, id, "stopped")["message"]
    folder = here.runs.folder / id
    record = json.loads((folder / "run.json").read_text())
    assert record["interrupted"]
    assert (folder / "embedding.npy").is_file()
    sent = b"".join(here.client.get(f"api/runs/{id}/recording").iter_bytes())
    assert sent == (folder / "recording.icon").read_bytes()
    kinds = [packet.kind for packet in read_packets(folder / "recording.icon")]
    assert (kinds[0], kinds[-1]) == ("run", "end")
    (tmp_path / "p.parquet").write_bytes(here.client.get(f"api/runs/{id}/points.parquet").content)
    table = pq.read_table(tmp_path / "p.parquet")
    assert table.column_names[:4] == ["row", "x", "y", "label"]
    assert set(table["label"].to_pylist()) == {"kind 0", "kind 1", "kind 2"}
    assert table["divergence"].null_count == 0
    page = here.client.get(f"api/runs/{id}/export.html")
    assert page.headers["content-type"].startswith("text/html")
    assert 'id="recording"' in page.text


@pytest.mark.slow
def test_a_worker_that_is_killed_leaves_all_that_it_recorded_and_the_run_goes_on(here):
    id = start(here, max_iter=100_000)
    run = here.runs.runs[id]
    with here.stream(id) as page:
        seen = state_of(page, "running")
        while sum(p.kind == "moment" for p in seen) < 5:
            seen += receive(page, "moment", timeout=60, ack=False)
        os.kill(run.worker.process.pid, signal.SIGHUP)  # the terminal is closed: that ends no worker
        while sum(p.kind == "moment" for p in seen) < 8:
            seen += receive(page, "moment", timeout=60, ack=False)
        os.kill(run.worker.process.pid, signal.SIGKILL)
        cut = state_of(page, "cut")[-1]
    assert "SIGKILL" in cut.fields["message"]
    assert "can be gone on with" in cut.fields["message"]
    entry = wait_for(here, id, "cut")
    assert entry["recorded"]
    assert entry["continues"]
    kept = list(read_packets(run.partial / "recording.icon"))
    assert sum(packet.kind == "moment" for packet in kept) >= 5
    assert here.client.post(f"api/runs/{id}/continue").json() == {"id": id}
    assert here.client.post(f"api/runs/{id}/continue").status_code == 409
    wait_for(here, id, "running")
    with here.stream(id) as page:
        state_of(page, "running")
        say(page, do="stop")
        state_of(page, "stopped")
    kinds = [packet.kind for packet in read_packets(run.out / "recording.icon")]
    assert kinds.count("run") == kinds.count("end") == 1


@pytest.mark.slow
def test_a_stopped_run_goes_on_from_where_it_was(here):
    id = start(here, max_iter=150)
    with here.stream(id) as page:
        state_of(page, "running")
        say(page, do="pause")
        step = state_of(page, "paused")[-1].fields["step"]
        say(page, do="stop")
        state_of(page, "stopped")
    before = [
        p.fields["step"] for p in read_packets(here.runs.folder / id / "recording.icon") if p.kind == "moment"
    ]
    assert here.client.post(f"api/runs/{id}/continue").status_code == 200
    assert wait_for(here, id, "finished")["step"] == 150
    packets = list(read_packets(here.runs.folder / id / "recording.icon"))
    steps = [p.fields["step"] for p in packets if p.kind == "moment"]
    assert steps == sorted(steps)
    assert {s for s in before if s <= step} <= {*steps, before[-1]}  # nothing recorded is lost
    losses = sum(len(p.arrays["loss"]) for p in packets if p.kind == "losses")
    assert losses == 150
    assert "finished" in here.client.post(f"api/runs/{id}/continue").json()["error"]


@pytest.mark.slow
def test_a_run_that_was_stopped_gone_on_with_and_killed_is_shown_as_far_as_it_came(here):
    id = start(here, max_iter=100_000)
    run = here.runs.runs[id]
    with here.stream(id) as page:
        state_of(page, "running")
        say(page, do="stop")
        state_of(page, "stopped")
    stopped = wait_for(here, id, "stopped")["step"]
    assert here.client.post(f"api/runs/{id}/continue").status_code == 200
    wait_for(here, id, "running")
    with here.stream(id) as page:
        while receive(page, "moment", timeout=60, ack=False)[-1].fields["step"] <= stopped:
            pass
        os.kill(run.worker.process.pid, signal.SIGKILL)
        state_of(page, "cut")
    assert json.loads((run.out / "run.json").read_text())["interrupted"]  # the results of before are there
    for found in (run, Runs(here.runs.folder).runs[id]):  # by this server, and by the next
        assert found.state == "cut"
        assert found.step > stopped
        assert found.tape.path == run.partial / "recording.icon"
        assert found.summary()["continues"]
    with recording_of(run.out) as recording:
        assert recording == run.partial / "recording.icon"


def test_at_most_two_runs_are_at_work_and_one_that_waits_can_be_stopped(here):
    ids = [start(here, max_iter=100_000) for _ in range(4)]
    states = [here.runs.runs[id].state for id in ids]
    assert states[2:] == ["waiting", "waiting"]
    with here.stream(ids[3]) as page:
        state_of(page, "waiting")
        say(page, do="stop")
        state_of(page, "stopped")
    assert not (here.runs.folder / ids[3]).exists()
    for id in ids[:3]:
        wait_for(here, id, "starting", "running")
        with here.stream(id) as page:
            say(page, do="stop")  # even before its first step
            state_of(page, "stopped")
    assert here.runs.at_work == []


@pytest.mark.parametrize(
    ("wanted", "field", "words"),
    [
        ({"method": "no-such"}, "method", "no-such"),
        ({"data": "nothing"}, "data", "choose one of the list"),
        ({"parameters": {"perplexity": -1}}, "perplexity", "perplexity"),
        ({"parameters": {"perplexity": "many"}}, "perplexity", "perplexity"),
        ({"parameters": {"perplexty": 5}}, "perplexty", "perplexity"),
        ({"options": {"max_iter": 0}}, "max_iter", "max_iter"),
        ({"options": {"overwrite": True}}, "overwrite", "overwrite"),
        ({"options": {"callbacks": []}}, "callbacks", "callbacks"),
        ({"data": "digits-graph"}, None, "graph"),
        ({"method": "clip"}, None, "modalities"),
        ({"method": "spectral-clustering"}, None, "graph"),
        ({"method": "supcon", "data": "bare", "parameters": {}}, None, "label"),
    ],
)
def test_what_cannot_be_run_is_refused_in_words(here, wanted, field, words):
    usual = {"method": "t-sne", "data": "few", "parameters": {}, "options": {}}
    known = set(here.runs.runs)
    answer = here.client.post("api/runs", json={**usual, **wanted})
    assert answer.status_code == 400
    told = answer.json()
    assert words in told["error"]
    assert "\n" not in told["error"]
    if field is not None:
        assert told["field"] == field
    assert set(here.runs.runs) == known


def test_a_run_that_fails_says_why_and_can_be_tried_again(here, tmp_path):
    (tmp_path / "brief.csv").write_text("a,b,c\n" + "1,2,3\n4,5,7\n" * 20)
    entry = here.library.add(tmp_path / "brief.csv")
    here.library.dataset(entry.id)  # the server has read it, but the worker will not find it
    (tmp_path / "brief.csv").unlink()
    entry = wait_for(here, start(here, data=entry.id), "failed")
    assert "brief.csv: does not exist" in entry["message"]
    assert entry["continues"]
    assert not entry["recorded"]


PLUGIN = """
from iconlearn import register, Gaussian, StudentT
from iconlearn.recipes import Recipe, embedding
from iconlearn.run import job

job.draw = lambda *of_the_run: None  # in a worker: pictures take longer than the run

@register("my-map", target="Gaussian", learned="Student-t")
def my_map(sigma: float = 1.0):
    return Recipe(Gaussian(sigma), StudentT(), embedding(2))
"""


class Command:
    """`iconlearn explore` as a user starts it."""

    def __init__(self, folder: Path, *given: str) -> None:
        (folder / "plugin.py").write_text(PLUGIN)
        command = [
            sys.executable,
            "-m",
            "iconlearn",
            "--load",
            "plugin.py",
            "explore",
            "--no-browser",
            *given,
        ]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", self.address), self.process.communicate()
        origin = self.address.rsplit("/", 2)[0]
        self.client = httpx.Client(base_url=self.address, headers={"origin": origin}, timeout=30)

    def end(self, number: int) -> SimpleNamespace:
        self.client.close()
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return SimpleNamespace(code=self.process.returncode, out=out, err=err)


@pytest.mark.slow
def test_the_server_is_killed_and_started_again(tmp_path):
    np.save(tmp_path / "few.npy", ROWS)
    first = Command(tmp_path, "few.npy")
    wanted = {"method": "my-map", "data": "few", "parameters": {}, "options": {"max_iter": 300_000}}
    answer = first.client.post("api/runs", json=wanted)
    assert answer.status_code == 201, answer.text
    id = answer.json()["id"]
    out = tmp_path / "explored" / id
    server = SimpleNamespace(client=first.client)
    wait_for(server, id, "running")
    first.end(signal.SIGKILL)
    end = time.monotonic() + 60
    while not (out / "run.json").exists():  # its worker notices, and stops as by Ctrl-C
        assert time.monotonic() < end
        time.sleep(0.1)
    assert json.loads((out / "run.json").read_text())["interrupted"]
    assert (tmp_path / "explored" / f"{id}.partial" / "checkpoint.safetensors").is_file()

    again = Command(tmp_path)
    server = SimpleNamespace(client=again.client)
    entry = wait_for(server, id, "stopped", "cut")  # the process of before may just be leaving
    assert entry["method"] == "my-map"
    assert entry["recorded"]
    assert again.client.post(f"api/runs/{id}/continue").status_code == 200
    wait_for(server, id, "running")
    left = again.end(signal.SIGINT)
    assert left.code == 0, left.err
    assert "explored" in left.err
    assert "Traceback" not in left.err
    assert json.loads((out / "run.json").read_text())["interrupted"]
    assert [p.kind for p in read_packets(out / "recording.icon")][-1] == "end"
