"""The tables at the beginning of an events payload."""

from dataclasses import dataclass, field
from typing import TypeVar

from container import Block
from damage import Damage
from names import FIRST_OWN_KEY, KEYS
from values import Cursor, as_int64

PAYLOAD_VERSION = 1
FIXED_COLUMNS = 8
SPARSE_FROM = 4

Entry = TypeVar("Entry")


def pick(table: list[Entry], number: int, what: str) -> Entry:
    if not 0 <= number < len(table):
        raise Damage(f"{what} {number} of {len(table)}")
    return table[number]


@dataclass(frozen=True)
class Clock:
    step: int
    ticks: int
    unix: int
    rate: int

    def nanos(self, stamp: int) -> int:
        """Unix nanoseconds, rounded towards the anchor."""
        steps = (stamp & (1 << 64) - 1) - self.ticks
        scaled = abs(steps) * self.rate >> 32
        return as_int64(self.unix + (scaled if steps >= 0 else -scaled))


@dataclass(frozen=True)
class Role:
    operation: int
    phase: int
    layer: int | None
    stage: int | None
    name: str
    link: tuple[str, str] | None


@dataclass
class Template:
    stream: bytes
    fact: int
    role: Role
    rows: int
    sparse: list[int]
    keys: list[str] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    columns: list[list[int]] = field(default_factory=list)

    def count(self, column: int) -> int:
        return self.rows if column < SPARSE_FROM else self.sparse[column - SPARSE_FROM]


@dataclass
class Series:
    prefix: str
    width: int
    members: int

    def member(self, number: int) -> str:
        return self.prefix + str(number).rjust(self.width, "0")


@dataclass
class Tables:
    count: int
    clock: Clock
    base_time: int
    foreign: int
    bases: list[int]
    strings: list[str]
    series: list[Series]
    blobs: list[bytes]
    traces: list[int]
    templates: list[Template]


def role(cursor: Cursor, strings: list[str]) -> Role:
    operation, phase, layer, stage = cursor.byte(), cursor.byte(), cursor.varint(), cursor.varint()
    name = pick(strings, cursor.varint(), "string")
    link = None
    if cursor.byte():
        link = (pick(strings, cursor.varint(), "string"), pick(strings, cursor.varint(), "string"))
    return Role(operation, phase, layer - 1 if layer else None, stage - 1 if stage else None, name, link)


def traces(cursor: Cursor, block: Block, bases: list[int]) -> list[int]:
    found, highs = [0], []
    for _ in range(cursor.varint()):
        if cursor.byte() == 0:
            found.append(cursor.word() << 64 | cursor.word())
            continue
        known = cursor.varint()
        if known:
            high = pick(highs, known - 1, "trace prefix")
        else:
            high = cursor.word()
            if len(highs) < 64:
                highs.append(high)
        owner = cursor.varint()
        base = block.incarnation + block.first_sequence if owner == 0 else pick(bases, owner - 1, "base")
        found.append(high << 64 | (base + cursor.zigzag()) & (1 << 64) - 1)
    return found


def templates(cursor: Cursor, block: Block, strings: list[str]) -> list[Template]:
    roles = [role(cursor, strings) for _ in range(cursor.varint())]
    streams = [block.stream] + [(cursor.take(16), cursor.take(4))[0] for _ in range(cursor.varint())]
    found = []
    for _ in range(cursor.varint()):
        stream = pick(streams, cursor.varint(), "stream")
        fact, number, rows = cursor.byte(), cursor.varint(), cursor.varint()
        template = Template(stream, fact, pick(roles, number, "role"), rows, [cursor.varint() for _ in range(4)])
        for _ in range(cursor.varint()):
            template.types.append(cursor.byte())
            key = cursor.varint()
            template.keys.append(
                pick(KEYS, key, "key") if key < FIRST_OWN_KEY else pick(strings, key - FIRST_OWN_KEY, "string"))
        found.append(template)
    return found


def tables(cursor: Cursor, block: Block) -> Tables:
    version, count = cursor.byte(), cursor.varint()
    if version != PAYLOAD_VERSION:
        raise Damage(f"expected payload version {PAYLOAD_VERSION}, found {version}")
    if count != block.events:
        raise Damage(f"the header says {block.events} events, the payload {count}")
    clock = Clock(cursor.varint(), cursor.word(), as_int64(cursor.word()), cursor.word())
    base_time, foreign = as_int64(cursor.word()), cursor.varint()
    bases = [cursor.word() for _ in range(cursor.varint())]
    strings = [cursor.text() for _ in range(cursor.varint())]
    series = [Series(pick(strings, cursor.varint(), "string"), cursor.varint(), cursor.varint())
              for _ in range(cursor.varint())]
    blobs = [cursor.take(cursor.varint()) for _ in range(cursor.varint())]
    named = traces(cursor, block, bases)
    return Tables(count, clock, base_time, foreign, bases, strings, series, blobs, named,
                  templates(cursor, block, strings))
