"""Data sets and points of the explorer: what is taken, what is refused, and what is said of it."""

from __future__ import annotations

import io
import json
import os
from errno import ENOSPC

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from exploring import feeds, record, served, stand_in
from hypothesis import given, settings
from hypothesis import strategies as st

from iconlearn._errors import FileFormatError, InputError, OptionError
from iconlearn.data.builtin import BUILT_IN
from iconlearn.explorer import browse
from iconlearn.explorer.admission import check_expanded
from iconlearn.explorer.browse import browsable, points_packet
from iconlearn.explorer.library import Library
from iconlearn.recording.packets import decode


def library(tmp_path, most=1 << 20):
    return Library(feeds, tmp_path / "uploads", most)


def csv(tmp_path, text, name="data.csv"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_the_built_in_sets_are_there_and_say_what_they_can_feed(tmp_path):
    told = {entry["id"]: entry for entry in library(tmp_path).listed()}
    assert set(told) == {"digits", "digits-graph", "digits-halves", "digits-captions", "sentences"}
    digits = told["digits"]
    assert (digits["n"], digits["d"], digits["kind"], digits["labelled"]) == (1797, 64, "rows", True)
    assert digits["classes"] == [str(k) for k in range(10)]
    assert told["digits-graph"]["refused"] == {"t-sne": "needs rows, not graph"}
    assert not any(entry["points"] or entry["error"] for entry in told.values())


def test_a_file_without_labels_and_one_that_is_damaged_are_listed_and_say_so(tmp_path):
    shelf = library(tmp_path)
    bare = shelf.add(csv(tmp_path, "a,b,c,d\n1,2,3,4\n5,6,7,9\n", "bare.csv"))
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY nothing")
    damaged = shelf.add(tmp_path / "cut.npy")
    told = {entry["id"]: entry for entry in shelf.listed()}
    assert told[bare.id]["labelled"] is False
    assert told[bare.id]["classes"] is None
    assert told[bare.id]["methods"] == ["t-sne"]
    assert "damaged" in told[damaged.id]["error"]
    assert told[damaged.id]["methods"] == []
    assert str(tmp_path) not in told[damaged.id]["error"]
    with pytest.raises(FileFormatError, match="does not exist"):
        shelf.add(tmp_path / "none.csv")
    with pytest.raises(FileFormatError, match="not known"):
        shelf.add(csv(tmp_path, "1", "a.txt"))
    with pytest.raises(OptionError, match="choose one of the list"):
        shelf.dataset(str(tmp_path / "bare.csv"))


def test_two_files_of_one_name_have_two_ids(tmp_path):
    shelf = library(tmp_path)
    (tmp_path / "a").mkdir()
    ids = [shelf.add(csv(tmp_path / part, "a,b\n1,2\n3,4\n", "digits.csv")).id for part in ("", "a")]
    assert ids == ["digits-2", "digits-3"]


def test_only_the_sets_used_last_stay_in_memory(tmp_path):
    shelf = library(tmp_path)
    ids = [shelf.add(csv(tmp_path, "a,b\n1,2\n3,4\n", f"t{k}.csv")).id for k in range(8)]
    shelf.listed()
    for id in ids:
        shelf.dataset(id)
    assert list(shelf.held) == ids[-4:]


def test_an_upload_is_read_by_the_library_and_kept_for_its_workers(tmp_path):
    shelf = library(tmp_path)
    told = send(shelf)[1]
    assert (told["name"], told["n"], told["d"], told["classes"]) == ("my pets", 2, 4, ["cat", "dog"])
    assert shelf.dataset(told["id"]).y.tolist() == [0, 1]
    bad = arrived(shelf, "bad.csv", b"a,b\n1,nan\n")
    with pytest.raises(InputError) as refused:
        shelf.take(bad, "bad.csv", None)
    assert not bad.exists()
    assert str(tmp_path) not in str(refused.value)
    assert "bad.csv" in str(refused.value)


def test_uploads_have_room_for_four_of_the_longest(tmp_path):
    shelf = library(tmp_path, most=1000)
    assert shelf.uploads.room() == 1000
    for k in range(4):
        arrived(shelf, f"{k}.npy", bytes(900))
    assert shelf.uploads.room() == 400
    assert "may be sent" in library(tmp_path / "empty", most=1000).uploads.too_long("a.npy")
    assert f"kept in {tmp_path / 'uploads'}; delete some there" in shelf.uploads.too_long("a.npy")


def test_what_is_under_way_takes_room_and_is_no_data(tmp_path):
    shelf = library(tmp_path, most=1000)
    with shelf.uploads.arriving("a.npy") as first, shelf.uploads.arriving("b.npy") as second:
        assert first.write(bytes(1000))
        assert not first.write(b"0")  # too long by itself
        assert all(second.write(bytes(500)) for _ in range(2))
        assert shelf.uploads.room() == 1000
        with shelf.uploads.arriving("c.npy") as third, shelf.uploads.arriving("d.npy") as fourth:
            assert third.write(bytes(1000))
            assert shelf.uploads.room() == 999
            assert not fourth.write(bytes(1000))
        assert not [path for path in shelf.uploads.folder.iterdir() if path.name.startswith("data-")]
    assert shelf.uploads.room() == 1000
    assert not list(shelf.uploads.folder.iterdir())


def test_a_file_removed_by_hand_gives_its_name_to_no_other(tmp_path):
    shelf = library(tmp_path)
    send(shelf)[0].unlink()
    path = arrived(shelf, "half.csv", b"1,2\n")  # and this server ends here
    assert path.name == "data-1.csv"
    assert set(library(tmp_path).entries) == set(BUILT_IN)


def test_an_upload_that_could_not_be_noted_is_forgotten_whole(tmp_path, monkeypatch):
    shelf = library(tmp_path)
    with monkeypatch.context() as full:

        def note(upload):
            raise OSError(ENOSPC, "No space left on device")

        full.setattr(shelf.uploads, "note", note)
        with pytest.raises(OSError, match="No space"):
            send(shelf)
    assert not list(shelf.uploads.folder.iterdir())
    longer = arrived(shelf, "my pets.csv", b"a,b,c,d\n" + b"1,2,3,4\n" * 5)
    told = shelf.take(longer, "my pets.csv", None)
    assert told["n"] == len(shelf.dataset(told["id"]).X) == 5


def arrived(shelf, name, body):
    """The path of an upload that came whole."""
    with shelf.uploads.arriving(name) as arrival:
        assert arrival.write(body)
        return arrival.settle()


def send(shelf, name="my pets.csv", labels="kind"):
    path = arrived(shelf, name, b"a,b,c,d,kind\n1,2,3,4,cat\n5,6,7,8,dog\n")
    return path, shelf.take(path, name, labels)


def test_uploads_are_listed_again_by_the_next_server(tmp_path):
    first = library(tmp_path)
    told = [send(first)[1], send(first)[1]]
    assert [entry["id"] for entry in told] == ["my-pets", "my-pets-2"]
    again = {entry["id"]: entry for entry in library(tmp_path).listed()}
    assert [again[entry["id"]] for entry in told] == told
    other = library(tmp_path)
    assert send(other)[1]["id"] == "my-pets-3"


def test_what_was_left_of_uploads_is_removed_unless_a_run_reads_it(tmp_path):
    shelf = library(tmp_path)
    read, left, new, kept = (send(shelf)[0] for _ in range(4))
    for path in (read, left, new):
        path.with_name(path.name + ".about.json").unlink()
    for path in (read, left, kept):
        os.utime(path, (1, 1))
    stated = {"source": str(read), "data": "of a run", "labels": "kind"}
    (tmp_path / "run-1.json").write_text(json.dumps(stated))
    (tmp_path / "bad.json").write_text("[")
    kept.with_name(kept.name + ".about.json").write_text('{"id": "digits", "name": "digits", "labels": 3}')
    again = {entry["id"]: entry for entry in library(tmp_path).listed() if entry["given"]}
    assert set(again) == {"of-a-run", "digits-2"}  # the id of a built-in set stays its own
    assert again["of-a-run"]["classes"] == ["cat", "dog"]
    assert [path.exists() for path in (read, left, new, kept)] == [True, False, True, True]


@pytest.mark.parametrize(
    "nested",
    [
        lambda words, ends: words,
        lambda words, ends: pa.StructArray.from_arrays([pa.ListArray.from_arrays(ends, words)], ["w"]),
        lambda words, ends: pa.FixedSizeListArray.from_arrays(words, 2),
        lambda words, ends: pa.MapArray.from_arrays(ends, ends[1:], words),
    ],
    ids=["bare", "lists", "pairs", "maps"],
)
def test_a_table_whose_words_unpack_to_much_is_refused(tmp_path, monkeypatch, nested):
    monkeypatch.setattr("iconlearn.extraction.memory.free_memory", lambda device: 100_000_000)
    shelf = library(tmp_path)

    def sent(word, rows):
        words = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), [word]).cast(pa.string())
        words = nested(words, pa.array(np.arange(rows + 1), pa.int32()))
        path = arrived(shelf, "a.parquet", b"")
        numbers = np.random.default_rng(0).normal(size=len(words))
        pq.write_table(pa.table({"x": numbers, "y": numbers, "words": words}), path)
        return path

    bomb = sent("w" * 100_000, 1000)  # 0.1 GB of words, which are held several times
    assert bomb.stat().st_size < 200_000
    with pytest.raises(FileFormatError, match="its arrays need 0.4. GB, but 0.10 GB are free"):
        shelf.take(bomb, "a.parquet", None)
    check_expanded(sent("w" * 100, 1000), "a.parquet")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_points_with_named_coordinates_and_columns_of_every_kind(tmp_path, suffix):
    columns = {
        "row": [0, 1, 2, 3],
        "Y": [1.0, 2.0, np.nan, 4.0],
        "X": [0.5, 1.5, 2.5, 3.5],
        "weight": [0.25, 0.5, 1.0, 2.0],
        "cluster": [2, 2, 0, 0],
        "kind": ["cat", None, "dog", "ape"],
    }
    path = tmp_path / f"points.{suffix}"
    table = pa.table(columns)
    if suffix == "csv":
        import pyarrow.csv as arrow_csv

        arrow_csv.write_csv(table, path)
    else:
        pq.write_table(table, path)
    assert browsable(path)
    packet = points_packet(path)
    assert packet.arrays["positions"].tolist() == [[0.5, 1.0], [1.5, 2.0], [3.5, 4.0]]
    assert packet.arrays["rows"].tolist() == [0, 1, 3]  # row 2 has no place
    assert packet.fields["n"] == 3
    told = {about["name"]: (k, about) for k, about in enumerate(packet.fields["columns"])}
    assert set(told) == {"weight", "cluster", "kind"}
    assert told["weight"][1]["kind"] == "number"
    assert told["cluster"][1]["categories"] == ["0", "2"]
    k, about = told["kind"]
    assert about["categories"] == ["ape", "cat", "dog"]
    assert packet.arrays[f"column_{k}"].tolist() == [1, -1, 0]


