"""Packed files made by hand for the tests, from docs/FORMAT.md: the format's own writers never make most of these."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import zstandard

from checksums import crc32c, xxh64
from container import DESCRIPTION, EVENTS, MAGIC, PACKED, VERSION
from values import MASK

MARKER, SESSION, STREAM = b"sync marker, 16.", b"the session's id", b"the stream's id."
INCARNATION, FIRST = 0x1000, 5


def varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def zigzag(value: int) -> bytes:
    return varint(2 * value if value >= 0 else -2 * value - 1)


def text(value: str | bytes) -> bytes:
    data = value if isinstance(value, bytes) else value.encode()
    return varint(len(data)) + data


def table(entries: Sequence[bytes]) -> bytes:
    return varint(len(entries)) + b"".join(entries)


def word(value: int) -> bytes:
    return struct.pack("<Q", value & MASK)


def frame(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True, write_content_size=True).compress(data)


@dataclass
class Column:
    """One column: what its head says, and its bytes in both parts. A constant unless told."""

    head: bytes
    body: bytes = b""
    tail: bytes = b""


def constant(value: int) -> Column:
    return Column(b"\0" + zigzag(value))


def plain(values: Sequence[int]) -> Column:
    """Eight planes in the body, which hold anything."""
    words = struct.pack(f"<{len(values)}q", *values)
    return Column(b"\x01\x00\x08\x00", b"".join(words[plane::8] for plane in range(8)))


@dataclass
class Kind:
    """A template with all of its columns; `facts` are gap, extent, edge, link and, where used, the four others."""

    fact: int
    rows: int
    facts: dict[str, Column] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)
    attributes: Sequence[tuple[int, int, Column]] = ()


NAMES = ["gap", "extent", "edge", "link", "parent-base", "parent-value", "span-value", "trace-value"]


@dataclass
class Payload:
    kinds: Sequence[Kind]
    order: bytes
    step: int = 1
    anchors: tuple[int, int, int] = (0, 0, 1 << 32)
    base_time: int = 0
    foreign: Sequence[int] = ()
    bases: Sequence[int] = ()
    strings: Sequence[str] = ("", "name")
    series: Sequence[tuple[int, int, int, Column]] = ()
    blobs: Sequence[bytes] = ()
    traces: Sequence[bytes] = ()

    def parts(self) -> tuple[bytes, bytes]:
        """Main part and tail."""
        templates = [
            varint(0) + bytes([kind.fact]) + varint(0) + varint(kind.rows)
            + b"".join(varint(kind.values.get(name, 0)) for name in NAMES[4:])
            + table([bytes([type]) + varint(key) for type, key, _ in kind.attributes]) for kind in self.kinds]
        facts = [kind.facts.get(name, constant(0)) for name in NAMES for kind in self.kinds
                 if (kind.rows if name in NAMES[:4] else kind.values.get(name, 0))]
        most = max(len(kind.attributes) for kind in self.kinds)
        attributes = [kind.attributes[place][2] for place in range(most) for kind in self.kinds
                      if place < len(kind.attributes)]
        series = [column for _, _, members, column in self.series if members]
        columns = [*series, *facts, *attributes]
        main = (
            bytes([VERSION]) + varint(len(self.order)) + varint(self.step) + b"".join(map(word, self.anchors))
            + word(self.base_time) + varint(len(self.foreign)) + table([word(base) for base in self.bases])
            + table([text(string) for string in self.strings])
            + table([varint(prefix) + varint(width) + varint(members) for prefix, width, members, _ in self.series])
            + table([text(blob) for blob in self.blobs]) + table(self.traces)
            + table([b"\0\0\0\0\x01\0"]) + table([]) + table(templates)
            + b"".join(column.head for column in columns)
            + b"".join(column.body for column in series) + self.order
            + b"".join(column.body for column in [*facts, *attributes]))
        return main, b"".join(map(word, self.foreign)) + b"".join(column.tail for column in columns)


def block(offset: int, type: int, main: bytes, tail: bytes = b"", events: int = 0, stream: bytes = STREAM,
          stored: bytes | None = None) -> bytes:
    stored = frame(main) + tail if stored is None else stored
    incarnation, first, last = (INCARNATION, FIRST, FIRST + events - 1) if events else (0, 0, 0)
    head = struct.pack("<16sBBHIII16sQQQIIqqQQQqQI", MARKER, type, 1, 0, 144, len(stored), len(main), stream,
                       incarnation, first, last, events, 1 if stream == STREAM else 0, 0, 0, 0, xxh64(stored), offset,
                       0, 0, 0)
    return head + struct.pack("<I", crc32c(head)) + stored


def description(pairs: dict[str, str]) -> bytes:
    return b"\0" + table([text(key) + text(value) for key, value in pairs.items()])


def file(payload: Payload) -> bytes:
    return file_of(*payload.parts(), len(payload.order))


def file_of(main: bytes, tail: bytes, events: int, stored: bytes | None = None) -> bytes:
    head = struct.pack("<8sHBBI16s16s16sqI", MAGIC, VERSION, PACKED, 0, 0, SESSION, bytes(16), MARKER, 0, 0)
    data = head + struct.pack("<I", crc32c(head))
    name = f"{int.from_bytes(SESSION[:8], 'little'):016x}{int.from_bytes(SESSION[8:], 'little'):016x}"
    data += block(len(data), DESCRIPTION, description({"session": name, "created": "0", "name": "hand"}),
                  stream=bytes(16))
    data += block(len(data), DESCRIPTION, description({"device": "mini1", "state": "closed"}))
    data += block(len(data), EVENTS, main, tail, events, stored=stored)
    return data + block(len(data), DESCRIPTION, description({"blocks": "1", "events": str(events)}), stream=bytes(16))
