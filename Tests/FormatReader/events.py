"""An events payload: tables first, then all columns, then the events that they make."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from columns import Head, column, head
from container import Block
from damage import Damage
from tables import FIXED_COLUMNS, Role, Tables, Template, pick, tables
from values import Cursor, as_int64

BEGIN, END, SPAN, MARK, TOKENS, SAMPLE = range(1, 7)
GAP, EXTENT, EDGE, LINK, PARENT_BASE, PARENT_VALUE, SPAN_VALUE, TRACE_VALUE = range(FIXED_COLUMNS)
FIRST_ATTRIBUTE = 3
FIRST_MEMBER = 1 << 32
WORD = (1 << 64) - 1

Value = int | float | bool | str | bytes


@dataclass
class Event:
    incarnation: int
    sequence: int
    kind: int
    status: int
    role: Role
    time: int
    stream: bytes
    start: int
    duration: int = 0
    span: int = 0
    parent: int = 0
    trace: int = 0
    value: int = 0
    attributes: list[tuple[str, Value]] = field(default_factory=list)


class Payload:
    """Both parts of one block, and where the reading of its columns stands."""

    def __init__(self, block: Block) -> None:
        self.block = block
        cursor = Cursor(block.payload)
        self.tables = tables(cursor, block)
        templates = self.tables.templates
        self.most = max((len(template.keys) for template in templates), default=0)
        counts = [series.members for series in self.tables.series]
        counts += [count for number in range(FIXED_COLUMNS) for template in templates if (count := template.count(number))]
        counts += [template.rows for place in range(self.most) for template in templates if place < len(template.keys)]
        self.heads = iter([head(cursor, count) for count in counts])
        self.body = Cursor(cursor.take(cursor.left))
        self.tail = Cursor(block.tail)
        self.foreign = Cursor(self.tail.take(8 * self.tables.foreign))
        self.members: list[str] = []
        self.instants: dict[int, tuple[list[int], list[int], list[int]]] = {}

    def column(self, template: int = 0) -> list[int]:
        return column(next(self.heads), self.body, self.tail, lambda found: self.referenced(found, template))

    def referenced(self, found: Head, template: int) -> list[int]:
        if found.column < FIRST_ATTRIBUTE:
            if found.template != template:
                raise Damage("a column refers to the instants of another template")
            return self.instants[template][found.column]
        other = pick(self.tables.templates, found.template, "template")
        return pick(other.columns, FIXED_COLUMNS + found.column - FIRST_ATTRIBUTE, "column")

    def numbers(self) -> list[int]:
        """The template of each event."""
        low = self.body.take(self.tables.count)
        if len(self.tables.templates) <= 256:
            return list(low)
        return [a | b << 8 for a, b in zip(low, self.body.take(self.tables.count))]

    def value(self, type: int, number: int) -> Value:
        match type:
            case 1:
                return number
            case 2:
                (real,) = struct.unpack("<d", struct.pack("<q", number))
                return real
            case 3:
                return number != 0
            case 4:
                if number < FIRST_MEMBER:
                    return pick(self.tables.strings, number, "string")
                return pick(self.members, number - FIRST_MEMBER, "member of a series")
            case 5:
                return pick(self.tables.blobs, number, "blob")
        raise Damage(f"attribute type {type}")


class Chain:
    """Times and ids of the events in their order."""

    def __init__(self, payload: Payload) -> None:
        self.payload, self.block, self.shared = payload, payload.block, payload.tables
        self.events: list[Event] = []
        # Ticks; the events themselves say nanoseconds.
        self.starts: list[int] = []
        self.time, self.parent, self.trace = self.shared.base_time, 0, 0
        self.sums = [0] * len(self.shared.bases)
        self.places = [[0] * FIXED_COLUMNS for _ in self.shared.templates]

    def next(self, template: int, column: int) -> int:
        place = self.places[template][column]
        self.places[template][column] += 1
        return pick(self.shared.templates[template].columns[column], place, "value")

    def back(self, distance: int) -> int:
        events = distance >> 1
        if not 0 < events <= len(self.events):
            raise Damage(f"an id {events} events back of {len(self.events)}")
        event = self.events[-events]
        return event.parent if distance & 1 else event.span

    def parent_id(self, way: int, template: int, own: int) -> int:
        match way:
            case 0:
                return self.parent
            case 1:
                return 0
            case 2:
                return own - self.next(template, PARENT_VALUE) & WORD
            case 3:
                base = self.next(template, PARENT_BASE)
                total = pick(self.sums, base, "base") + self.next(template, PARENT_VALUE)
                self.sums[base] = total
                return self.shared.bases[base] + total & WORD
            case 4:
                return self.payload.foreign.word()
            case 5:
                return self.back(self.next(template, PARENT_VALUE))
        raise Damage(f"a parent's way {way}")

    def span_id(self, way: int, kind: int, template: int, own: int) -> int:
        if kind not in (BEGIN, END, SPAN):
            return 0
        match way:
            case 0:
                return own - self.next(template, SPAN_VALUE) & WORD if kind == END else own
            case 1:
                return 0
            case 2:
                return self.payload.foreign.word()
        return self.back(self.next(template, SPAN_VALUE))

    def append(self, number: int) -> Event:
        template: Template = self.shared.templates[number]
        kind = template.fact & 7
        gap, extent, edge, link = (self.next(number, column) for column in (GAP, EXTENT, EDGE, LINK))
        step = self.shared.clock.step
        start = time = self.time + gap * step
        if kind == SPAN:
            if edge == 0:
                time = start + extent * step
            elif 0 < edge <= len(self.starts):
                start = self.starts[-edge] - extent * step
            else:
                raise Damage(f"a child {edge} events back of {len(self.starts)}")
        self.time = time
        sequence = self.block.first_sequence + len(self.events)
        own = self.block.incarnation + sequence & WORD
        parent = self.parent_id(link >> 1 & 7, number, own)
        span = self.span_id(link >> 4 & 3, kind, number, own)
        if link & 1:
            self.trace = pick(self.shared.traces, self.next(number, TRACE_VALUE), "trace")
        self.parent = parent
        nanos = self.shared.clock.nanos
        event = Event(self.block.incarnation, sequence, kind, template.fact >> 3 & 3, template.role, nanos(time),
                      template.stream, nanos(start), as_int64(nanos(time) - nanos(start)), span, parent, self.trace,
                      extent if kind == TOKENS else 0)
        self.events.append(event)
        self.starts.append(start)
        return event


def events(block: Block) -> Iterator[Event]:
    payload = Payload(block)
    shared = payload.tables
    for series in shared.series:
        payload.members += [series.member(number) for number in payload.column()]
    numbers = payload.numbers()
    for number in range(FIXED_COLUMNS):
        for template in shared.templates:
            template.columns.append(payload.column() if template.count(number) else [])
    chain = Chain(payload)
    for number in numbers:
        if number >= len(shared.templates):
            raise Damage(f"template {number} of {len(shared.templates)}")
        event = chain.append(number)
        instants = payload.instants.setdefault(number, ([], [], []))
        for values, value in zip(instants, (event.start, event.time, event.duration)):
            values.append(value)
    for place in range(payload.most):
        for number, template in enumerate(shared.templates):
            if place < len(template.keys):
                template.columns.append(payload.column(number))
    rows = [0] * len(shared.templates)
    for number, event in zip(numbers, chain.events):
        template = shared.templates[number]
        event.attributes = [
            (key, payload.value(type, values[rows[number]]))
            for key, type, values in zip(template.keys, template.types, template.columns[FIXED_COLUMNS:])]
        rows[number] += 1
    yield from chain.events
