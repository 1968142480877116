"""Packets come back as they were, and nothing that is not one is taken for one."""

from __future__ import annotations

import json
import math
import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from iconlearn._errors import FileFormatError, InputError
from iconlearn.recording import Packet, decode, encode, read_packets
from iconlearn.recording.packets import DTYPES, PacketFile

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(
    lambda s: s not in ("kind", "arrays")
)
ARRAYS = st.sampled_from([*DTYPES, ">f4", ">i4"]).flatmap(
    lambda dtype: arrays_of.arrays(
        dtype, arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
    )
)
PACKETS = st.builds(
    Packet,
    st.text("abcdef", min_size=1),
    st.dictionaries(NAMES, VALUES, max_size=4),
    st.dictionaries(NAMES, ARRAYS, max_size=3),
)


def same(a: Packet, b: Packet) -> bool:
    return (
        a.kind == b.kind
        and a.fields == b.fields
        and list(a.arrays) == list(b.arrays)
        and all(np.array_equal(a.arrays[k], b.arrays[k], equal_nan=True) for k in a.arrays)
        and all(a.arrays[k].shape == b.arrays[k].shape for k in a.arrays)
    )


def hand_made(header: object, body: bytes = b"", *, magic: bytes = b"ICON", pad: bool = True) -> bytes:
    """A packet written from the description of the format, of any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * (-(12 + len(text)) % 8) if pad else b""
    return magic + struct.pack("<II", len(text), len(body)) + text + body


@given(PACKETS)
@settings(deadline=None, max_examples=50)
def test_what_is_written_is_read(packet):
    body = encode(packet)
    assert len(body) % 8 == 0
    assert same(decode(body), packet)
    assert decode(bytearray(body)).kind == packet.kind


@given(PACKETS)
@settings(deadline=None, max_examples=50)
def test_the_bytes_are_those_of_the_description(packet):
    body = encode(packet)
    magic, header, rest = struct.unpack_from("<4sII", body)
    assert magic == b"ICON"
    assert len(body) == 12 + header + rest
    told = json.loads(body[12 : 12 + header])
    assert (12 + header) % 8 == 0
    for name, array in packet.arrays.items():
        about = told["arrays"][name]
        assert about["offset"] % 8 == 0
        start = 12 + header + about["offset"]
        written = np.frombuffer(body[start:], about["dtype"], math.prod(about["shape"]))
        assert np.array_equal(written.reshape(about["shape"]), array, equal_nan=True)


def test_a_packet_of_the_description_is_read():
    numbers = np.arange(6, dtype="<f4")
    header = {"kind": "moment", "step": 7, "arrays": {"q": {"dtype": "<f4", "shape": [2, 3], "offset": 8}}}
    packet = decode(hand_made(header, bytes(8) + numbers.tobytes()))
    assert (packet.kind, packet.fields) == ("moment", {"step": 7})
    assert np.array_equal(packet.arrays["q"], numbers.reshape(2, 3))
    with pytest.raises(ValueError, match="read-only"):
        packet.arrays["q"][0, 0] = 1


def test_no_number_of_json_is_nan():
    packet = Packet(
        "moment", {"loss": math.nan, "stats": {"gap": np.float32(math.inf), "n": np.int64(3)}, "t": (1, 2)}
    )
    body = encode(packet)
    assert b"NaN" not in body
    assert b"Infinity" not in body
    assert decode(body).fields == {"loss": None, "stats": {"gap": None, "n": 3}, "t": [1, 2]}


@pytest.mark.parametrize(
    "packet",
    [
        Packet("run", {"kind": "other"}),
        Packet("run", {"arrays": {}}),
        Packet("run", {"what": object()}),
        Packet("run", {}, {"x": np.zeros(3, np.int64)}),
        Packet("run", {}, {"x": np.array(["a"], dtype=object)}),
        Packet("run", {}, {"x": np.zeros(3, complex)}),
        Packet("run", {"text": "x" * (17 << 20)}),
    ],
)
def test_what_cannot_be_read_is_not_written(packet):
    with pytest.raises(InputError, match="Packet"):
        encode(packet)


GOOD = {"kind": "moment", "arrays": {}}


def array(**changes: object) -> dict:
    about = {"dtype": "<f4", "shape": [2], "offset": 0} | changes
    return {"kind": "moment", "arrays": {"q": about}}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ICON",
        hand_made(GOOD, magic=b"JCON"),
        hand_made(GOOD) + b"\0",
        hand_made(GOOD)[:-1],
        hand_made(b'{"kind": "run", "arrays": {}}   ', pad=False),
        b"ICON" + struct.pack("<II", 0xFFFFFFFC, 0),
        b"ICON" + struct.pack("<II", 4, 0xFFFFFFFF),
        hand_made(b"{"),
        hand_made(b"\xff\xfe"),
        hand_made(b"[" * 100_000),
        hand_made(b'{"kind": "run", "arrays": {}, "x": NaN}'),
        hand_made(b'{"kind": "run", "arrays": {}, "x": ' + b"9" * 5000 + b"}"),
        hand_made([]),
        hand_made({"arrays": {}}),
        hand_made({"kind": 3, "arrays": {}}),
        hand_made({"kind": "run"}),
        hand_made({"kind": "run", "arrays": []}),
        hand_made({"kind": "run", "arrays": {"q": [1]}}, bytes(8)),
        hand_made(array(dtype="|O"), bytes(8)),
        hand_made(array(dtype="<f2"), bytes(8)),
        hand_made(array(dtype=["<f4"]), bytes(8)),
        hand_made(array(shape=[3]), bytes(8)),
        hand_made(array(shape=[-2]), bytes(8)),
        hand_made(array(shape=[-2, -1]), bytes(8)),
        hand_made(array(shape=[True]), bytes(8)),
        hand_made(array(shape=[1.0]), bytes(8)),
        hand_made(array(shape=2), bytes(8)),
        hand_made(array(shape=[1] * 9), bytes(8)),
        hand_made(array(shape=[2**62, 2**62]), bytes(8)),
        hand_made(array(shape=[0, 2**62]), bytes(8)),
        hand_made(array(shape=[0] + [2**31] * 3), bytes(8)),
        hand_made(array(offset=4, shape=[1]), bytes(8)),
        hand_made(array(offset=-8), bytes(8)),
        hand_made(array(offset=8), bytes(8)),
        hand_made(array(offset=True), bytes(8)),
        hand_made(array(offset=None), bytes(8)),
    ],
)
def test_what_is_no_packet_is_refused(body, tmp_path):
    with pytest.raises(FileFormatError):
        decode(body)
    path = tmp_path / "recording.icon"
    path.write_bytes(encode(Packet("run")) + body)
    if body[: len(body) - 1] != hand_made(GOOD):  # of which a file may have more
        assert [packet.kind for packet in read_packets(path)] == ["run"]


@given(PACKETS, st.data())
@settings(deadline=None, max_examples=100)
def test_a_damaged_byte_is_refused_or_a_packet_still(packet, data):
    body = bytearray(encode(packet))
    body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(FileFormatError):
        decode(body)


def recording() -> list[Packet]:
    return [
        Packet("run", {"method": "t-sne"}),
        Packet("losses", {"first": 0}, {"loss": np.arange(3, dtype=np.float32)}),
        Packet("moment", {"step": 2}, {"q": np.eye(3, dtype=np.float32)}),
        Packet("end", {"state": "finished"}),
    ]


def test_a_file_that_is_cut_anywhere_holds_what_came_before(tmp_path, caplog):
    packets = recording()
    bodies = [encode(packet) for packet in packets]
    ends = np.cumsum([len(body) for body in bodies])
    whole = b"".join(bodies)
    for size in range(len(whole) + 1):
        path = tmp_path / "recording.icon"
        path.write_bytes(whole[:size])
        caplog.clear()
        count = int((ends <= size).sum())
        if not count:
            with pytest.raises(FileFormatError, match="is no recording"):
                list(read_packets(path))
            continue
        found = list(read_packets(path))
        assert len(found) == count
        assert all(same(a, b) for a, b in zip(found, packets, strict=False))
        assert bool(caplog.records) == (size not in ends)


def test_a_file_is_cut_back_to_a_step(tmp_path):
    file = PacketFile(tmp_path / "deep" / "recording.icon")
    assert file.read() == []
    file.truncate_after(3)  # of nothing there is nothing to cut
    steps = [Packet("run"), Packet("watched")]
    for first, last in ((0, 1), (1, 5), (5, 10)):
        steps.append(Packet("losses", {"first": first}, {"loss": np.zeros(last - first, np.float32)}))
        steps.append(Packet("moment", {"step": last - 1}))
    steps += [Packet("moment", {"step": 10, "final": True}), Packet("end")]

    def left(step: int) -> list[Packet]:
        file.clear()
        for packet in steps:
            file.append(packet)
        file.truncate_after(step)
        return file.read()

    assert [p.kind for p in left(0)] == ["run", "watched"]
    assert [p.fields["step"] for p in left(4) if p.kind == "moment"] == [0]
    assert [p.fields["step"] for p in left(5) if p.kind == "moment"] == [0, 4]
    assert [p.fields["step"] for p in left(10) if p.kind == "moment"] == [0, 4, 9]
    file.append(Packet("moment", {"step": 11}))
    assert file.read()[-1].fields == {"step": 11}
    with open(file.path, "ab") as cut:
        cut.write(encode(Packet("moment", {"step": 12}))[:-3])
    file.truncate_after(100)  # before anything is added to a file that was cut by a kill
    file.append(Packet("moment", {"step": 13}))
    assert [p.fields["step"] for p in file.read() if p.kind == "moment"] == [0, 4, 9, 11, 13]


def test_who_reads_a_file_that_is_cut_back_reads_it_to_its_end(tmp_path):
    file = PacketFile(tmp_path / "recording.icon")
    for step in range(5):
        file.append(Packet("moment", {"step": step}))
    whole = file.path.read_bytes()
    with open(file.path, "rb", buffering=0) as reader:
        assert reader.read(10) == whole[:10]
        file.truncate_after(2)
        file.append(Packet("moment", {"step": 7}))
        assert reader.read() == whole[10:]
    assert [packet.fields["step"] for packet in file.read()] == [0, 1, 2, 7]
    assert [path.name for path in tmp_path.iterdir()] == ["recording.icon"]


@pytest.mark.parametrize(
    "late",
    [
        Packet("moment"),
        Packet("moment", {"step": "many"}),
        Packet("moment", {"step": None}),
        Packet("losses", {"first": 0}),
        Packet("losses", {"first": []}, {"loss": np.zeros(2, np.float32)}),
    ],
)
def test_packets_of_no_step_end_what_is_kept(late, tmp_path):
    file = PacketFile(tmp_path / "recording.icon")
    file.append(Packet("run"))
    file.append(late)
    file.truncate_after(5)
    assert [packet.kind for packet in file.read()] == ["run"]


def test_what_is_no_recording_is_begun_anew(tmp_path):
    file = PacketFile(tmp_path / "recording.icon")
    file.path.write_bytes(b"something else")
    file.truncate_after(4)
    assert not file.path.exists()
