"""One run for many pages: all of the recording for each, frames only for those that keep up, bounded memory."""

from __future__ import annotations

import asyncio
import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
from exploring import record

from iconlearn._errors import OptionError
from iconlearn._lock import locked
from iconlearn.explorer import hub
from iconlearn.explorer.hub import FRAMES_AHEAD, WINDOW, Page
from iconlearn.explorer.process import Worker
from iconlearn.explorer.run import Run
from iconlearn.explorer.runs import Runs
from iconlearn.explorer.tape import Tape
from iconlearn.recording.packets import Packet, PacketFile, decode, encode


class Socket:
    """A page's end: what it was sent, and what it says."""

    def __init__(self):
        self.got, self.said, self.closed = [], asyncio.Queue(), None

    async def accept(self):
        pass

    async def send_bytes(self, body):
        self.got.append(decode(body))

    async def receive(self):
        text = await self.said.get()
        return {"type": "websocket.receive" if text is not None else "websocket.disconnect", "text": text}

    async def close(self, code, reason=""):
        self.closed = code
        await self.said.put(None)

    def of(self, kind):
        return [packet for packet in self.got if packet.kind == kind]


def live(tmp_path, steps=0):
    """A run with a recording of some moments, as if a worker were at it."""
    path = record(tmp_path / "run", steps, end=None)
    run = Run("run", tmp_path / "run")
    run.tape = Tape(path)
    run.tape.grow()
    run.state = "running"
    return run, PacketFile(path)


def moment(step, size=2):
    return Packet("moment", {"step": step}, {"positions": np.zeros((size, 2), np.float32)})


def frame(step, size=2):
    return encode(Packet("frame", {"step": step}, {"positions": np.zeros((size, 2), np.float32)}))


async def settled(condition):
    """Wait until the tasks have done what they can."""
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("nothing came of it")


def test_twenty_pages_miss_no_moment_and_slow_ones_skip_frames(tmp_path):
    async def scene():
        run, file = live(tmp_path)
        runs = Runs(tmp_path / "runs")
        sockets = [Socket() for _ in range(20)]
        pages = [Page(socket, run, runs) for socket in sockets]
        tasks = [asyncio.ensure_future(page.serve()) for page in pages]
        await settled(lambda: len(run.pages) == 20)
        for step in range(200):
            if step % 10 == 0:
                file.append(moment(step))
                run.hear("grown", None)
            run.hear("frame", frame(step))
            run.hear("at", {"state": "running", "step": step, "total": 200, "message": ""})
            for page in pages[:10]:  # the others never acknowledge
                page.obey(json.dumps({"ack": page.sent}))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await settled(lambda: all(len(socket.of("moment")) == 20 for socket in sockets))
        for socket in sockets:
            assert [p.fields["step"] for p in socket.of("moment")] == list(range(0, 200, 10))
            assert [p.kind for p in socket.got[:3]] == ["run", "points", "watched"]
            assert socket.of("state")[-1].fields["step"] == 199
            steps = [p.fields["step"] for p in socket.of("frame")]
            assert steps == sorted(set(steps))
        assert all(len(socket.of("frame")) > 20 for socket in sockets[:10])
        assert all(len(socket.of("frame")) == FRAMES_AHEAD for socket in sockets[10:])
        assert all(
            page.skipped + len(socket.of("frame")) <= 200 for page, socket in zip(pages, sockets, strict=True)
        )
        slow = pages[15]
        slow.obey(json.dumps({"ack": slow.sent}))  # at last: it gets the newest frame, and none between
        await settled(lambda: sockets[15].of("frame")[-1].fields["step"] == 199)
        assert slow.skipped >= 190
        for socket in sockets:
            await socket.said.put(None)
        await asyncio.gather(*tasks)
        assert run.pages == []

    asyncio.run(scene())


