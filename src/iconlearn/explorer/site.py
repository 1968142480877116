"""What the server answers: one method for every address, in plain values."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from iconlearn._errors import IConLearnError
from iconlearn.explorer import catalogue, exporting
from iconlearn.explorer.answers import (
    BYTES,
    KINDS,
    PARQUET,
    Answer,
    RefusedError,
    as_file,
    as_json,
    one_line,
    pieces,
)
from iconlearn.explorer.bodies import drain, in_time, read_json
from iconlearn.explorer.library import Library
from iconlearn.explorer.run import Run
from iconlearn.explorer.runs import Runs
from iconlearn.methods import METHODS

if TYPE_CHECKING:
    from starlette.requests import Request


log = logging.getLogger("iconlearn")


class Site:
    """The addresses of a server, and what they stand for.

    Parameters
    ----------
    library : Library
    runs : Runs
    page : Traversable or Path
        Folder of the built front end.
    """

    def __init__(self, library: Library, runs: Runs, page: Any = None) -> None:
        self.library, self.runs = library, runs
        self.page = files("iconlearn.explorer") / "page" if page is None else page
        self.thread = ThreadPoolExecutor(1, "aside")
        self.certificates: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self.prepared = False
        self.taking = asyncio.Lock()

    @cached_property
    def _files(self) -> dict[str, Any]:
        """The files of the front end by name, which are all that is ever sent from the disk."""
        folder = self.page / "assets"
        return {part.name: part for part in folder.iterdir() if part.is_file()} if folder.is_dir() else {}

    @cached_property
    def _table(self) -> bytes:
        return json.dumps(catalogue.table(), allow_nan=False).encode()

    async def index(self, request: Request) -> Answer:
        """The page."""
        file = self.page / "index.html"
        if not file.is_file():
            raise RefusedError(404, "the page is not built; run `make page`, or install the wheel")
        return Answer(file.read_bytes(), KINDS[".html"])

    async def asset(self, request: Request) -> Answer:
        """A file of the page."""
        part = self._files.get(request.path_params["name"])
        if part is None:
            raise RefusedError(404, "the page has no such part; reload it")
        return Answer(part.read_bytes(), KINDS.get(Path(part.name).suffix, BYTES))

    async def table(self, request: Request) -> Answer:
        """The periodic table; whoever sees it soon opens a cell."""
        answer = Answer(await asyncio.to_thread(lambda: self._table))
        if not self.prepared:
            self.prepared = True
            self.thread.submit(prepare)
        return answer

    async def method(self, request: Request) -> Answer:
        """All that a cell shows of its method."""
        name = known(request.path_params["name"])
        return as_json(await asyncio.to_thread(catalogue.entry, METHODS[name]))

    async def certificate(self, request: Request) -> Answer:
        """What a method is proved to be, measured when it is first asked for."""
        name = known(request.path_params["name"])
        if name not in self.certificates:
            loop = asyncio.get_running_loop()
            self.certificates[name] = loop.run_in_executor(self.thread, catalogue.certificate, name)
        found = self.certificates[name]
        if not found.done():
            return as_json({"lines": [], "seconds": 0.0, "state": "computing"})
        try:
            return as_json({**found.result(), "state": "done"})
        except Exception:
            del self.certificates[name]  # whoever asks again has it measured again
            raise

    async def data(self, request: Request) -> Answer:
        """The data sets; whoever reads them may soon want a run."""
        listed = await asyncio.to_thread(self.library.listed)
        self.runs.warm()
        return as_json(listed)

    async def upload(self, request: Request) -> Answer:
        """A data set from the page, in a file of ours until it is known to be one."""
        name, labels = request.query_params.get("name", ""), request.query_params.get("labels")
        uploads = self.library.uploads
        claimed = request.headers.get("content-length", "0")
        if not claimed.isdecimal() or int(claimed) > uploads.room():
            await drain(request)
            raise RefusedError(413, uploads.too_long(name))
        with uploads.arriving(name) as arrival:
            async for piece in in_time(request.stream()):
                if not arrival.write(piece):
                    arrival.end()  # before it is said how much is left
                    await drain(request)
                    raise RefusedError(413, uploads.too_long(name))
            async with self.taking:  # one thread at a time waits for the library
                told = await asyncio.to_thread(self.library.take, arrival.settle(), name, labels)
        return as_json(told, 201)

    async def points(self, request: Request) -> Answer:
        """The points of a table."""
        return Answer(await asyncio.to_thread(self.library.points, request.path_params["id"]), BYTES)

    async def list_runs(self, request: Request) -> Answer:
        """All runs, the newest first."""
        self.runs.refresh()
        listed = sorted(self.runs.runs.values(), key=lambda run: -run.started)
        return as_json([run.summary() for run in listed])

    async def start(self, request: Request) -> Answer:
        """A new run, if the request is one that can be met."""
        asked = await read_json(request)
        method, data = asked.get("method"), asked.get("data")
        parameters, options = asked.get("parameters", {}), asked.get("options", {})
        for name, value, kind in (
            ("method", method, str),
            ("data", data, str),
            ("parameters", parameters, dict),
            ("options", options, dict),
        ):
            if not isinstance(value, kind):
                raise RefusedError(400, f"{name} is missing or of another type; reload the page", field=name)
        method, data = str(method), str(data)
        wanted = {"method": method, "data": data, "parameters": parameters, "options": options}
        try:
            entry = self.library.entry(data)
            dataset = await asyncio.to_thread(self.library.dataset, data)
            name, chosen = await asyncio.to_thread(catalogue.run_request, wanted, dataset)
        except catalogue.RequestError as cause:
            raise RefusedError(400, one_line(cause), field=cause.field.rpartition(".")[2]) from cause
        except IConLearnError as cause:
            raise RefusedError(400, one_line(cause), field="data") from cause
        row = METHODS[name]
        about = {
            "method": name,
            "title": row.title,
            "data": entry.name,
            "chosen": chosen.differing(row),
        }
        run = self.runs.start(wanted, entry.source, entry.labels, about)
        return as_json({"id": run.id}, 201)

    def run(self, request: Any) -> Run:
        """The run that an address names."""
        run = self.runs.runs.get(request.path_params["id"])
        if run is None:
            raise RefusedError(404, "this server knows no such run; go back to the list of runs")
        return run

    async def go_on(self, request: Request) -> Answer:
        """Go on with a run."""
        run = self.run(request)
        self.runs.go_on(run)
        return as_json({"id": run.id})

    async def recording(self, request: Request) -> Answer:
        """The recording of a run as far as there is one."""
        run = self.run(request)
        file = opened(run)  # once: what is sent stays the same if the run moves its recording, or begins anew
        end = min(run.tape.end, os.fstat(file.fileno()).st_size)
        headers = {**as_file(f"{run.id}.icon"), "content-length": str(end)}
        return Answer(pieces(file, end), BYTES, headers=headers)

    async def export(self, request: Request) -> Answer:
        """The run as one page."""
        run = self.run(request)
        make = partial(exporting.export_page, run.tape.path, self.page)
        return await self._file(run, make, "html", KINDS[".html"])

    async def parquet(self, request: Request) -> Answer:
        """The points of a run as a table."""
        run = self.run(request)
        return await self._file(run, partial(exporting.export_parquet, run.tape.path), "parquet", PARQUET)

    async def _file(self, run: Run, make: Callable[[], bytes], suffix: str, kind: str) -> Answer:
        if not len(run.tape):
            raise RefusedError(409, f"{run.id} has recorded nothing yet; wait until it has begun")
        body = await asyncio.to_thread(make)
        return Answer(body, kind, headers=as_file(f"{run.id}.{suffix}"))


def prepare() -> None:
    """Load what cells need; what goes wrong is told where a cell is asked for."""
    try:
        catalogue.prepare()
    except Exception:
        log.exception("what cells need could not be loaded")


def known(name: str) -> str:
    """The name of a method.

    Raises
    ------
    RefusedError
        If there is none of the name.
    """
    if name not in METHODS:
        raise RefusedError(404, f"there is no method {name!r:.60}; reload the page")
    return name


def opened(run: Run) -> BinaryIO:
    """The recording of a run, which moves when the run ends."""
    for path in (run.tape.path, *run.places):
        with suppress(FileNotFoundError):
            return open(path, "rb")
    raise RefusedError(409, f"{run.id} has recorded nothing yet; wait until it has begun")
