"""An events payload: tables first, then one column after another."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from container import Block
from damage import Damage
from names import FIRST_OWN_KEY, KEYS
from values import Cursor, as_int64

PAYLOAD_VERSION = 0
BEGIN, END, SPAN, MARK, TOKENS, SAMPLE = range(1, 7)

Value = int | float | bool | str | bytes
Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Role:
    operation: int
    phase: int
    layer: int | None
    stage: int | None
    name: str
    link: tuple[str, str] | None


@dataclass
class Event:
    incarnation: int
    sequence: int
    kind: int
    status: int
    role: Role
    time: int
    duration: int = 0
    span: int = 0
    parent: int = 0
    trace: int = 0
    value: int = 0
    attributes: list[tuple[str, Value]] = field(default_factory=list)


@dataclass
class Tables:
    strings: list[str]
    roles: list[Role]
    traces: list[int]
    blobs: list[bytes]
    shapes: list[list[tuple[int, int]]]


def pick(table: list[Entry], number: int, what: str) -> Entry:
    if number >= len(table):
        raise Damage(f"{what} {number} of {len(table)}")
    return table[number]


def tables(cursor: Cursor) -> Tables:
    strings = [cursor.text() for _ in range(cursor.varint())]

    def role() -> Role:
        operation, phase, layer, stage = cursor.byte(), cursor.byte(), cursor.varint(), cursor.varint()
        name = pick(strings, cursor.varint(), "string")
        link = None
        if cursor.byte():
            link = (pick(strings, cursor.varint(), "string"), pick(strings, cursor.varint(), "string"))
        return Role(operation, phase, layer - 1 if layer else None, stage - 1 if stage else None, name, link)

    roles = [role() for _ in range(cursor.varint())]
    # High word, then low word, each little-endian; trace 0 stands in the table, as zeros.
    traces = [cursor.word() << 64 | cursor.word() for _ in range(cursor.varint())]
    blobs = [cursor.take(cursor.varint()) for _ in range(cursor.varint())]
    shapes = [[(cursor.varint(), cursor.byte()) for _ in range(cursor.varint())] for _ in range(cursor.varint())]
    return Tables(strings, roles, traces, blobs, shapes)


class Ids:
    """Ids as a column of classes and one of values."""

    def __init__(self, classes: Cursor, values: Cursor, incarnation: int) -> None:
        self.classes, self.values, self.incarnation = classes, values, incarnation
        self.before = 0

    def next(self, sequence: int, implied: int) -> int:
        match self.classes.byte():
            case 0:  # implied
                return implied
            case 1:  # of the own incarnation
                self.before = (self.incarnation + sequence - self.values.zigzag()) & (1 << 64) - 1
            case 2:  # the same as before
                pass
            case 3:  # foreign
                self.before = self.values.word()
            case other:
                raise Damage(f"class {other} of an id")
        return self.before


class AttributeColumn:
    def __init__(self, type: int, column: Cursor, tables: Tables) -> None:
        self.type, self.column, self.tables, self.last = type, column, tables, 0

    def next(self) -> Value:
        match self.type:
            case 1:
                self.last = as_int64(self.last + self.column.zigzag())
                return self.last
            case 2:
                (number,) = struct.unpack("<d", self.column.take(8))
                return number
            case 3:
                return self.column.byte() != 0
            case 4:
                return pick(self.tables.strings, self.column.varint(), "string")
            case 5:
                return pick(self.tables.blobs, self.column.varint(), "blob")
        raise Damage(f"attribute type {self.type}")


def key_name(key: int, strings: list[str]) -> str:
    return pick(KEYS, key, "key") if key < FIRST_OWN_KEY else pick(strings, key - FIRST_OWN_KEY, "string")


def events(block: Block) -> Iterator[Event]:
    cursor = Cursor(block.payload)
    version, count = cursor.byte(), cursor.varint()
    if version != PAYLOAD_VERSION:
        raise Damage(f"expected payload version {PAYLOAD_VERSION}, found {version}")
    if count != block.events:
        raise Damage(f"the header says {block.events} events, the payload {count}")
    shared = tables(cursor)
    (facts, roles, times, durations, parent_classes, parent_values, span_classes, span_values, traces, values,
     shapes) = (cursor.part() for _ in range(11))
    columns = [[AttributeColumn(type, cursor.part(), shared) for _, type in shape] for shape in shared.shapes]
    parents = Ids(parent_classes, parent_values, block.incarnation)
    spans = Ids(span_classes, span_values, block.incarnation)
    time = 0
    for sequence in range(block.first_sequence, block.first_sequence + count):
        fact = facts.byte()
        kind = fact & 7
        time = as_int64(time + times.zigzag())
        event = Event(block.incarnation, sequence, kind, fact >> 3 & 3, pick(shared.roles, roles.varint(), "role"), time)
        if kind == SPAN:
            event.duration = durations.zigzag()
        event.parent = parents.next(sequence, 0)
        if kind in (BEGIN, END, SPAN):
            event.span = spans.next(sequence, (block.incarnation + sequence) & (1 << 64) - 1)
        event.trace = pick(shared.traces, traces.varint(), "trace")
        if kind == TOKENS:
            event.value = values.zigzag()
        shape = shapes.varint()
        event.attributes = [
            (key_name(key, shared.strings), column.next())
            for (key, _), column in zip(pick(shared.shapes, shape, "shape"), columns[shape])
        ]
        yield event