def test_a_page_that_never_acknowledges_is_sent_a_window_and_costs_no_memory(tmp_path):
    async def scene():
        run, file = live(tmp_path)
        big = 1 << 17  # a mebibyte of positions
        for step in range(20):
            file.append(moment(step, big))
        run.hear("grown", None)
        socket = Socket()
        page = Page(socket, run, Runs(tmp_path / "runs"))
        task = asyncio.ensure_future(page.serve())
        await settled(lambda: page.sent > WINDOW - 2 * (1 << 20))
        await settled(lambda: len(socket.of("moment")) == 7 and not page.news.is_set())
        page.news.set()  # woken, it sends no more
        await settled(lambda: not page.news.is_set())
        assert await page.next_message() == b""
        assert page.sent <= WINDOW
        assert len(socket.of("moment")) < 8
        held = [value for value in vars(page).values() if isinstance(value, (bytes, list)) and value]
        assert held == []  # what it is behind with lies in the file
        while len(socket.of("moment")) < 20:
            seen = page.sent
            page.obey(json.dumps({"ack": seen}))
            await settled(lambda seen=seen: page.sent > seen)
        assert [p.fields["step"] for p in socket.of("moment")] == list(range(20))
        await socket.said.put(None)
        await task

    asyncio.run(scene())


def test_one_packet_longer_than_the_window_is_sent_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "WINDOW", 1000)

    async def scene():
        run, file = live(tmp_path)
        file.append(moment(0, 5000))
        run.hear("grown", None)
        socket = Socket()
        page = Page(socket, run, Runs(tmp_path / "runs"))
        task = asyncio.ensure_future(page.serve())
        while not socket.of("moment"):
            page.obey(json.dumps({"ack": page.sent}))
            await asyncio.sleep(0.001)
        await socket.said.put(None)
        await task

    asyncio.run(scene())


def test_a_recording_that_begins_anew_sends_its_pages_away(tmp_path):
    async def scene():
        run, _ = live(tmp_path, steps=2)
        socket = Socket()
        task = asyncio.ensure_future(Page(socket, run, Runs(tmp_path / "runs")).serve())
        await settled(lambda: len(socket.of("moment")) == 2)
        run.tape.forget()
        run.notify()
        await task
        assert socket.closed == 1012  # they come back, and begin anew too

    asyncio.run(scene())


def test_a_late_page_gets_everything_from_the_first_packet_on(tmp_path):
    async def scene():
        run, file = live(tmp_path, steps=3)
        socket = Socket()
        task = asyncio.ensure_future(Page(socket, run, Runs(tmp_path / "runs")).serve())
        await settled(lambda: socket.of("state"))
        assert [p.kind for p in socket.got] == [
            "run",
            "points",
            "watched",
            "moment",
            "moment",
            "moment",
            "state",
        ]
        file.append(moment(3))
        run.hear("grown", None)
        await settled(lambda: len(socket.of("moment")) == 4)
        await socket.said.put(None)
        await task

    asyncio.run(scene())


def test_points_of_all_pages_are_watched_those_chosen_last_first(tmp_path):
    class Told:
        def __init__(self):
            self.line, self.words = self, []

        def tell(self, subject, message):
            self.words.append((subject, message))

    async def scene():
        run, _ = live(tmp_path, steps=1)
        run.worker = Told()
        pages = [Page(Socket(), run, Runs(tmp_path / "runs")) for _ in range(3)]
        run.pages = list(pages)
        pages[0].obey('{"watch": [0, 1]}')
        pages[1].obey('{"watch": [3]}')
        pages[0].obey('{"watch": [2]}')
        assert run.worker.words[-1] == ("watch", [2, 3])
        with pytest.raises(OptionError, match="from 0 to 4"):
            pages[2].obey('{"watch": [5]}')
        pages[2].obey('{"do": "step", "steps": 7}')
        assert run.worker.words[-1] == ("do", {"do": "step", "steps": 7})

    asyncio.run(scene())


def test_a_run_of_another_process_is_followed_and_found_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "LOOK", 0.001)

    async def scene():
        file = PacketFile(record(tmp_path / "run.partial", 1, end=None))
        runs = Runs(tmp_path / "runs")
        with locked(tmp_path / "run.partial"):
            run = runs.add(tmp_path / "run")
            assert run.state == "running"
            with pytest.raises(OptionError, match="at work already"):
                runs.go_on(run)
            file.append(moment(1))
            socket = Socket()
            task = asyncio.ensure_future(hub.attend(socket, run, runs))
            await settled(lambda: len(socket.of("moment")) == 2)
            file.append(moment(2))
            await settled(lambda: len(socket.of("moment")) == 3)
            assert run.step == 2
        await settled(lambda: socket.of("state")[-1].fields["state"] == "cut")
        assert socket.closed is None
        await socket.said.put(None)
        await task
        with pytest.raises(OptionError, match="not started here"):  # and no longer at work
            runs.go_on(run)

    asyncio.run(scene())


