"""The rows of a session, as `generate --columns` wrote them: see Sources/generate/Columns.swift for what they say."""

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow

TYPES = {
    "start": pyarrow.int64(), "duration": pyarrow.int64(), "kind": pyarrow.uint8(), "phase": pyarrow.uint8(),
    "device": pyarrow.uint8(), "layer": pyarrow.int16(), "link": pyarrow.uint8(), "trace_high": pyarrow.uint64(),
    "trace_low": pyarrow.uint64(), "span": pyarrow.uint64(), "parent": pyarrow.uint64(),
    "size_bytes": pyarrow.int64(), "hit": pyarrow.uint8(), "tokens": pyarrow.int64(),
}


@dataclass(frozen=True)
class Trace:
    """The trace asked for, in the halves that it is kept in."""

    high: int
    low: int


def trace(hexadecimal: str) -> Trace:
    return Trace(int(hexadecimal[:16], 16), int(hexadecimal[16:], 16))


def names(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder / "names.json").read_text()))


def table(folder: Path) -> pyarrow.Table:
    rows = names(folder)["rows"]
    return pyarrow.table({
        name: pyarrow.Array.from_buffers(kind, rows, [None, pyarrow.py_buffer((folder / f"{name}.bin").read_bytes())])
        for name, kind in TYPES.items()
    })
