"""Recorded runs as files, run folders of every state as they are found, and the command's arguments."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
import re
from types import SimpleNamespace
from urllib.parse import quote, unquote

import numpy as np
import pyarrow.parquet as pq
import pytest
from exploring import feeds, record, served, small_page, stand_in

from iconlearn._errors import FileFormatError, OptionError
from iconlearn.cli import main
from iconlearn.cli.explore import has_display, take
from iconlearn.data.files import Dataset
from iconlearn.explorer.answers import Answer, RefusedError
from iconlearn.explorer.exporting import export_page, export_parquet
from iconlearn.explorer.library import Library
from iconlearn.explorer.recorded import as_run_folder, recording_of
from iconlearn.explorer.runs import Runs
from iconlearn.explorer.server import answering, bind
from iconlearn.explorer.site import Site
from iconlearn.recording.packets import Packet, PacketFile, read_packets
from iconlearn.run import RunOptions, run_method


def elements(text, name):
    """Attributes and content of the elements of a page."""
    return re.findall(rf"<{name}\b([^>]*)>(.*?)</{name}>", text, flags=re.DOTALL)


def test_a_page_of_one_file_carries_the_recording_and_allows_only_its_own_code(tmp_path):
    recording = record(tmp_path / "run")
    text = export_page(recording, small_page(tmp_path / "page")).decode()
    scripts = elements(text, "script")
    (data,) = [body for about, body in scripts if 'id="recording"' in about]
    assert gzip.decompress(base64.b64decode(data)) == recording.read_bytes()
    (code,) = [body for about, body in scripts if 'type="module"' in about]
    (rules,) = [body for _, body in elements(text, "style")]
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    policy = policy.replace("&#x27;", "'")
    for part, name in ((code, "script-src"), (rules, "style-src")):
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "connect-src" not in policy
    assert not re.findall(r"\b(?:src|href)=", text)  # nothing is fetched from anywhere
    assert text.index("Content-Security-Policy") < text.index("<style>")
    assert text.index('id="app"') < text.index('id="recording"') < text.index('type="module"')


def test_code_in_the_page_cannot_end_its_element_and_stays_the_same_code(tmp_path):
    text = export_page(record(tmp_path / "run"), small_page(tmp_path / "page")).decode()
    (code,) = [body for about, body in elements(text, "script") if 'type="module"' in about]
    assert "</script" not in code
    assert "<!--" not in code
    assert code.encode().decode("unicode_escape") == (tmp_path / "page/assets/explorer.js").read_text()


def test_the_same_recording_gives_the_same_page(tmp_path):
    recording, page = record(tmp_path / "run"), small_page(tmp_path / "page")
    assert export_page(recording, page) == export_page(recording, page)


def test_of_a_cut_recording_the_whole_packets_are_exported(tmp_path):
    recording = record(tmp_path / "run")
    whole = recording.read_bytes()
    recording.write_bytes(whole[:-7])
    text = export_page(recording, small_page(tmp_path / "page")).decode()
    (data,) = [body for about, body in elements(text, "script") if 'id="recording"' in about]
    body = gzip.decompress(base64.b64decode(data))
    assert whole.startswith(body)
    assert 0 < len(body) < len(whole) - 7
    recording.write_bytes(b"not a recording")
    with pytest.raises(FileFormatError, match="holds no recording"):
        export_page(recording, tmp_path / "page")
    with pytest.raises(FileFormatError, match="make page"):
        export_page(recording, tmp_path / "no-page")


def test_points_as_a_table_are_those_of_the_last_moment(tmp_path):
    recording = record(tmp_path / "run", steps=3)
    (tmp_path / "points.parquet").write_bytes(export_parquet(recording))
    table = pq.read_table(tmp_path / "points.parquet")
    last = [packet for packet in read_packets(recording) if packet.kind == "moment"][-1]
    assert table.column_names == ["row", "x", "y", "label", "divergence"]
    np.testing.assert_array_equal(table["x"], last.arrays["positions"][:, 0])
    np.testing.assert_array_equal(table["y"], last.arrays["positions"][:, 1])
    assert table["row"].to_pylist() == [0, 1, 2, 3, 4]
    assert table["label"].to_pylist() == [None, "cat", "dog", None, "cat"]
    assert table["divergence"].to_pylist() == [2.0, None, 12.0, None, None]
    assert table.schema.metadata[b"method"] == b"t-sne"


def test_clusters_are_columns_and_a_column_of_the_same_name_is_kept(tmp_path):
    path = tmp_path / "recording.icon"
    file = PacketFile(path)
    columns = [{"name": "cluster", "kind": "number", "categories": None}]
    arrays = {
        "rows": np.arange(3, dtype=np.uint32),
        "column_0": np.ones(3, np.float32),
        "positions": np.zeros((3, 2), np.float32),
    }
    file.append(Packet("points", {"n": 3, "columns": columns}, arrays))
    now = {"cluster": np.array([0, 1, 1], np.int32), "confidence": np.array([255, 0, 51], np.uint8)}
    file.append(Packet("moment", {"step": 0}, now))
    (tmp_path / "p.parquet").write_bytes(export_parquet(path))
    table = pq.read_table(tmp_path / "p.parquet")
    assert table.column_names == ["row", "x", "y", "cluster_", "cluster", "confidence"]
    assert table["cluster"].to_pylist() == [0, 1, 1]


def test_run_folders_of_every_state_are_told_apart(tmp_path):
    record(tmp_path / "whole")
    record(tmp_path / "cut.partial", end=None)
    (tmp_path / "other").mkdir()
    (tmp_path / "file.csv").write_text("a\n1\n")
    assert as_run_folder(tmp_path / "whole") == tmp_path / "whole"
    assert as_run_folder(tmp_path / "whole" / "recording.icon") == tmp_path / "whole"
    assert as_run_folder(tmp_path / "cut") == as_run_folder(tmp_path / "cut.partial") == tmp_path / "cut"
    assert as_run_folder(tmp_path / "cut.partial" / "recording.icon") == tmp_path / "cut"
    assert as_run_folder(tmp_path / "other") is as_run_folder(tmp_path / "file.csv") is None


def test_damaged_and_cut_runs_are_shown_as_far_as_they_go(tmp_path, monkeypatch):
    stand_in(monkeypatch)
    record(tmp_path / "whole")
    record(tmp_path / "cut.partial", end=None)
    path = record(tmp_path / "damaged", end=None)
    path.write_bytes(path.read_bytes()[:-9] + b"rubbish")
    (tmp_path / "rubbish").mkdir()
    (tmp_path / "rubbish" / "recording.icon").write_bytes(b"no recording")
    with served(tmp_path) as here:
        for name in ("whole", "cut", "damaged", "rubbish"):
            here.runs.add(tmp_path / name)
        assert here.runs.add(tmp_path / "whole") is here.runs.runs["whole"]
        told = {run["id"]: run for run in here.client.get("api/runs").json()}
        assert told["whole"]["state"] == "finished"
        assert (told["whole"]["title"], told["whole"]["data"]) == ("t-SNE", "pets")
        assert told["cut"]["state"] == told["damaged"]["state"] == "cut"
        assert "kept" in told["cut"]["message"]
        assert "damaged behind its first 5 packets" in told["damaged"]["message"]
        assert not told["rubbish"]["recorded"]
        assert "damaged" in told["rubbish"]["message"]
        for name in ("whole", "cut", "damaged", "rubbish"):
            answer = here.client.post(f"api/runs/{name}/continue")  # not started here
            assert answer.status_code == 409
            assert "\n" not in answer.json()["error"]
        assert here.client.get("api/runs/rubbish/export.html").status_code == 409
        assert here.client.get("api/runs/damaged/points.parquet").status_code == 200


def test_of_two_recordings_that_which_reaches_further_counts(tmp_path):
    def shown(name):
        with recording_of(tmp_path / name) as recording:
            run = Runs(tmp_path / "runs").add(tmp_path / name)
            assert run.tape.path == recording
            return recording.parent.name, run.state, run.step

    record(tmp_path / "on", steps=10, end="stopped")
    record(tmp_path / "on.partial", steps=90, end=None)  # gone on with, and killed
    assert shown("on") == ("on.partial", "cut", 89)
    record(tmp_path / "back", steps=10, end="stopped")
    record(tmp_path / "back.partial", steps=11, end=None)  # as far as the results, whose end counts
    assert shown("back") == ("back", "stopped", 10)
    record(tmp_path / "done", steps=10)
    record(tmp_path / "done.partial", steps=4, end=None)
    assert shown("done") == ("done", "finished", 10)


def test_a_run_of_any_name_is_sent_under_it(tmp_path, monkeypatch):
    stand_in(monkeypatch)
    with served(tmp_path) as here:
        for name in ("прогон", 'a "b"; c', "ü" * 20):
            run = here.runs.add(record(tmp_path / name).parent)
            for part, suffix in (
                ("recording", "icon"),
                ("points.parquet", "parquet"),
                ("export.html", "html"),
            ):
                answer = here.client.get(f"api/runs/{quote(run.id)}/{part}")
                assert answer.status_code == 200
                kind, _, saved = answer.headers["content-disposition"].partition("; filename*=UTF-8''")
                assert (kind, unquote(saved)) == ("attachment", f"{name}.{suffix}")
            sent = here.client.get(f"api/runs/{quote(run.id)}/recording").content
            assert sent == (tmp_path / name / "recording.icon").read_bytes()


def test_an_answer_that_cannot_be_built_is_an_error_in_json(caplog):
    async def handler(request):
        return Answer(b"", headers={"x": "прогон"})

    answer = asyncio.run(answering(handler)(None))
    assert answer.status_code == 500
    assert "UnicodeEncodeError" in json.loads(answer.body)["error"]
    assert "a request failed" in caplog.text


def test_a_recording_is_sent_as_it_was_when_it_was_asked_for(tmp_path):
    site = Site(Library(feeds, tmp_path / "uploads", 1 << 20), Runs(tmp_path / "runs"), tmp_path)
    path = record(tmp_path / "run.partial", 2, end=None)
    whole = path.read_bytes()
    run = site.runs.add(tmp_path / "run")

    async def asked(meanwhile):
        answer = await site.recording(SimpleNamespace(path_params={"id": "run"}))
        meanwhile()
        sent = b"".join([piece async for piece in answer.body])
        assert len(sent) == int(answer.headers["content-length"])
        return sent

    def grow():
        PacketFile(path).append(Packet("moment", {"step": 2}, {}))
        run.hear("grown", None)

    def finish():
        record(tmp_path / "run", 2)
        path.unlink()

    def go_on():  # from the first step
        PacketFile(path).truncate_after(0)
        PacketFile(path).append(Packet("moment", {"step": 1, "loss": 2.0}, {}))
        run.tape.forget()

    assert asyncio.run(asked(grow)) == whole
    whole = path.read_bytes()
    assert asyncio.run(asked(go_on)) == whole
    run.settle()
    assert (whole := path.read_bytes()) == asyncio.run(asked(grow))
    whole = path.read_bytes()
    assert asyncio.run(asked(finish)) == whole
    assert asyncio.run(asked(run.settle)) == (tmp_path / "run" / "recording.icon").read_bytes()[: len(whole)]
    (tmp_path / "run" / "recording.icon").unlink()
    with pytest.raises(RefusedError, match="nothing yet"):
        asyncio.run(asked(run.settle))


def test_a_certificate_that_failed_is_measured_again(tmp_path, monkeypatch):
    stand_in(monkeypatch)
    measured = []

    def certificate(name):
        measured.append(name)
        if len(measured) == 1:
            raise MemoryError
        return {"lines": []}

    monkeypatch.setattr("iconlearn.explorer.site.catalogue.certificate", certificate)

    def answered(here):
        while (answer := here.client.get("api/methods/t-sne/certificate")).status_code == 200:
            if answer.json()["state"] == "done":
                break
        return answer.status_code

    with served(tmp_path) as here:
        assert answered(here) == 507
        assert answered(here) == 200
    assert measured == ["t-sne", "t-sne"]


def test_runs_of_an_earlier_server_are_found_whatever_lies_beside_them(tmp_path):
    folder = tmp_path / "runs"
    record(folder / "a-1.partial", end=None)
    stated = {
        "schema": 1,
        "request": {},
        "source": "digits",
        "labels": None,
        "method": "m",
        "title": "t",
        "data": "d",
    }
    (folder / "a-1.json").write_text(json.dumps({**stated, "started": 5.0}))
    (folder / "b-1.json").write_text(json.dumps(stated))  # it waited when its server ended
    for name, text in (
        ("c.json", "{"),
        ("d.json", "[]"),
        ("e.json", '{"schema": 9}'),
        ("f.json", "[" * 9999),
    ):
        (folder / name).write_text(text)
    runs = Runs(folder)
    assert set(runs.runs) == {"a-1", "b-1"}
    assert [runs.runs[id].state for id in ("a-1", "b-1")] == ["cut", "stopped"]
    assert "before it was begun" in runs.runs["b-1"].message
    assert runs.runs["a-1"].summary()["recorded"]
    assert runs.runs["b-1"].summary()["continues"]


@pytest.fixture(scope="module")
def older(tmp_path_factory):
    """A run folder as earlier versions left it: without a recording."""
    rng = np.random.default_rng(0)
    data = Dataset("pets", rng.normal(size=(30, 4)).astype(np.float32), np.arange(30) % 2, ["cat", "dog"])
    out = tmp_path_factory.mktemp("older") / "run"
    run_method("pca", data, out, RunOptions(max_iter=3))
    (out / "recording.icon").unlink()
    return out


def test_a_run_without_a_recording_is_shown_by_its_map(older, tmp_path):
    runs = Runs(tmp_path)
    run = runs.add(older)
    assert run.state == "finished"
    assert [run.tape.packet(k).kind for k in range(len(run.tape))] == ["run", "points", "end"]
    points = run.tape.packet(1)
    np.testing.assert_allclose(points.arrays["positions"], np.load(older / "embedding.npy"), rtol=1e-6)
    assert points.fields["columns"][0]["categories"] == ["cat", "dog"]
    aside = run.tape.path.parent
    runs.kill()
    assert not aside.exists()
    with recording_of(older) as recording:
        assert b"PAR1" in export_parquet(recording)
    assert not recording.exists()


def test_a_run_without_recording_and_map_says_so(older, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "run.json").write_bytes((older / "run.json").read_bytes())
    with pytest.raises(FileFormatError, match="fit it again"), recording_of(folder):
        pass


def command(capsys, *words):
    """Exit code, output and errors of a command."""
    with pytest.raises(SystemExit) as ended:
        main(["explore", *map(str, words)])
    told = capsys.readouterr()
    return ended.value.code, told.out, told.err


def test_the_command_exports(tmp_path, capsys):
    record(tmp_path / "run")
    code, out, err = command(capsys, tmp_path / "run", "--export", tmp_path / "run.parquet")
    assert (code, err) == (0, "")
    assert "run.parquet" in out
    assert pq.read_table(tmp_path / "run.parquet").num_rows == 5
    code, _, err = command(capsys, tmp_path / "run", "--export", tmp_path / "run.html")
    assert (code, err) == (0, "")
    assert b'id="recording"' in (tmp_path / "run.html").read_bytes()


def test_wrong_calls_of_the_command_are_told_in_one_line(tmp_path, capsys):
    record(tmp_path / "run")
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "empty").mkdir()
    listener = bind(0)
    taken = str(listener.getsockname()[1])
    calls = [
        ([tmp_path / "none.csv"], "does not exist"),
        ([tmp_path / "empty"], "neither a run nor data"),
        ([tmp_path / "run", "--export", tmp_path / "x.pdf"], ".html or .parquet"),
        (["--export", tmp_path / "x.html"], "one RUN"),
        ([tmp_path / "a.csv", "--export", tmp_path / "x.html"], "holds no run"),
        (["--no-browser", "--port", taken], "leave --port out"),
        (["--runs", tmp_path / "a.csv"], "is a file"),
        (["--port", "70000"], "65535"),
    ]
    try:
        for words, expected in calls:
            code, out, err = command(capsys, *words)
            assert (code, out) == (2, ""), words
            assert expected in err
            assert err.count("\n") == 1
    finally:
        listener.close()


def test_a_run_and_a_folder_of_runs_are_taken_for_what_they_are(tmp_path, capsys):
    record(tmp_path / "many" / "one")
    record(tmp_path / "many" / "two.partial", end=None)
    (tmp_path / "many" / "else").mkdir()
    (tmp_path / "a.csv").write_text("a,b,c,d\n1,2,3,4\n")
    library, runs = Library(feeds, tmp_path / "uploads", 1 << 20), Runs(tmp_path / "runs")
    take(str(tmp_path / "many" / "one"), None, library, runs)
    assert set(runs.runs) == {"one"}
    take(str(tmp_path / "many"), None, library, runs)
    take(str(tmp_path / "a.csv"), None, library, runs)
    take("digits", None, library, runs)
    assert set(runs.runs) == {"one", "two"}
    assert "two: the run was cut short" in capsys.readouterr().err
    assert [entry.name for entry in library.entries.values() if entry.given] == ["a"]


def test_no_browser_is_opened_without_a_display(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not has_display()
    monkeypatch.setenv("DISPLAY", ":0")
    assert has_display()


def test_ports_that_are_not_allowed_are_refused():
    with pytest.raises(OptionError, match="--port"):
        bind(99999)
