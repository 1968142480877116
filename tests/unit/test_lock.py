"""_lock: one holder at a time, across processes, kills and forks; and where nothing can be locked."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys

import pytest

from iconlearn import OptionError, _lock
from iconlearn._lock import BusyError, Lock, at_work, is_held, locked

HOLDS = """
import sys, time
from pathlib import Path
from iconlearn._lock import Lock

lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_one_at_a_time_and_again_afterwards(tmp_path):
    folder = tmp_path / "a" / "b"
    with locked(folder):
        assert at_work(folder)
        with pytest.raises(
            BusyError, match="another process works in this folder; wait for it, or give another"
        ):
            Lock(folder)
        with locked(tmp_path):  # another folder
            pass
    assert not at_work(folder)
    lock = Lock(folder)
    lock.release()
    lock.release()
    assert os.listdir(folder) == []
    assert issubclass(BusyError, OptionError)


def test_whoever_looks_takes_nothing(tmp_path, monkeypatch):
    assert not is_held(tmp_path / "nowhere")
    with locked(tmp_path):
        assert is_held(tmp_path)
        assert is_held(tmp_path)
        with pytest.raises(BusyError):
            Lock(tmp_path)
    assert not is_held(tmp_path)
    assert os.listdir(tmp_path) == []
    if _lock.fcntl is None:
        return
    (tmp_path / ".lock").touch()
    with open(tmp_path / ".lock") as looking:  # another looks at this very moment, and is done in the next
        _lock.fcntl.flock(looking, _lock.fcntl.LOCK_SH)
        assert not is_held(tmp_path)
        monkeypatch.setattr(
            _lock.time, "sleep", lambda seconds: _lock.fcntl.flock(looking, _lock.fcntl.LOCK_UN)
        )
        Lock(tmp_path).release()


def test_what_is_forgotten_is_let_go(tmp_path):
    lock = Lock(tmp_path)
    del lock
    Lock(tmp_path).release()


def test_a_process_that_is_killed_leaves_no_lock(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(BusyError):
            Lock(tmp_path)
        other.send_signal(signal.SIGKILL)
    assert at_work(tmp_path)  # the file, but nobody holds it
    assert not is_held(tmp_path)
    assert at_work(tmp_path)  # and whoever looks leaves it
    Lock(tmp_path).release()
    assert not at_work(tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_fork_neither_holds_the_lock_nor_lets_it_go(tmp_path):
    ready, tell = os.pipe()
    lock = Lock(tmp_path)
    if not (child := os.fork()):
        signal.alarm(30)
        lock.release()
        os.write(tell, b".")
        signal.pause()  # lives on
    try:
        assert os.read(ready, 1) == b"."
        with pytest.raises(BusyError):
            Lock(tmp_path)
        lock._close()  # as if this process had been killed
        Lock(tmp_path).release()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_lock_whose_file_was_removed_meanwhile_is_taken_anew(tmp_path, monkeypatch):
    flock, opened = _lock.fcntl.flock, []

    def raced(file, how):
        if not opened:  # its last holder lets go between the opening and the taking
            (tmp_path / ".lock").unlink()
        opened.append(file)
        flock(file, how)

    monkeypatch.setattr(_lock.fcntl, "flock", raced)
    with locked(tmp_path):
        assert len(opened) == 2
        with pytest.raises(BusyError):
            Lock(tmp_path)


def test_where_nothing_can_be_locked_work_goes_on(tmp_path, monkeypatch, caplog):
    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(_lock.fcntl, "flock", none)
    with locked(tmp_path), caplog.at_level("WARNING", "iconlearn"):
        assert "cannot be locked" in caplog.text
    assert not at_work(tmp_path)
    monkeypatch.setattr(
        _lock.os, "open", lambda *_: (_ for _ in ()).throw(PermissionError(errno.EACCES, "no"))
    )
    with locked(tmp_path):  # a folder that is only read
        assert not at_work(tmp_path)