@given(
    width=st.integers(1, 5),
    rows=st.integers(1, 6),
    named=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_two_or_three_columns_are_points_and_more_need_names(tmp_path_factory, width, rows, named):
    folder = tmp_path_factory.mktemp("points")
    values = np.arange(rows * width, dtype=float).reshape(rows, width) / 7
    np.save(folder / "a.npy", values)
    names = [f"c{k}" for k in range(width)]
    if named and width >= 2:
        names[-2:] = ["x", "y"]
    pq.write_table(pa.table(dict(zip(names, values.T, strict=True))), folder / "a.parquet")
    assert browsable(folder / "a.npy") == (width in (2, 3))
    expected = width in (2, 3) or (named and width >= 2)
    assert browsable(folder / "a.parquet") == expected
    if expected:
        first = width - 2 if named and width >= 2 else 0
        packet = points_packet(folder / "a.parquet")
        np.testing.assert_allclose(packet.arrays["positions"], values[:, first : first + 2], rtol=1e-6)
        assert len(packet.fields["columns"]) == width - 2
    else:
        with pytest.raises(InputError, match="x and y"):
            points_packet(folder / "a.parquet")


def test_points_without_a_place_are_refused(tmp_path):
    with pytest.raises(InputError, match="no row has two finite"):
        points_packet(csv(tmp_path, "x,y\nnan,1\n2,inf\n"))
    big = csv(tmp_path, "x,y\n1e300,1\n2,3\n", "big.csv")  # infinite as float32
    assert points_packet(big).arrays["rows"].tolist() == [1]


def test_of_too_many_points_an_even_part_is_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(browse, "MOST_POINTS", 10)
    np.save(tmp_path / "a.npy", np.arange(2000.0).reshape(1000, 2))
    packet = points_packet(tmp_path / "a.npy")
    assert packet.fields == {"n": 10, "columns": [], "of": 1000}
    assert packet.arrays["rows"].tolist() == [0, 111, 222, 333, 444, 555, 666, 777, 888, 999]


def test_columns_of_too_many_words_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(browse, "MOST_CATEGORIES", 2)
    packet = points_packet(csv(tmp_path, "x,y,few,many\n1,2,a,a\n3,4,b,b\n5,6,b,c\n"))
    assert [about["name"] for about in packet.fields["columns"]] == ["few"]


def test_a_million_points_are_a_packet(tmp_path):
    rng = np.random.default_rng(0)
    n = 1_000_000
    table = {"x": rng.normal(size=n), "y": rng.normal(size=n), "label": rng.integers(0, 5, n)}
    pq.write_table(pa.table(table), tmp_path / "many.parquet")
    shelf = library(tmp_path)
    body = shelf.points(shelf.add(tmp_path / "many.parquet").id)
    packet = decode(body)
    assert packet.fields["n"] == n
    np.testing.assert_array_equal(packet.arrays["positions"][:, 0], table["x"].astype(np.float32))
    np.testing.assert_array_equal(packet.arrays["column_0"], table["label"])
    assert len(body) < 20e6


def test_the_server_sends_points_and_says_why_it_cannot(tmp_path, monkeypatch):
    stand_in(monkeypatch)
    with served(tmp_path) as here:
        text = "x,y,name\n" + "".join(f"{k},{k * k},n{k % 3}\n" for k in range(20))
        sent = here.client.post("api/data?name=places.csv", content=text.encode())
        assert sent.status_code == 201  # words cannot be learnt from, but they can be looked at
        told = sent.json()
        assert told["points"]
        assert "name" in told["error"]
        assert told["methods"] == []
        packet = decode(here.client.get(f"api/points/{told['id']}").content)
        assert packet.fields["n"] == 20
        assert packet.fields["columns"][0]["categories"] == ["n0", "n1", "n2"]
        for id in ("digits", "unknown"):
            answer = here.client.get(f"api/points/{id}")
            assert answer.status_code == 409
            assert answer.json()["error"]


def test_cells_are_told_one_by_one(tmp_path, monkeypatch):
    stand_in(monkeypatch)
    with served(tmp_path) as here:
        assert here.client.get("api/table").json()["methods"] == [{"name": "t-sne"}]
        assert here.client.get("api/methods/sne").json() == {"name": "sne"}
        answer = here.client.get("api/methods/no-such")
    assert answer.status_code == 404
    assert "there is no method 'no-such'" in answer.json()["error"]


def test_what_cells_need_is_loaded_behind_the_table_once(tmp_path, monkeypatch):
    stand_in(monkeypatch)
    loaded = []
    monkeypatch.setattr("iconlearn.explorer.site.catalogue.prepare", lambda: loaded.append(1))
    with served(tmp_path) as here:
        for _ in range(2):
            assert here.client.get("api/table").status_code == 200
    assert loaded == [1]


def test_certificates_are_measured_once_and_told_when_they_are_there(tmp_path, monkeypatch):
    stand_in(monkeypatch)
    with served(tmp_path) as here:
        assert here.client.get("api/methods/t-sne/certificate").json()["state"] in ("computing", "done")
        for _ in range(100):
            told = here.client.get("api/methods/t-sne/certificate").json()
            if told["state"] == "done":
                break
        assert told["lines"][0]["holds"]
        assert here.client.get("api/methods/no-such/certificate").status_code == 404


def test_a_table_of_a_run_can_be_browsed(tmp_path):
    record(tmp_path / "run")
    buffer = io.BytesIO()
    columns = {"row": [0, 1], "z0": [0.0, 1.0], "z1": [2.0, 3.0], "label": ["a", "b"]}
    pq.write_table(pa.table(columns), buffer)
    (tmp_path / "embedding.parquet").write_bytes(buffer.getvalue())
    packet = points_packet(tmp_path / "embedding.parquet")
    assert packet.arrays["positions"].tolist() == [[0.0, 2.0], [1.0, 3.0]]
    assert [about["name"] for about in packet.fields["columns"]] == ["label"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    stand_in(monkeypatch)
    with served(tmp_path) as here:
        (tmp_path / "runs").write_text("a file where the folder should be")
        wanted = {"method": "t-sne", "data": "digits"}
        for answer in (
            here.client.post("api/runs", json=wanted),
            here.client.post("api/data?name=a.csv", content=b"a,b\n1,2\n"),
        ):
            assert answer.status_code == 507
            assert "--runs DIR" in answer.json()["error"]
        assert here.client.get("api/runs").json() == []
