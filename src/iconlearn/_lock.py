"""One process at a time in a folder that is written to for long."""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from weakref import WeakSet

from iconlearn._errors import BusyError

try:
    import fcntl
except ImportError:  # Windows: folders are not locked there
    fcntl = None  # type: ignore[assignment]

NAME = ".lock"
MOMENT = 0.02  # seconds; nobody looks for as long
READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)

log = logging.getLogger("iconlearn")


class Lock:
    """The right to write in a folder, taken at once and held until `release`, or the end of the process.

    It is the system's lock (``flock``) on a file in the folder, so a process that is killed leaves none behind; the
    file is removed with the lock. Where the system has no such locks, and in a folder that is only read, nothing is
    locked.

    Parameters
    ----------
    folder : Path
        Made if it is not there.

    Raises
    ------
    BusyError
        If another process, or another part of this one, has it.
    OSError
        If the folder cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     lock = Lock(Path(folder))
    ...     try:
    ...         Lock(Path(folder))
    ...     except BusyError:
    ...         print("busy")
    ...     lock.release()
    ...     os.listdir(folder)
    busy
    []
    """

    def __init__(self, folder: Path) -> None:
        self.path, self._file = folder / NAME, -1
        while self._file < 0:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            except FileNotFoundError:  # its last holder has just removed the folder
                continue
            except OSError as cause:
                if cause.errno in READ_ONLY:  # whoever cannot write here spoils nothing
                    return
                raise
            try:
                self._take(file)
            finally:
                if self._file < 0:
                    os.close(file)
        HELD.add(self)

    def _take(self, file: int) -> None:
        """Hold this file, unless its last holder has just removed it."""
        try:
            if fcntl is not None:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:  # perhaps by one who only looks, in `is_held`
                    time.sleep(MOMENT)
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            raise BusyError(
                f"{self.path.parent}: another process works in this folder; wait for it, or give another one"
            ) from cause
        except OSError as cause:  # a file system without locks
            log.warning("%s: cannot be locked (%s); let one process at a time work there", self.path, cause)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file), os.stat(self.path)):
                self._file = file

    def release(self) -> None:
        """Let others in; the second time nothing happens."""
        if self._file >= 0:
            with suppress(OSError):  # a folder that is gone, or a system that keeps open files
                self.path.unlink()
            self._close()

    def _close(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def __del__(self) -> None:
        self.release()


HELD: WeakSet[Lock] = WeakSet()


def forget() -> None:
    """In a child of a fork: the locks are the parent's, and must not outlive it there."""
    for lock in list(HELD):
        lock._close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)


def at_work(folder: Path) -> bool:
    """Is a process at work in the folder, or was one killed there?"""
    return (folder / NAME).exists()


def is_held(folder: Path) -> bool:
    """Does a process hold the lock now? Looking takes nothing and leaves what is there; without locks nobody does."""
    try:
        file = os.open(folder / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if fcntl is not None:
            fcntl.flock(
                file, fcntl.LOCK_SH | fcntl.LOCK_NB
            )  # shared: those who only look do not see each other
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """A `Lock` for a while."""
    lock = Lock(folder)
    try:
        yield
    finally:
        lock.release()
