"""Every hole that a server on one's own machine could have is tried."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from exploring import TOKEN, raw, record, secured
from websockets.exceptions import ConnectionClosed, InvalidStatus

from iconlearn.cli.explore import way_to
from iconlearn.explorer.security import new_token, policy
from iconlearn.explorer.server import bind


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    with secured(tmp_path_factory.mktemp("served")) as server:
        yield server


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
    told = httpx.get(here.origin + path).json()
    assert "error" in told
    assert told["moved"]  # by which a page that was left open knows that its server was restarted


def test_what_only_is_not_there_has_not_moved(here):
    for path in ("api/nothing", "api/runs/none/recording", "assets/none.js"):
        answer = here.client.get(path)
        assert answer.status_code == 404
        assert "moved" not in answer.json()


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
