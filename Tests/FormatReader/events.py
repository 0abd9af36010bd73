"""An events payload: tables, the heads of all columns, their bytes, and behind the frame the bits without pattern."""

from dataclasses import dataclass

from attributes import Columns, Times, Value, attribute_heads, members, rows_of
from columns import column, head
from container import Block
from damage import Damage
from facts import FACT_COLUMNS, Facts, fact_rows, template_numbers
from ids import Ids
from names import SPAN, TOKENS
from tables import Clock, Role, tables
from values import Cursor, as_int64


@dataclass
class Event:
    stream: bytes
    incarnation: int
    sequence: int
    kind: int
    status: int
    role: Role
    time: int
    duration: int
    span: int
    parent: int
    trace: int
    value: int
    attributes: list[tuple[str, Value]]


class Stamps:
    """Starts and times of events in order, in the ticks of their clock."""

    def __init__(self, clock: Clock) -> None:
        self.step, self.time = clock.step, clock.base_time
        self.starts: list[int] = []

    def next(self, kind: int, facts: Facts) -> tuple[int, int, int]:
        """Start, time and value of the next event."""
        gap, extent, back = facts.gap(), facts.extent(), facts.edge()
        start = as_int64(self.time + gap * self.step)
        self.time = start
        if kind == SPAN:
            if back == 0:
                self.time = as_int64(start + extent * self.step)
            elif 0 < back <= len(self.starts):
                start = as_int64(self.starts[-back] - extent * self.step)
            else:
                raise Damage(f"a start {back} events back, at event {len(self.starts)} of the block")
        self.starts.append(start)
        return start, self.time, extent


def events(block: Block) -> list[Event]:
    main, tail = Cursor(block.main), Cursor(block.tail, "tail")
    shared = tables(main, block)
    templates, clock = shared.templates, shared.clock
    of_series = [head(main, series.members) for series in shared.series]
    of_facts = [[head(main, fact_rows(template)[number]) for template in templates] for number in range(FACT_COLUMNS)]
    of_attributes = attribute_heads(main, templates)

    body = main
    foreign = Cursor(tail.take(8 * shared.foreign), "foreign ids")
    numbers = [column(one, body, tail) for one in of_series]
    order = template_numbers(body, block.events, templates)
    read = [[column(one, body, tail) for one in heads] for heads in of_facts]
    facts = [Facts([columns[number] for columns in read]) for number in range(len(templates))]

    stamps = Stamps(clock)
    ids = Ids(block.incarnation, block.first_sequence, shared.bases, shared.traces, foreign)
    times: list[Times] = [([], [], []) for _ in templates]
    found: list[Event] = []
    for index, number in enumerate(order):
        template, source = templates[number], facts[number]
        start, time, extent = stamps.next(template.kind, source)
        parent, span, trace = ids.next(template.kind, source.link(), source.values)
        start, time = clock.unix(start), clock.unix(time)
        for values, value in zip(times[number], (start, time, as_int64(time - start))):
            values.append(value)
        found.append(Event(
            template.stream, block.incarnation, block.first_sequence + index, template.kind, template.status,
            template.role, time, as_int64(time - start), span, parent, trace,
            extent if template.kind == TOKENS else 0, []))

    attributes = Columns(templates, times)
    attributes.read(of_attributes, body, tail)
    names = members(shared, numbers)
    sources = [rows_of(template, columns, shared, names) for template, columns in zip(templates, attributes.found)]
    for event, number in zip(found, order):
        event.attributes = next(sources[number])
    for part in (body, tail, foreign):
        part.finish()
    for source in facts:
        source.finish()
    return found