class Process:
    """A worker's process that does not end by itself."""

    def __init__(self):
        self.exitcode, self.killed = None, 0

    def join(self, timeout):
        self.exitcode = -9 if self.killed else None

    def kill(self):
        self.killed += 1


def test_a_worker_that_has_hung_up_and_lives_on_is_ended():
    worker = object.__new__(Worker)
    worker.process, heard = Process(), []
    worker.hear = lambda *word: heard.append(word)
    worker._hear("gone", None)
    assert worker.process.killed == 1
    assert heard == [("gone", -9)]


def test_a_worker_that_wrote_results_and_ended_without_a_word_is_finished(tmp_path):
    class Silent:
        line = SimpleNamespace(tell=lambda subject, message: None)

    runs = Runs(tmp_path / "runs")
    record(tmp_path / "run", 3, end="stopped")
    (tmp_path / "run" / "run.json").write_text('{"interrupted": true}')
    os.utime(tmp_path / "run" / "run.json", (1, 1))
    run = runs.add(tmp_path / "run")
    run.begin(Silent())
    runs._heard(run, "gone", -9)  # the results are those of before
    assert (run.state, run.worker) == ("cut", None)
    run.begin(Silent())
    record(tmp_path / "new", 5)
    os.replace(tmp_path / "new" / "recording.icon", tmp_path / "run" / "recording.icon")
    (tmp_path / "run" / "run.json").write_text("{}")
    runs._heard(run, "gone", -9)
    assert (run.state, run.step) == ("finished", 5)


def test_runs_that_wait_when_the_server_ends_were_never_begun(tmp_path):
    async def scene():
        runs = Runs(tmp_path / "runs")
        runs.closing = True  # so that none is launched
        run = runs.start({}, "digits", None, {"method": "m", "title": "t", "data": "d"})
        assert run.state == "waiting"
        await runs.close(lambda words: None)
        again = Runs(tmp_path / "runs").runs[run.id]
        for found in (run, again):
            assert found.state == "stopped"
            assert "before it was begun" in found.message
            assert found.summary()["continues"]

    asyncio.run(scene())


def test_a_tape_grows_by_whole_packets_and_says_what_is_wrong(tmp_path):
    whole = encode(moment(0)) + encode(moment(1))
    path = tmp_path / "recording.icon"
    tape = Tape(path)
    assert not tape.grow()
    path.write_bytes(whole[:-5])
    assert tape.grow()
    assert len(tape) == 1
    assert "cut" in tape.flaw
    path.write_bytes(whole)
    assert tape.grow()
    assert (len(tape), tape.flaw) == (2, "")
    assert [tape.packet(k).fields["step"] for k in range(2)] == [0, 1]
    assert tape.end == len(whole)
    path.write_bytes(whole + b"no packet at all")
    assert not tape.grow()
    assert "begins with" in tape.flaw
    path.write_bytes(whole[:100])
    assert tape.read(1) == b""
    tape.again(path)
    assert tape.generation == 1


def test_a_tape_of_a_hostile_file_allocates_nothing(tmp_path):
    path = tmp_path / "recording.icon"
    path.write_bytes(b"ICON" + b"\xff" * 8 + b"x" * 100)
    tape = Tape(path)
    tape.grow()
    assert len(tape) == 0
    assert tape.flaw


def test_a_page_that_cannot_be_sent_its_run_is_sent_away(tmp_path, caplog):
    async def scene():
        run, _ = live(tmp_path, steps=1)
        run.tape.read = lambda number: 1 // 0
        socket = Socket()
        await Page(socket, run, Runs(tmp_path / "runs")).serve()  # and it does not wait for ever
        assert socket.closed == 1011
        assert run.pages == []

    asyncio.run(scene())
    assert "ZeroDivisionError" in caplog.text
