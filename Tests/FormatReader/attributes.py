"""The attributes of events: a column for each position in a template, and what its numbers mean."""

import struct
from collections.abc import Callable, Iterator

import names
from columns import Head, Reference, column, head
from damage import Damage
from names import FIRST_OWN_KEY, KEYS
from tables import FIRST_MEMBER, Tables, Template, pick
from values import Cursor

Value = int | float | bool | str | bytes
Times = tuple[list[int], list[int], list[int]]  # start, time and duration of a template's events
OWN_TIMES = 3


def key_name(key: int, strings: list[str]) -> str:
    if key >= FIRST_OWN_KEY:
        return pick(strings, key - FIRST_OWN_KEY, "string")
    # Tags may be added without a new version of the format.
    return KEYS[key] if key < len(KEYS) else f"?{key}"


def members(shared: Tables, numbers: list[list[int]]) -> list[str]:
    """The strings of all series in order."""
    if any(number < 0 for of_series in numbers for number in of_series):
        raise Damage("a string of a series ends in a number below 0")
    return [f"{series.prefix}{str(number).rjust(series.width, '0')}"
            for series, of_series in zip(shared.series, numbers) for number in of_series]


def meaning(type: int, shared: Tables, of_series: list[str]) -> Callable[[int], Value]:
    """What a column's number stands for."""
    def text(number: int) -> str:
        if number >= FIRST_MEMBER:
            return pick(of_series, number - FIRST_MEMBER, "member of a series")
        return pick(shared.strings, number, "string")

    match type:
        case names.INT:
            return lambda number: number
        case names.DOUBLE:
            return lambda number: struct.unpack("<d", struct.pack("<q", number))[0]
        case names.BOOL:
            return lambda number: number != 0
        case names.STRING:
            return text
        case names.BLOB:
            return lambda number: pick(shared.blobs, number, "blob")
    raise Damage(f"attribute type {type}")


class Columns:
    """Every attribute's numbers, by template and position, as they become known: later ones may refer to earlier."""

    def __init__(self, templates: list[Template], times: list[Times]) -> None:
        self.templates, self.times = templates, times
        self.found: list[list[list[int]]] = [[] for _ in templates]

    def read(self, heads: list[tuple[int, Head]], body: Cursor, tail: Cursor) -> None:
        for self.reading, head in heads:
            self.found[self.reading].append(column(head, body, tail, self.lookup))

    def lookup(self, reference: Reference, rows: int) -> list[int]:
        if reference.column < OWN_TIMES:
            if reference.template != self.reading:
                raise Damage("a reference to the times of another template")
            return self.times[self.reading][reference.column]
        found = pick(pick(self.found, reference.template, "template"), reference.column - OWN_TIMES, "earlier column")
        if len(found) != rows:
            raise Damage(f"a column of {rows} rows refers to one of {len(found)}")
        return found


def attribute_heads(main: Cursor, templates: list[Template]) -> list[tuple[int, Head]]:
    """Template and head of each attribute's column, position by position."""
    positions = max((len(template.attributes) for template in templates), default=0)
    return [(number, head(main, template.rows))
            for position in range(positions) for number, template in enumerate(templates)
            if position < len(template.attributes)]


def rows_of(template: Template, columns: list[list[int]], shared: Tables,
            of_series: list[str]) -> Iterator[list[tuple[str, Value]]]:
    """The attributes of a template's events, one after another."""
    if not columns:
        return ([] for _ in range(template.rows))
    keys = [key_name(key, shared.strings) for _, key in template.attributes]
    values = [list(map(meaning(type, shared, of_series), column))
              for (type, _), column in zip(template.attributes, columns)]
    return ([*zip(keys, row)] for row in zip(*values))
