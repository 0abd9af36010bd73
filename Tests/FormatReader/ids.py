"""The ids of events, which the `link` column says how to find: parent, span and trace."""

from collections.abc import Callable
from dataclasses import dataclass

from damage import Damage
from names import BEGIN, END, SPAN
from tables import pick
from values import MASK, Cursor

Next = Callable[[], int]


@dataclass
class Values:
    """The next value of each column that a way may use, of the event's own template."""

    parent_base: Next
    parent_value: Next
    span_value: Next
    trace_value: Next


class Ids:
    """Goes through a block's events in order; what it has found of earlier ones is what later ones refer to."""

    def __init__(self, incarnation: int, first_sequence: int, bases: list[int], traces: list[int],
                 foreign: Cursor) -> None:
        self.next_own = incarnation + first_sequence
        self.bases, self.traces, self.foreign = bases, traces, foreign
        self.sums = [0] * len(bases)
        self.parents: list[int] = []
        self.spans: list[int] = []
        self.trace = 0

    def next(self, kind: int, link: int, values: Values) -> tuple[int, int, int]:
        """Parent, span and trace of the next event."""
        if not 0 <= link < 1 << 6:
            raise Damage(f"link {link}")
        parent = self._parent(link >> 1 & 7, values)
        self.parents.append(parent)
        span = self._span(kind, link >> 4, values)
        self.spans.append(span)
        if link & 1:
            self.trace = pick(self.traces, values.trace_value(), "trace")
        self.next_own += 1
        return parent, span, self.trace

    def _parent(self, way: int, values: Values) -> int:
        match way:
            case 0:
                return self.parents[-1] if self.parents else 0
            case 1:
                return 0
            case 2:
                return (self.next_own - values.parent_value()) & MASK
            case 3:
                number = values.parent_base()
                base = pick(self.bases, number, "base")
                self.sums[number] = (self.sums[number] + values.parent_value()) & MASK
                return (base + self.sums[number]) & MASK
            case 4:
                return self.foreign.word()
            case 5:
                return self._of_earlier(values.parent_value())
        raise Damage(f"a parent's way {way}")

    def _span(self, kind: int, way: int, values: Values) -> int:
        if kind not in (BEGIN, END, SPAN):
            return 0
        match way:
            case 0:
                back = values.span_value() if kind == END else 0
                return (self.next_own - back) & MASK
            case 1:
                return 0
            case 2:
                return self.foreign.word()
        return self._of_earlier(values.span_value())

    def _of_earlier(self, value: int) -> int:
        back, now = value >> 1, len(self.spans)
        if not 1 <= back <= now:
            raise Damage(f"an id of {back} events back, at event {now} of the block")
        return (self.parents if value & 1 else self.spans)[now - back]
