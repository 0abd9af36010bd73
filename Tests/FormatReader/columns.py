"""Columns of integers: what their heads say, and their values from the main part and the tail of a payload."""

from collections.abc import Callable
from dataclasses import dataclass, field

from damage import Damage
from values import Cursor, as_int64, unzigzag

CONSTANT, PLANES, CLASSES, DICTIONARY = range(4)
PLAIN, PREVIOUS, REFERENCE = range(3)


@dataclass
class Head:
    count: int
    coding: int
    predictor: int
    zigzag: bool
    initial: int = 0
    template: int = 0
    column: int = 0
    numerator: int = 1
    denominator: int = 1
    base: int = 0
    width: int = 0
    mask: int = 0
    sub: int = 0
    entries: list[int] = field(default_factory=list)


def head(cursor: Cursor, count: int) -> Head:
    first = cursor.byte()
    found = Head(count, first & 7, first >> 4, bool(first & 8))
    if first & 0x80 or found.predictor > REFERENCE or found.coding > DICTIONARY:
        raise Damage(f"a column's head begins with {first}", cursor.offset)
    if found.predictor == PREVIOUS:
        found.initial = cursor.zigzag()
    if found.predictor == REFERENCE:
        found.template, found.column = cursor.varint(), cursor.varint()
        found.numerator, found.denominator = cursor.zigzag(), cursor.varint()
        if found.denominator < 1:
            raise Damage("a reference divides by 0", cursor.offset)
    if found.coding == CONSTANT:
        found.base = cursor.zigzag()
    elif found.coding == DICTIONARY:
        entry = 0
        for _ in range(cursor.varint()):
            entry = as_int64(entry + cursor.zigzag())
            found.entries.append(entry)
    else:
        if not found.zigzag:
            found.base = as_int64(cursor.varint())
        if found.coding == PLANES:
            found.width, found.mask = cursor.byte(), cursor.byte()
        else:
            found.sub = cursor.byte()
    return found


def class_of(symbol: int, sub: int) -> tuple[int, int]:
    """The least number of a class, and how many bits follow."""
    if symbol < 2 << sub:
        return symbol, 0
    bits = (symbol >> sub) - 1
    return ((1 << sub) + symbol % (1 << sub)) << bits, bits


def classes(found: Head, body: Cursor, tail: Cursor) -> list[int]:
    kinds = [class_of(symbol, found.sub) for symbol in body.take(found.count)]
    size = (sum(bits for _, bits in kinds) + 7) // 8
    # Chunks, so that the shifts stay short whatever the column's length.
    data, place, values = tail.take(size), 0, []
    for least, bits in kinds:
        chunk = int.from_bytes(data[place >> 3:(place + bits + 7) >> 3], "little") >> (place & 7)
        values.append(least + (chunk & (1 << bits) - 1))
        place += bits
    return values


def planes(found: Head, body: Cursor, tail: Cursor) -> list[int]:
    values = [0] * found.count
    for plane in range(found.width):
        source = tail if found.mask >> plane & 1 else body
        for row, byte in enumerate(source.take(found.count)):
            values[row] |= byte << 8 * plane
    return values


def rest(found: Head, body: Cursor, tail: Cursor) -> list[int]:
    """What the prediction leaves."""
    if found.coding == CONSTANT:
        return [found.base] * found.count
    if found.coding == DICTIONARY:
        numbers = body.take(found.count)
        if any(number >= len(found.entries) for number in numbers):
            raise Damage(f"an entry beyond the {len(found.entries)} of a dictionary", body.offset)
        return [found.entries[number] for number in numbers]
    values = planes(found, body, tail) if found.coding == PLANES else classes(found, body, tail)
    return [unzigzag(value) if found.zigzag else found.base + value for value in values]


def towards_zero(value: int, divisor: int) -> int:
    return -(-value // divisor) if value < 0 else value // divisor


def column(found: Head, body: Cursor, tail: Cursor, referenced: Callable[[Head], list[int]]) -> list[int]:
    values = rest(found, body, tail)
    if found.predictor == PREVIOUS:
        before = found.initial
        for row, value in enumerate(values):
            before = values[row] = as_int64(before + value)
    elif found.predictor == REFERENCE:
        others = referenced(found)
        if len(others) != found.count:
            raise Damage(f"a column of {found.count} rows refers to one of {len(others)}")
        for row, value in enumerate(values):
            product = as_int64(others[row] * found.numerator)
            values[row] = as_int64(value + towards_zero(product, found.denominator))
    else:
        values = [as_int64(value) for value in values]
    return values
