"""What stands before the columns: the clock, and the tables that the columns' numbers mean."""

from dataclasses import dataclass
from typing import TypeVar

from container import Block
from damage import Damage
from names import KINDS, SPAN_KINDS, STATUSES
from values import MASK, Cursor, as_int64

PAYLOAD_VERSION = 1
MOST_EVENTS, MOST_ATTRIBUTES, MOST_STRINGS = 65_536, 1_048_576, 262_144
MOST_TEMPLATES = MOST_ROLES = 16_384
LARGEST_WIDTH = 18
MOST_LAYERS = (1 << 31) - 1  # layer + 1, stage + 1
PLAIN_RATE, LONGEST = 1 << 32, (1 << 63) - 1
FIRST_MEMBER = 1 << 32
NAMED_HIGH_HALVES = 64

Entry = TypeVar("Entry")


def pick(table: list[Entry], number: int, what: str) -> Entry:
    if not 0 <= number < len(table):
        raise Damage(f"{what} {number} of {len(table)}")
    return table[number]


@dataclass(frozen=True)
class Clock:
    step: int
    ticks_anchor: int
    unix_anchor: int
    rate: int
    base_time: int

    def unix(self, stamp: int) -> int:
        if (self.ticks_anchor, self.unix_anchor, self.rate) == (0, 0, PLAIN_RATE):
            return stamp
        ticks = (stamp & MASK) - self.ticks_anchor
        nanos = min(abs(ticks) * self.rate >> 32, LONGEST)
        return as_int64(self.unix_anchor + (nanos if ticks >= 0 else -nanos))


@dataclass(frozen=True)
class Series:
    prefix: str
    width: int
    members: int


@dataclass(frozen=True)
class Role:
    operation: int
    phase: int
    layer: int | None
    stage: int | None
    name: str
    link: tuple[str, str] | None


@dataclass(frozen=True)
class Template:
    stream: bytes
    kind: int
    status: int
    role: Role
    rows: int
    values: tuple[int, ...]  # of parent-base, parent-value, span-value, trace-value
    attributes: list[tuple[int, int]]  # type, key


@dataclass(frozen=True)
class Tables:
    clock: Clock
    foreign: int
    bases: list[int]
    strings: list[str]
    series: list[Series]
    blobs: list[bytes]
    traces: list[int]
    templates: list[Template]


def traces(main: Cursor, bases: list[int], block: Block) -> list[int]:
    found, highs = [0], []
    for _ in range(main.count(4)):
        match main.byte():
            case 0:
                found.append(main.word() << 64 | main.word())
            case 1:
                prefix = main.varint()
                if prefix == 0:
                    high = main.word()
                    if len(highs) < NAMED_HIGH_HALVES:
                        highs.append(high)
                else:
                    high = pick(highs, prefix - 1, "high half")
                owner = main.varint()
                base = pick(bases, owner - 1, "base") if owner else block.incarnation + block.first_sequence
                found.append(high << 64 | (base + main.zigzag()) & MASK)
            case form:
                raise main.damage(f"form {form} of a trace")
    return found


def role(main: Cursor, strings: list[str]) -> Role:
    operation, phase, layer, stage = main.byte(), main.byte(), main.varint(), main.varint()
    name = pick(strings, main.varint(), "string")
    link, linked = None, main.byte()
    if linked > 1:
        raise main.damage(f"a role with {linked} links")
    if linked:
        link = (pick(strings, main.varint(), "string"), pick(strings, main.varint(), "string"))
    if max(layer, stage) > MOST_LAYERS:
        raise main.damage(f"layer {layer - 1}, stage {stage - 1}")
    return Role(operation, phase, layer - 1 if layer else None, stage - 1 if stage else None, name, link)


def template(main: Cursor, streams: list[bytes], roles: list[Role]) -> Template:
    stream, fact = pick(streams, main.varint(), "stream"), main.byte()
    of_role, rows = pick(roles, main.varint(), "role"), main.varint()
    kind, status, span_kind = fact & 7, fact >> 3 & 3, fact >> 5
    if not 0 < kind < len(KINDS) or status >= len(STATUSES) or span_kind >= SPAN_KINDS:
        raise main.damage(f"a fact byte {fact:#04x}")
    if rows == 0:
        raise main.damage("a template of no events")
    values = tuple(main.varint() for _ in range(4))
    if max(values) > rows:
        raise main.damage(f"a template of {rows} events with {max(values)} values in a column")
    attributes = [(main.byte(), main.varint()) for _ in range(main.count(2))]
    return Template(stream, kind, status, of_role, rows, values, attributes)


def series_of(main: Cursor, strings: list[str]) -> list[Series]:
    found = [Series(pick(strings, main.varint(), "string"), main.varint(), main.varint())
             for _ in range(main.count(3))]
    # A constant column takes no bytes, so only this bounds the members.
    if len(strings) + sum(series.members for series in found) > MOST_STRINGS:
        raise main.damage(f"more than {MOST_STRINGS} strings")
    if any(series.width > LARGEST_WIDTH for series in found):
        raise main.damage(f"a series of more than {LARGEST_WIDTH} digits")
    return found


def tables(main: Cursor, block: Block) -> Tables:
    version, count = main.byte(), main.varint()
    if version != PAYLOAD_VERSION:
        raise main.damage(f"expected payload version {PAYLOAD_VERSION}, found {version}")
    if count != block.events or count > MOST_EVENTS:
        raise main.damage(f"the header says {block.events} events, the payload {count}")
    clock = Clock(main.varint(), main.word(), as_int64(main.word()), main.word(), as_int64(main.word()))
    if not 1 <= clock.step < 1 << 32:
        raise main.damage(f"a step of {clock.step}")
    foreign = main.varint()
    bases = [main.word() for _ in range(main.count(8))]
    strings = [main.text() for _ in range(main.count(1, MOST_STRINGS))]
    series = series_of(main, strings)
    blobs = [main.take(main.varint()) for _ in range(main.count())]
    of_traces = traces(main, bases, block)
    if len(of_traces) - 1 > count:
        raise main.damage(f"{len(of_traces) - 1} traces of {count} events")
    roles = [role(main, strings) for _ in range(main.count(6, MOST_ROLES))]
    streams = [block.stream]
    for _ in range(main.count(20)):
        streams.append(main.take(16))
        main.take(4)  # the stream's epoch
    templates = [template(main, streams, roles) for _ in range(main.count(9, MOST_TEMPLATES))]
    if sum(template.rows for template in templates) != count:
        raise main.damage(f"templates of other than {count} events")
    if sum(template.rows * len(template.attributes) for template in templates) > MOST_ATTRIBUTES:
        raise main.damage(f"more than {MOST_ATTRIBUTES} attributes")
    return Tables(clock, foreign, bases, strings, series, blobs, of_traces, templates)
