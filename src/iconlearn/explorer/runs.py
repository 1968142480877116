"""The runs of a server: started, supervised, found again, and gone on with."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from iconlearn._errors import OptionError
from iconlearn._files import write_aside
from iconlearn._lock import is_held
from iconlearn.explorer.job import Job
from iconlearn.explorer.process import Worker, why_cut
from iconlearn.explorer.recorded import record_map
from iconlearn.explorer.run import CUT, FINISHED, GOING, RUNNING, STARTING, STOPPED, WAITING, Run
from iconlearn.run.partial import RECORDING

AT_ONCE = 2  # runs that go on at a time
MOST_WAITING = 50
TICK = 0.1  # seconds between two looks whether the runs have ended
NOT_BEGUN = "stopped before it was begun; there are no results"
REQUEST = 1  # version of the files that say what a run is of


class Runs:
    """All runs of a server, by id; to be used in its event loop.

    Parameters
    ----------
    folder : Path
        Of the runs made here: ``ID`` of a finished one, ``ID.partial`` of an unfinished one, ``ID.json`` what it is
        of. Made with the first run; runs of earlier servers are found in it.
    prepare : callable, optional
        What workers call first.
    """

    def __init__(self, folder: Path, prepare: Callable[[], object] | None = None) -> None:
        self.folder, self.prepare = folder, prepare
        self.runs: dict[str, Run] = {}
        self.waiting: deque[Run] = deque()
        self.closing = False
        self.spare: Worker | None = None
        self.asides: list[Path] = []  # temporary folders
        self.hurry: Callable[[], bool] = lambda: False  # is there no time to wait for results?
        self._find()

    def start(
        self, request: Mapping[str, Any], source: str, labels: str | None, about: Mapping[str, Any]
    ) -> Run:
        """A new run; it waits if enough others are at work.

        Parameters
        ----------
        request : mapping
            What the page asked for, checked.
        source, labels : str
            The data.
        about : mapping
            ``method``, ``title`` and ``data`` in words, and what was ``chosen`` otherwise than the method has it.
        """
        if len(self.waiting) >= MOST_WAITING:
            raise OptionError(f"{MOST_WAITING} runs wait already; stop some, or wait until they are done")
        stated = {"schema": REQUEST, "request": dict(request), "source": source, "labels": labels, **about}
        name = self._reserve(f"{about['method']}-{about['data']}", {**stated, "started": time.time()})
        run = self.runs[name] = Run.stated(name, self.folder / name, {**stated, "started": time.time()})
        self._queue(run)
        return run

    def go_on(self, run: Run) -> None:
        """Go on with a run that was cut or stopped.

        Raises
        ------
        OptionError
            If it cannot be gone on with; says why.
        """
        self.refresh()
        if run.state in (WAITING, *GOING):
            raise OptionError(f"{run.id} is at work already; look at it, or stop it first")
        if run.stated_as is None:
            raise OptionError(
                f"{run.id} was not started here, so its command is not known; give that command again in a terminal, "
                "it goes on by itself"
            )
        if run.state == FINISHED:
            raise OptionError(f"{run.id} is finished; start a new run to take more steps")
        self._queue(run)

    def stop(self, run: Run) -> None:
        """Stop a run: results are written as after Ctrl-C; one that waits is never begun."""
        if run in self.waiting:
            self.waiting.remove(run)
            run.set(STOPPED, NOT_BEGUN)
        elif run.worker is not None and run.state == STARTING:  # there is nothing to write yet
            run.outcome = STOPPED, "stopped before it took a step; what was there before is kept"
            run.worker.process.kill()
        elif run.worker is not None:
            run.worker.line.tell("stop", {"do": "stop"})

    def refresh(self) -> None:
        """Look again at runs that processes of others were at."""
        for run in self.runs.values():
            if run.elsewhere:
                look(run)

    @property
    def at_work(self) -> list[Run]:
        """Runs with a process."""
        return [run for run in self.runs.values() if run.worker is not None]

    async def close(self, tell: Callable[[str], object]) -> None:
        """Stop all runs, and wait until their results are written."""
        self.closing = True
        for run in [*self.waiting, *self.at_work]:
            self.stop(run)
        if self.at_work:
            tell(f"waiting for {len(self.at_work)} run(s) to write results; Ctrl-C again leaves at once")
        while self.at_work and not self.hurry():
            await asyncio.sleep(TICK)

    def kill(self) -> None:
        """End all workers at once; what is unfinished can be gone on with."""
        for aside in self.asides:
            shutil.rmtree(aside, ignore_errors=True)
        for worker in (self.spare, *(run.worker for run in self.at_work)):
            if worker is not None:
                worker.process.kill()

    def _reserve(self, wanted: str, stated: Mapping[str, Any]) -> str:
        """A name that is free in the folder, taken by the file that says what the run is of."""
        slug = re.sub("[^a-z0-9]+", "-", wanted.lower()).strip("-")[:60] or "run"
        self.folder.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            path = self.folder / f"{slug}-{number}.json"
            taken = (self.folder / f"{slug}-{number}").exists() or path.name[:-5] in self.runs
            with suppress(FileExistsError):
                if not taken:
                    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
                    write_aside(path, json.dumps(stated, indent=1).encode())
                    return path.name[:-5]
            number += 1

    def _queue(self, run: Run) -> None:
        run.set(WAITING, "waits until another run has ended")
        self.waiting.append(run)
        self._next()

    def _next(self) -> None:
        while self.waiting and len(self.at_work) < AT_ONCE and not self.closing:
            self._launch(self.waiting.popleft())

    def _launch(self, run: Run) -> None:
        loop, stated = asyncio.get_running_loop(), run.stated_as
        assert stated is not None
        job = Job(
            str(run.out),
            stated["source"],
            stated["labels"],
            stated["data"],
            stated["request"],
            run.out.is_dir(),
        )

        def hear(subject: str, message: Any) -> None:
            with suppress(RuntimeError):  # the server has ended
                loop.call_soon_threadsafe(self._heard, run, subject, message)

        worker, self.spare = self.spare, None
        if worker is None or not worker.process.is_alive():
            worker = Worker(self.prepare)
        worker.hear = hear
        worker.line.tell("job", asdict(job))
        run.begin(worker)

    def warm(self) -> None:
        """Have a worker ready for the next run, so that it begins at once; not at the cost of a run that goes on."""
        if self.spare is None and not self.closing and not self.at_work:
            self.spare = Worker(self.prepare)

    def _heard(self, run: Run, subject: str, message: Any) -> None:
        """What a worker says."""
        if subject != "gone":
            run.hear(subject, message)
            return
        run.worker = None
        run.settle()
        run.set(*(run.outcome or run.results() or (CUT, why_cut(message))))
        self._next()

    def _find(self) -> None:
        """Runs of earlier servers."""
        if not self.folder.is_dir():
            return
        for path in sorted(self.folder.glob("*.json"), key=lambda path: path.stat().st_mtime):
            try:
                stated = json.loads(path.read_text("utf-8"))
                whole = stated["schema"] == REQUEST and all(
                    isinstance(stated[key], str) for key in ("source", "method", "title", "data")
                )
            except (OSError, ValueError, LookupError, TypeError, RecursionError):
                continue
            if whole:
                run = Run.stated(path.stem, self.folder / path.stem, stated)
                look(run)
                self.runs[run.id] = run

    def add(self, out: Path) -> Run:
        """A run folder named by the user."""
        name, number = out.name, 1
        while name in self.runs:
            if self.runs[name].out == out:
                return self.runs[name]
            number += 1
            name = f"{out.name}-{number}"
        run = self.runs[name] = Run(name, out)
        run.settle()
        if not len(run.tape) and not run.partial.is_dir() and not run.tape.path.exists():
            self._of_map(run)
        look(run)
        return run

    def _of_map(self, run: Run) -> None:
        """Show a run without a recording by its final map."""
        aside = Path(tempfile.mkdtemp(prefix="iconlearn-"))
        self.asides.append(aside)
        run.places = (record_map(run.out, aside / RECORDING),)


def look(run: Run) -> None:
    """Find out how far a run of an earlier process came."""
    run.settle()
    if is_held(run.partial):
        run.set(RUNNING, "another process is at work on it; this page shows what it has recorded")
    elif run.finished_in is not None:
        run.set(*run.finished_in)
    elif run.stated_as is not None and not len(run.tape) and not run.partial.is_dir():
        run.set(STOPPED, NOT_BEGUN)
    else:
        run.set(
            CUT, f"{run.flaw}the run was cut short; what was recorded is kept, and it can be gone on with"
        )
