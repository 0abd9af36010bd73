"""A column of an events payload: its head, its bytes, and the values that both give with a prediction."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from damage import Damage
from values import Cursor, as_int64, unzigzag

CONSTANT, PLANES, CLASSES, DICTIONARY = range(4)
NOTHING, BEFORE, REFERENCE = range(3)
_ZIGZAG = 1 << 3
_WIDEST, _FINEST, _LARGEST_LENGTH = 8, 4, 63


@dataclass(frozen=True)
class Reference:
    """Another column that predicts this one: its value * numerator / denominator."""

    template: int
    column: int
    numerator: int
    denominator: int


@dataclass(frozen=True)
class Head:
    rows: int
    coding: int
    predictor: int
    zigzag: bool = False
    initial: int = 0
    reference: Reference | None = None
    value: int = 0
    base: int = 0
    width: int = 0
    mask: int = 0
    sub: int = 0
    entries: tuple[int, ...] = ()


Lookup = Callable[[Reference, int], list[int]]
EMPTY = Head(0, CONSTANT, NOTHING)


def head(main: Cursor, rows: int) -> Head:
    """A column without values has no head."""
    if rows == 0:
        return EMPTY
    at = main.offset
    first = main.byte()
    coding, predictor, zigzag = first & 7, first >> 4 & 7, bool(first & _ZIGZAG)
    if first >> 7 or coding > DICTIONARY or predictor > REFERENCE or (
            zigzag and coding not in (PLANES, CLASSES)):
        raise Damage(f"main part: {first:#04x} is no column's head", at)
    initial = main.zigzag() if predictor == BEFORE else 0
    reference = None
    if predictor == REFERENCE:
        reference = Reference(main.varint(), main.varint(), main.zigzag(), main.varint())
        if not 0 < reference.denominator < 1 << 63:
            raise Damage(f"main part: a denominator of {reference.denominator}", at)
    if coding == CONSTANT:
        return Head(rows, coding, predictor, zigzag, initial, reference, value=main.zigzag())
    if coding == DICTIONARY:
        size = main.varint()
        if not 1 <= size <= 256:
            raise Damage(f"main part: a dictionary of {size} entries", at)
        entry, entries = 0, []
        for _ in range(size):
            entry = as_int64(entry + main.zigzag())
            entries.append(entry)
        return Head(rows, coding, predictor, zigzag, initial, reference, entries=tuple(entries))
    base = 0 if zigzag else main.varint()
    if coding == PLANES:
        width, mask = main.byte(), main.byte()
        if width > _WIDEST or mask >> width:
            raise Damage(f"main part: {width} planes with the mask {mask:#04x}", at)
        return Head(rows, coding, predictor, zigzag, initial, reference, base=base, width=width, mask=mask)
    sub = main.byte()
    if sub > _FINEST:
        raise Damage(f"main part: classes of {sub} fine bits", at)
    return Head(rows, coding, predictor, zigzag, initial, reference, base=base, sub=sub)


def planes(head: Head, body: Cursor, tail: Cursor) -> tuple[int, ...]:
    words = bytearray(8 * head.rows)
    for plane in range(head.width):
        words[plane::8] = (tail if head.mask >> plane & 1 else body).take(head.rows)
    return struct.unpack(f"<{head.rows}Q", words)


def classes(head: Head, body: Cursor, tail: Cursor) -> list[int]:
    sub = head.sub
    # By symbol: the number's leading bits in place, and how many bits follow.
    forms: list[tuple[int, int]] = []
    for symbol in range(256):
        shift = max((symbol >> sub) - 1, 0)
        small = symbol < 2 << sub
        forms.append((symbol, 0) if small else (((1 << sub) + symbol % (1 << sub)) << shift, shift))
    symbols = body.take(head.rows)
    if max(symbols) >= 2 << sub and (max(symbols) >> sub) + sub - 1 > _LARGEST_LENGTH:
        raise body.damage(f"a class of {(max(symbols) >> sub) + sub} bits")
    bits = sum(forms[symbol][1] for symbol in symbols)
    packed, at, found = tail.take((bits + 7) // 8), 0, []
    for symbol in symbols:
        value, length = forms[symbol]
        if length:
            window = int.from_bytes(packed[at >> 3:(at >> 3) + 9], "little")
            value |= window >> (at & 7) & (1 << length) - 1
            at += length
        found.append(value)
    return found


def rests(head: Head, body: Cursor, tail: Cursor) -> list[int]:
    """What is stored of each value: its distance from the prediction."""
    if head.rows == 0:
        return []
    if head.coding == CONSTANT:
        return [head.value] * head.rows
    if head.coding == DICTIONARY:
        numbers = body.take(head.rows)
        if max(numbers) >= len(head.entries):
            raise body.damage(f"entry {max(numbers)} of a dictionary of {len(head.entries)}")
        return [head.entries[number] for number in numbers]
    found = planes(head, body, tail) if head.coding == PLANES else classes(head, body, tail)
    if head.zigzag:
        return [unzigzag(value) for value in found]
    return [as_int64(head.base + value) for value in found]


def scaled(value: int, reference: Reference) -> int:
    """Times numerator, wrapping, over denominator, towards zero."""
    product = as_int64(value * reference.numerator)
    quotient = abs(product) // reference.denominator
    return quotient if product >= 0 else -quotient


def column(head: Head, body: Cursor, tail: Cursor, lookup: Lookup | None = None) -> list[int]:
    """The values; `lookup` finds a referenced column, which only attributes may have."""
    found = rests(head, body, tail)
    if head.predictor == BEFORE:
        value = head.initial
        for row, rest in enumerate(found):
            value = as_int64(value + rest)
            found[row] = value
    elif head.reference is not None:
        if lookup is None:
            raise Damage("main part: a reference in a column that is no attribute's")
        other = lookup(head.reference, head.rows)
        found = [as_int64(scaled(value, head.reference) + rest) for value, rest in zip(other, found)]
    return found
