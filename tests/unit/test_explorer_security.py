"""Every hole that a server on one's own machine could have is tried."""

from __future__ import annotations

import json
import socket
import struct
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from exploring import TOKEN, record, served, stand_in
from websockets.exceptions import ConnectionClosed, InvalidStatus

from iconlearn.cli.explore import way_to
from iconlearn.explorer.security import new_token, policy
from iconlearn.explorer.server import bind


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    record(folder / "given")
    with pytest.MonkeyPatch.context() as patch:
        stand_in(patch)
        with served(folder) as server:
            server.runs.add(folder / "given")
            yield server


def uploads(here):
    """The files that were kept of what was sent."""
    return sorted(path.name for path in here.library.uploads.glob("*") if path.suffix != ".json")


def raw(port, text):
    """The status of an answer to bytes that no client would send."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(text)
        head = b""
        while b"\r\n\r\n" not in head and (piece := line.recv(4096)):
            head += piece
    return int(head.split()[1])


def drain(page):
    """Read until it is closed."""
    while True:
        page.recv(timeout=10)


def test_tokens_are_long_and_new():
    assert len({new_token() for _ in range(100)}) == 100
    assert min(len(new_token()) for _ in range(20)) >= 32


def test_only_this_machine_can_reach_it():
    listener = bind(0)
    try:
        assert listener.getsockname()[0] == "127.0.0.1"
    finally:
        listener.close()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/runs",
        "/wrong/",
        "/wrong/api/runs",
        f"/{TOKEN}x/",
        f"/{TOKEN[:-1]}/",
        f"//{TOKEN}/",
        f"/{TOKEN}",
    ],
)
def test_without_the_token_there_is_nothing(here, path):
    for method in ("GET", "POST", "HEAD", "OPTIONS", "DELETE"):
        headers = {"origin": here.origin}
        answer = httpx.request(method, here.origin + path, headers=headers)
        assert answer.status_code == 404, method
    assert "error" in httpx.get(here.origin + path).json()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1.evil.example:{port}",
        "0.0.0.0:{port}",
        "[::1]:{port}",
    ],
)
def test_another_host_is_misdirected(here, host):
    answer = here.client.get("api/runs", headers={"host": host.format(port=here.port)})
    assert answer.status_code == 421
    assert "127.0.0.1" in answer.json()["error"]


def test_both_own_names_are_served_and_two_at_once_are_not(here):
    for name in ("localhost", "127.0.0.1"):
        origin = f"http://{name}:{here.port}"
        headers = {"host": f"{name}:{here.port}", "origin": origin}
        assert here.client.get("api/runs", headers=headers).status_code == 200
    own = f"Host: 127.0.0.1:{here.port}\r\n".encode()
    line = f"GET /{TOKEN}/api/runs HTTP/1.1\r\n".encode()
    assert raw(here.port, line + own + b"\r\n") == 200
    assert raw(here.port, line + own + b"Host: evil.example\r\n\r\n") in (400, 421)
    assert raw(here.port, line + b"\r\n") in (400, 421)


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://127.0.0.1",
        "https://127.0.0.1:{port}",
        "http://localhost:{port}",
    ],
)
def test_another_origin_is_forbidden(here, origin):
    origin = origin.format(port=here.port)
    assert here.client.get("api/runs", headers={"origin": origin}).status_code == 403
    assert here.client.post("api/runs", headers={"origin": origin}, json={}).status_code == 403
    with pytest.raises(InvalidStatus) as refused, here.stream("given", origin=origin):
        pass
    assert refused.value.response.status_code == 403


def test_what_changes_something_must_name_its_origin(here):
    plain = httpx.Client(base_url=here.client.base_url)
    with plain:
        assert plain.get("api/runs").status_code == 200  # as an address that is opened
        for path in ("api/runs", "api/data?name=a.npy", "api/runs/given/continue"):
            assert plain.post(path, content=b"{}").status_code == 403
    with pytest.raises(InvalidStatus) as refused, here.stream("given", origin=None):
        pass
    assert refused.value.response.status_code == 403


def test_a_socket_needs_host_and_token_too(here):
    from websockets.sync.client import connect

    where = f"ws://127.0.0.1:{here.port}"
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(f"{where}/x/api/runs/given/stream", origin=here.origin),
    ):
        pass
    assert refused.value.response.status_code == 404
    text = (
        f"GET /{TOKEN}/api/runs/given/stream HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    assert raw(here.port, text.encode()) == 421


def test_every_answer_carries_the_headers(here):
    answers = [
        here.client.get(path) for path in ("", "assets/explorer.js", "api/runs", "api/nothing", "api/table")
    ]
    answers += [here.client.get("", headers={"host": "evil.example"}), httpx.get(here.origin + "/wrong/")]
    for answer in answers:
        rules = answer.headers["content-security-policy"]
        assert rules == policy(here.port)
        assert "default-src 'none'" in rules
        assert "frame-ancestors 'none'" in rules
        assert "unsafe" not in rules
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers
    assert answers[0].status_code == answers[1].status_code == 200
    assert answers[1].headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "name",
    [
        "../index.html",
        "..%2Findex.html",
        "%2e%2e/%2e%2e/security.py",
        "..%5c..%5csecurity.py",
        "%2Fetc%2Fpasswd",
        "....//....//etc/passwd",
        "explorer.js%00.css",
        ".",
        "..",
        "",
    ],
)
def test_no_path_leaves_the_fixed_files(here, name):
    for place in ("assets/", "api/runs/", "api/points/", "api/methods/"):
        tail = {"api/runs/": "/recording", "api/methods/": "/certificate"}.get(place, "")
        path = f"GET /{TOKEN}/{place}{name}{tail} HTTP/1.1\r\nHost: 127.0.0.1:{here.port}\r\n\r\n"
        assert raw(here.port, path.encode()) in (404, 409)


def test_ids_are_looked_up_and_never_paths(here, tmp_path):
    record(tmp_path / "secret")
    for id in ("secret", "../secret", "%2e%2e%2fsecret", str(tmp_path / "secret").replace("/", "%2f")):
        assert here.client.get(f"api/runs/{id}/recording").status_code == 404
        assert here.client.post(f"api/runs/{id}/continue").status_code == 404
    wanted = {"method": "t-sne", "data": str(tmp_path / "secret" / "recording.icon")}
    answer = here.client.post("api/runs", json=wanted)
    assert answer.status_code == 400
    assert answer.json()["field"] == "data"


def test_uploads_are_bounded(here):
    before = uploads(here)
    answer = here.client.post("api/data?name=big.npy", content=b"0" * ((1 << 20) + 1))
    assert answer.status_code == 413
    assert "iconlearn explore FILE" in answer.json()["error"]

    def endless():
        while True:
            yield b"0" * 65536

    with suppress(httpx.TransportError):  # in pieces, of no length; it may hang up while more is sent
        assert here.client.post("api/data?name=big.npy", content=endless()).status_code == 413
    assert uploads(here) == before


def test_an_upload_that_lies_about_its_length_is_nothing(here):
    before, known = uploads(here), set(here.library.entries)
    head = (
        f"POST /{TOKEN}/api/data?name=a.csv HTTP/1.1\r\nHost: 127.0.0.1:{here.port}\r\nOrigin: {here.origin}\r\n"
        "Content-Length: {length}\r\n\r\n"
    )
    assert raw(here.port, head.format(length=1 << 40).encode() + b"a,b\n1,2\n") == 413
    assert raw(here.port, head.format(length=-1).encode() + b"a,b\n1,2\n") in (400, 413)
    with socket.create_connection(("127.0.0.1", here.port), timeout=10) as line:
        line.sendall(head.format(length=1000).encode() + b"a,b\n1,2\n")  # and then it hangs up
    assert raw(here.port, head.format(length=4).encode() + b"a,b\n1,2\n3,4\n") != 201  # a column name alone
    assert {entry["id"] for entry in here.client.get("api/data").json()} == known
    assert uploads(here) == before


def test_an_upload_that_stalls_holds_nobody_up(here, monkeypatch):
    from iconlearn.explorer import site

    monkeypatch.setattr(site, "STALLED", 0.2)
    before = uploads(here)
    head = (
        f"POST /{TOKEN}/api/data?name=a.csv HTTP/1.1\r\nHost: 127.0.0.1:{here.port}\r\nOrigin: {here.origin}\r\n"
        "Content-Length: 1000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", here.port), timeout=10) as stalled:
        stalled.sendall(head.encode() + b"a,b\n1,2\n")
        assert b"408" in stalled.recv(100)
        body = b"a,b,c,d\n1,2,3,4\n5,6,7,8\n"
        assert here.client.post("api/data", params={"name": "b.csv"}, content=body).status_code == 201
    assert len(uploads(here)) == len(before) + 1


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


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"[" * 60000, 400),
        (b'{"method": NaN}', 400),
        (b"\xff\xfe", 400),
        (b'{"method": "t-sne"}', 400),
        (b'{"method": 1, "data": "digits"}', 400),
        (b'{"method": "t-sne", "data": "digits", "parameters": []}', 400),
        (b'{"a": "' + b"x" * 70000 + b'"}', 413),
    ],
)
def test_requests_that_are_no_requests(here, body, status):
    answer = here.client.post("api/runs", content=body)
    assert answer.status_code == status
    assert "\n" not in answer.json()["error"]
    assert here.runs.runs.keys() == {"given"}


@pytest.mark.parametrize(
    "said",
    [
        "no json",
        "[" * 50000,
        "[1]",
        "{}",
        '{"do": "delete"}',
        '{"do": "step", "steps": -1}',
        '{"do": "step", "steps": 1e9}',
        '{"do": ["stop"]}',
        '{"watch": [5]}',
        '{"watch": [-1]}',
        '{"watch": [true]}',
        '{"watch": "all"}',
        '{"ack": 1e400}',
        '{"ack": 99999999999}',
        '{"ack": -1}',
        b"bytes",
    ],
)
def test_a_socket_that_talks_nonsense_is_closed(here, said):
    with here.stream("given") as page:
        page.send(said)
        with pytest.raises(ConnectionClosed) as closed:
            drain(page)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
    assert here.client.get("api/runs").status_code == 200


def test_a_message_that_is_too_long_closes_the_socket(here):
    with here.stream("given") as page:
        page.send(json.dumps({"watch": [0] * 100000}))
        with pytest.raises(ConnectionClosed):
            drain(page)


def test_too_many_sockets_are_turned_away(here, monkeypatch):
    from iconlearn.explorer import hub

    monkeypatch.setattr(hub, "MOST_PAGES", 2)
    with here.stream("given") as one, here.stream("given") as two:
        one.recv(timeout=10)
        two.recv(timeout=10)
        with here.stream("given") as three, pytest.raises(ConnectionClosed) as closed:
            drain(three)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013


def test_the_token_is_no_argument_of_the_browser(tmp_path):
    address = "http://127.0.0.1:8765/a-secret/"
    way = way_to(address, tmp_path)
    assert "a-secret" not in way
    assert f'url={address}"' in Path(urlsplit(way).path).read_text()
