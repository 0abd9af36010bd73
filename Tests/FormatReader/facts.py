"""The columns that every event has a part in: which template it is of, its times, and what finds its ids."""

from collections.abc import Callable

from damage import Damage
from ids import Values
from tables import Template
from values import Cursor

FACT_COLUMNS = 8


def fact_rows(template: Template) -> tuple[int, ...]:
    """Rows of gap, extent, edge, link, parent-base, parent-value, span-value, trace-value."""
    return (template.rows,) * 4 + template.values


def template_numbers(body: Cursor, events: int, templates: list[Template]) -> list[int]:
    low = body.take(events)
    high = body.take(events) if len(templates) > 256 else bytes(events)
    numbers = [one | other << 8 for one, other in zip(low, high)]
    rows = [0] * len(templates)
    for number in numbers:
        if number >= len(templates):
            raise body.damage(f"template {number} of {len(templates)}")
        rows[number] += 1
    if rows != [template.rows for template in templates]:
        raise body.damage("a template has other than the events that it says")
    return numbers


def _getter(values: list[int]) -> Callable[[], int]:
    following = iter(values).__next__

    def get() -> int:
        try:
            return following()
        except StopIteration:
            raise Damage("a template's events use more values than it says") from None
    return get


class Facts:
    """Hands out the values of one template's columns, event by event."""

    def __init__(self, columns: list[list[int]]) -> None:
        self._getters = [_getter(column) for column in columns]
        self.gap, self.extent, self.edge, self.link = self._getters[:4]
        self.values = Values(*self._getters[4:])

    def finish(self) -> None:
        for get in self._getters:
            try:
                get()
            except Damage:
                continue
            raise Damage("a template's events use fewer values than it says")
