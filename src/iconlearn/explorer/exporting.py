"""A recorded run as one file: a page that needs no server, or a table of its points."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._errors import FileFormatError
from iconlearn.explorer import catalogue
from iconlearn.explorer.tape import Tape
from iconlearn.recording.packets import MOMENT, POINTS, RUN, WATCHED, Packet, read_packets

_SCRIPT = re.compile(r'<script\b[^>]*\bsrc="\./(assets/[\w.-]+)"[^>]*>\s*</script>')
_STYLE = re.compile(r'<link\b(?=[^>]*\brel="stylesheet")[^>]*\bhref="\./(assets/[\w.-]+)"[^>]*>')
_OTHER = re.compile(r"<link\b[^>]*>")  # icons and preloads have no place in one file


def export_page(recording: Path, page: Any) -> bytes:
    """One file with a recorded run: the front end, and the packets of the recording, gzipped, as base64.

    A content-security policy in the file allows its own code and styles, by their digests, and nothing else; no address
    is contacted.

    Parameters
    ----------
    recording : Path
        ``recording.icon`` of a run.
    page : Path or Traversable
        Folder of the built front end.

    Returns
    -------
    bytes

    Raises
    ------
    FileFormatError
        If the front end is not built, or the recording holds nothing.
    """
    index = page / "index.html"
    if not index.is_file():
        raise FileFormatError("the page is not built; run `make page`, or install the wheel")
    text, scripts, styles = index.read_text("utf-8"), [], []

    def script(found: re.Match[str]) -> str:
        code = (page / found[1]).read_text("utf-8")
        # what would end the element, or change how it is read, is written so that the code is the same
        code = re.sub(r"<(?=/?script|!--)", r"\\x3C", code, flags=re.IGNORECASE)
        scripts.append(code)
        return ""

    def style(found: re.Match[str]) -> str:
        rules = (page / found[1]).read_text("utf-8").replace("</", r"<\/")
        styles.append(rules)
        return f"<style>{rules}</style>"

    text = _OTHER.sub("", _STYLE.sub(style, _SCRIPT.sub(script, text)))
    packed = gzip.compress(whole_packets(recording), 9, mtime=0)
    allowed = f"script-src {digests(scripts)}; style-src {digests(styles)}"
    rules = f"default-src 'none'; {allowed}; img-src data: blob:; base-uri 'none'; form-action 'none'"
    head = f'<meta http-equiv="Content-Security-Policy" content="{html.escape(rules)}">'
    data = (
        f'<script type="application/octet-stream" id="recording">{base64.b64encode(packed).decode()}</script>'
    )
    cell = json.dumps(catalogue.exported(methods_of(recording)), allow_nan=False).replace("<", r"\u003c")
    data += f'<script type="application/json" id="table">{cell}</script>'
    code = "".join(f'<script type="module">{part}</script>' for part in scripts)
    text = re.sub(r"<head\b[^>]*>", lambda found: found[0] + head, text, count=1)
    before, end, after = text.rpartition("</body>")
    return f"{before}{data}{code}{end}{after}".encode()


def digests(parts: list[str]) -> str:
    """Sources of a content-security policy: the digests of what is in the file."""
    found = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in parts]
    return " ".join(f"'sha256-{digest}'" for digest in found) or "'none'"


def methods_of(recording: Path) -> set[str]:
    """The names of the methods whose runs are recorded."""
    return {str(packet.fields.get("method")) for packet in read_packets(recording) if packet.kind == RUN}


def whole_packets(recording: Path) -> bytes:
    """The bytes of a recording up to its last whole packet."""
    tape = Tape(recording)
    tape.grow()
    if not tape.end:
        raise FileFormatError(f"{recording}: holds no recording; give the folder of a run that has one")
    with open(recording, "rb") as file:
        return file.read(tape.end)


def export_parquet(recording: Path) -> bytes:
    """The points of a recorded run as they were last, as a table.

    Columns: ``row`` of the data set, ``x`` and ``y`` on the map, the columns of the points (such as ``label``),
    ``cluster`` and ``confidence`` of a clustering, and ``divergence`` of the rows that were watched (null of others).

    Parameters
    ----------
    recording : Path

    Returns
    -------
    bytes
        Of a Parquet file.

    Raises
    ------
    FileFormatError
        If the recording has no points.
    """
    import pyarrow as pa
    from pyarrow import parquet

    run = points = moment = None
    watched: list[np.ndarray] = []
    for packet in read_packets(recording):
        if packet.kind == RUN:
            run = packet
        elif packet.kind == POINTS:
            points = packet
        elif packet.kind == WATCHED:
            watched.append(packet.arrays["points"])
        elif packet.kind == MOMENT:
            moment = packet
    if points is None:
        raise FileFormatError(f"{recording}: has no points; give a run that has begun")
    table = columns_of(points, moment, np.concatenate(watched) if watched else np.zeros(0, np.int32))
    about = (
        {} if run is None else {"method": str(run.fields.get("method")), "data": str(run.fields.get("data"))}
    )
    file = io.BytesIO()
    parquet.write_table(pa.table(table).replace_schema_metadata(about), file)
    return file.getvalue()


def columns_of(points: Packet, moment: Packet | None, watched: np.ndarray) -> dict[str, Any]:
    """The columns of the table by name."""
    import pyarrow as pa

    now = {} if moment is None else dict(moment.arrays)
    table: dict[str, Any] = {"row": points.arrays["rows"]}
    positions = now.get("positions", points.arrays.get("positions"))
    if positions is not None:
        table |= {"x": np.ascontiguousarray(positions[:, 0]), "y": np.ascontiguousarray(positions[:, 1])}
    for k, about in enumerate(points.fields.get("columns", [])):
        values, names = points.arrays[f"column_{k}"], about.get("categories")
        if names is not None:
            values = pa.array([names[code] if code >= 0 else None for code in values.tolist()], pa.string())
        table[free_name(str(about["name"]), table)] = values
    table |= {name: now[name] for name in ("cluster", "confidence") if name in now}
    if "divergence" in now:
        spread = np.full(len(table["row"]), np.nan)
        seen = watched[: len(now["divergence"])]
        on_map = seen >= 0
        spread[seen[on_map]] = now["divergence"][: len(seen)][on_map]
        table["divergence"] = pa.array(spread, from_pandas=True)
    return table


def free_name(name: str, table: dict[str, Any]) -> str:
    """The name, with a line below where it is taken."""
    while name in table or name in ("cluster", "confidence", "divergence"):
        name += "_"
    return name
