"""Lines between a server and its workers: nobody waits, the newest word counts, and damage ends nothing."""

from __future__ import annotations

import threading
from multiprocessing import Pipe

import pytest

from iconlearn.explorer.line import Line
from iconlearn.explorer.process import both
from iconlearn.explorer.worker import Control
from iconlearn.train.events import Event


def test_who_speaks_never_waits_and_the_newest_word_counts():
    here, there = Pipe()
    line = Line(here, lambda *word: None).open()
    big = bytes(1 << 20)
    for k in range(500):  # nobody reads: a pipe holds less than one of these
        line.tell("frame", big)
        line.tell("at", {"step": k})
        assert len(line.waiting) <= 2
    heard = []
    done = threading.Event()

    def hear(*word):
        heard.append(word)
        if word == ("at", {"step": 499}):
            done.set()

    other = Line(there, hear).open()
    assert done.wait(10)
    steps = [message["step"] for subject, message in heard if subject == "at"]
    assert len(steps) <= 3
    assert sum(subject == "frame" for subject, _ in heard) <= 4
    line.close()
    other.close()


def test_commands_that_wait_to_be_sent_add_up():
    here, there = Pipe()
    line = Line(here, lambda *word: None, {"do": both})
    said = [("step", 5), ("step", 5)], [("pause", 1), ("step", 2)], [("step", 2), ("resume", 1)]
    for words, whole in zip(said, (("step", 10), ("step", 2), ("resume", 1)), strict=True):
        for do, steps in words:  # before anything is sent
            line.tell("do", {"do": do, "steps": steps})
        assert line.waiting.pop("do") == {"do": whole[0], "steps": whole[1]}
    line.open()
    there.close()
    line.listener.join(10)
    assert not line.listener.is_alive()


def test_steps_that_are_asked_for_while_others_are_taken_add_up():
    control = Control()
    control.training = True

    def hear(do, steps=1):
        control.hear("do", {"do": do, "steps": steps})
        return control.paused, control.steps

    assert hear("pause") == (True, None)
    assert hear("step", 5) == (False, 5)
    assert hear("step", 5) == (False, 10)
    for k in range(10):
        assert (control.paused, control.steps) == (False, 10 - k)
        if k == 9:  # it would wait for the pages
            control.stopping = True
            with pytest.raises(KeyboardInterrupt):
                control.obey(Event("step", k, 100, 0.0, None))
        else:
            control.obey(Event("step", k, 100, 0.0, None))
    assert (control.paused, control.steps) == (True, None)
    assert hear("step", 3) == (False, 3)
    assert hear("resume") == (False, None)


def test_what_cannot_be_dealt_with_does_not_end_a_line(caplog):
    here, there = Pipe()
    heard, done = [], threading.Event()

    def hear(subject, message):
        heard.append(subject)
        if subject == "bad":
            raise ZeroDivisionError
        if subject == "gone":
            done.set()

    Line(here, hear).open()
    there.send_bytes(b"no JSON")
    there.send_bytes(b"[1]")
    other = Line(there, lambda *word: None).open()
    for subject in ("bad", "good"):
        other.tell(subject, None)
    other.close()
    assert done.wait(10)
    assert heard == ["bad", "good", "gone"]
    assert "ZeroDivisionError" in caplog.text
    assert caplog.text.count("is damaged") == 2


def test_a_connection_is_not_closed_while_it_is_written_to():
    class Busy:
        """Its partner is gone, but a message is on its way to the system."""

        def __init__(self):
            self.writing, self.may_end, self.calls = threading.Event(), threading.Event(), []

        def send_bytes(self, body):
            self.writing.set()
            assert self.may_end.wait(10)
            self.calls.append("sent")

        def poll(self, seconds):
            assert self.writing.wait(10)
            return True

        def recv_bytes(self):
            threading.Timer(0.05, self.may_end.set).start()
            raise EOFError

        def close(self):
            self.calls.append("closed")

    connection, gone = Busy(), threading.Event()
    line = Line(connection, lambda subject, _: gone.set())
    line.tell("at", 1)
    line.open()
    assert gone.wait(10)
    assert connection.calls == ["sent", "closed"]


def test_a_line_says_when_the_partner_is_gone():
    here, there = Pipe()
    gone = threading.Event()
    line = Line(here, lambda subject, _: gone.set() if subject == "gone" else None).open()
    there.close()
    assert gone.wait(10)
    line.tell("at", 1)  # to nobody; nothing is raised
    line.close()
