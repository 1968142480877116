"""Uploads that lie, stall, unpack to much or name files: none is kept or run, and none holds others up."""

from __future__ import annotations

import socket
import struct
import time
from contextlib import ExitStack
from threading import Event

import numpy as np
import pytest
from exploring import TOKEN, raw, secured, served, stand_in

from iconlearn.explorer import bodies


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    with secured(tmp_path_factory.mktemp("served")) as server:
        yield server


def uploads(here):
    """The files that were kept of what was sent."""
    return sorted(path.name for path in here.library.uploads.folder.glob("*") if path.suffix != ".json")


def upload_head(here, name: str, length: int) -> bytes:
    """What comes before the body of an upload."""
    return (
        f"POST /{TOKEN}/api/data?name={name} HTTP/1.1\r\nHost: 127.0.0.1:{here.port}\r\nOrigin: {here.origin}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def wait_until(met) -> None:
    """Wait for what happens in the server."""
    end = time.monotonic() + 10
    while not met():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_uploads_are_bounded(here):
    before = uploads(here)
    answer = here.client.post("api/data?name=big.npy", content=b"0" * ((1 << 20) + 1))
    assert answer.status_code == 413
    assert "iconlearn explore FILE" in answer.json()["error"]

    head = upload_head(here, "big.npy", 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    piece = b"10000\r\n" + b"0" * 65536 + b"\r\n"
    assert raw(here.port, head + piece * 17) == 413  # in pieces, of no length
    assert uploads(here) == before


def test_an_upload_that_lies_about_its_length_is_nothing(here):
    before, known = uploads(here), set(here.library.entries)
    assert raw(here.port, upload_head(here, "a.csv", 1 << 40) + b"a,b\n1,2\n") == 413
    assert raw(here.port, upload_head(here, "a.csv", -1) + b"a,b\n1,2\n") in (400, 413)
    with socket.create_connection(("127.0.0.1", here.port), timeout=10) as line:
        line.sendall(upload_head(here, "a.csv", 1000) + b"a,b\n1,2\n")  # and then it hangs up
    assert raw(here.port, upload_head(here, "a.csv", 4) + b"a,b\n1,2\n3,4\n") != 201  # a column name alone
    assert {entry["id"] for entry in here.client.get("api/data").json()} == known
    assert uploads(here) == before


def test_an_upload_that_stalls_holds_nobody_up(here, monkeypatch):
    monkeypatch.setattr(bodies, "STALLED", 2.0)
    before = uploads(here)
    with socket.create_connection(("127.0.0.1", here.port), timeout=10) as stalled:
        stalled.sendall(upload_head(here, "a.csv", 1000) + b"a,b\n1,2\n")
        wait_until(lambda: len(uploads(here)) == len(before) + 1)
        body = b"a,b,c,d\n1,2,3,4\n5,6,7,8\n"
        assert here.client.post("api/data", params={"name": "b.csv"}, content=body).status_code == 201
        assert len(uploads(here)) == len(before) + 2  # it is waited for still
        assert b"408" in stalled.recv(100)
    assert len(uploads(here)) == len(before) + 1


def test_uploads_that_are_read_hold_no_other_answer_up(here, monkeypatch):
    body, go_on = b"a,b,c,d\n1,2,3,4\n5,6,7,8\n", Event()
    take = here.library.take

    def slowly(*given):
        assert go_on.wait(30)
        return take(*given)

    monkeypatch.setattr(here.library, "take", slowly)
    before = uploads(here)
    with ExitStack() as lines:
        sent = [
            lines.enter_context(socket.create_connection(("127.0.0.1", here.port), timeout=30))
            for _ in range(40)  # more than there are threads
        ]
        for k, line in enumerate(sent):
            line.sendall(upload_head(here, f"many{k}.csv", len(body)) + body)
        wait_until(lambda: len(uploads(here)) == len(before) + len(sent))
        assert here.client.get("api/table", timeout=10).status_code == 200
        go_on.set()
        assert all(line.recv(100).startswith(b"HTTP/1.1 201 ") for line in sent)


def test_an_upload_that_trickles_holds_nobody_up(here):
    body = b"a,b,c,d\n1,2,3,4\n5,6,7,8\n"
    with socket.create_connection(("127.0.0.1", here.port), timeout=10) as slow:
        slow.sendall(upload_head(here, "slow.csv", len(body)))
        for k in range(len(body) - 1):
            slow.sendall(body[k : k + 1])
            if k % 8 == 0:
                answer = here.client.post("api/data", params={"name": f"q{k}.csv"}, content=body, timeout=5)
                assert answer.status_code == 201
        slow.sendall(body[-1:])
        said = b""
        while b'"slow"' not in said and (piece := slow.recv(4000)):
            said += piece
    assert said.startswith(b"HTTP/1.1 201 ")
    assert b'"slow"' in said


def test_uploads_that_come_together_share_the_room(tmp_path, monkeypatch):
    stand_in(monkeypatch)
    with served(tmp_path, most=1000) as server, ExitStack() as lines:
        slow = [
            lines.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            for _ in range(5)
        ]
        for k, line in enumerate(slow):  # each would fit by itself
            line.sendall(upload_head(server, f"{k}.npy", 1000))
        wait_until(lambda: len(uploads(server)) == 5)
        for line in slow[:4]:
            line.sendall(bytes(990))
        wait_until(lambda: server.library.uploads.room() == 40)
        slow[4].sendall(bytes(990))
        said = slow[4].recv(4000)
        assert said.startswith(b"HTTP/1.1 413 ")
        assert len(uploads(server)) == 4


def test_a_pickle_is_never_loaded(here, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    np.save(tmp_path / "trap.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    answer = here.client.post("api/data?name=trap.npy", content=(tmp_path / "trap.npy").read_bytes())
    assert answer.status_code == 400
    assert "pickle" in answer.json()["error"] or "Object arrays" in answer.json()["error"]
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "name", ["a.py", "a", "", "a.npy/../../x.pkl", "..\\..\\a.exe", "a.pickle", "a.html", ".npy", "x" * 5000]
)
def test_only_known_extensions_are_taken(here, name):
    answer = here.client.post("api/data", params={"name": name}, content=b"123")
    assert answer.status_code == 400
    assert len(answer.json()["error"]) < 400


def test_a_name_gives_an_extension_and_a_title_and_no_path(here):
    before = uploads(here)
    body = b"a,b,c,d\n1,2,3,4\n5,6,7,8\n"
    answer = here.client.post("api/data", params={"name": "../../../<b>évil\x00</b>.csv"}, content=body)
    assert answer.status_code == 201
    assert set(answer.json()["name"]).isdisjoint("<>/\\\0")
    (kept,) = set(uploads(here)) - set(before)
    assert kept.startswith("data-")
    assert kept.endswith(".csv")


def test_labels_of_an_upload_name_no_file(here, tmp_path):
    np.save(tmp_path / "labels.npy", np.zeros(2))
    for labels in (str(tmp_path / "labels.npy"), "/etc/x.csv", "~/x.NPY"):
        answer = here.client.post(
            "api/data", params={"name": "a.csv", "labels": labels}, content=b"a,b,c,d\n1,2,3,4\n5,6,7,8\n"
        )
        assert answer.status_code == 400
        assert "only a column or key" in answer.json()["error"]


def test_a_small_file_that_unpacks_to_much_is_refused(here):
    import io
    import zipfile

    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40, 2)}
    )
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("X.npy", "w") as part:
        part.write(head.getvalue() + b"0" * 1000)
    body = bytearray(bomb.getvalue())
    entry = body.rfind(b"PK\x01\x02")  # the directory claims what is not there
    struct.pack_into("<I", body, entry + 24, 0xFFFFFFF0)
    assert here.client.post("api/data?name=a.npz", content=bytes(body)).status_code == 400
    assert here.client.post("api/data?name=a.npy", content=head.getvalue() + b"0" * 64).status_code == 400
