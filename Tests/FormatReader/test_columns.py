"""Each coding and prediction of a column, by hand from docs/FORMAT.md."""

import unittest
from collections.abc import Sequence

from columns import Lookup, column, head
from damage import Damage
from samples import varint, zigzag
from values import Cursor


def read(first: bytes, rows: int, body: bytes = b"", tail: bytes = b"", lookup: Lookup | None = None) -> list[int]:
    """The values of a column; head and bytes must be used up."""
    main, of_body, of_tail = Cursor(first), Cursor(body), Cursor(tail, "tail")
    found = head(main, rows)
    values = column(found, of_body, of_tail, lookup)
    for cursor in (main, of_body, of_tail):
        cursor.finish()
    return values


def reference(numerator: int, denominator: int, rest: int) -> bytes:
    return b"\x20" + varint(0) + varint(3) + zigzag(numerator) + varint(denominator) + zigzag(rest)


class ColumnTests(unittest.TestCase):
    def test_a_constant(self) -> None:
        self.assertEqual(read(b"\x00\x09", 3), [-5, -5, -5])

    def test_a_column_without_values_has_no_head(self) -> None:
        self.assertEqual(read(b"", 0), [])

    def test_planes(self) -> None:
        self.assertEqual(read(b"\x01\x07\x02\x00", 3, b"\x00\x01\x02" + b"\x00\x00\x01"), [7, 8, 7 + 0x102])
        self.assertEqual(read(b"\x01\x07\x00\x00", 2), [7, 7])

    def test_raw_planes_stand_in_the_tail(self) -> None:
        self.assertEqual(read(b"\x01\x00\x02\x01", 2, b"\x01\x00", b"\xaa\xbb"), [0x1AA, 0xBB])
        self.assertEqual(read(b"\x01\x00\x02\x02", 2, b"\xaa\xbb", b"\x01\x00"), [0x1AA, 0xBB])

    def test_zigzag_has_no_base(self) -> None:
        self.assertEqual(read(b"\x09\x01\x00", 4, b"\x00\x01\x02\xff"), [0, -1, 1, -128])
        self.assertEqual(read(b"\x0a\x00", 3, b"\x00\x01\x02", b"\x01"), [0, -1, -2])

    def test_eight_planes_hold_anything(self) -> None:
        # One row a value: 2^63 - 1, -2^63, and a base that wraps.
        self.assertEqual(read(b"\x01\x00\x08\x00", 1, b"\xff" * 7 + b"\x7f"), [2**63 - 1])
        self.assertEqual(read(b"\x01\x00\x08\x00", 1, b"\x00" * 7 + b"\x80"), [-2**63])
        self.assertEqual(read(b"\x01" + varint(2**64 - 2) + b"\x01\x00", 3, b"\x00\x01\x02"), [-2, -1, 0])

    def test_classes_of_every_fineness(self) -> None:
        for sub in range(5):
            for number in (0, 1, (1 << sub) - 1, (2 << sub) - 1, 2 << sub, (2 << sub) + 1, 1000,
                           2**40 + 12345, 2**63 - 1):
                symbol, bits, length = self.class_of(number, sub)
                if symbol > 255:
                    continue  # a fineness of 3 or 4 does not reach the largest numbers
                tail = bits.to_bytes((length + 7) // 8, "little")
                self.assertEqual(read(b"\x02\x00" + bytes([sub]), 1, bytes([symbol]), tail), [number],
                                 f"{number}, {sub}")

    @staticmethod
    def class_of(number: int, sub: int) -> tuple[int, int, int]:
        """Symbol, bits, and how many; the way that a writer goes."""
        if number < 2 << sub:
            return number, 0, 0
        length = number.bit_length() - 1
        left = length - sub
        return (left + 1) << sub | number >> left & (1 << sub) - 1, number & (1 << left) - 1, left

    def test_bits_follow_each_other_from_the_least(self) -> None:
        # Two bits 10, then three bits 011, then one bit 1.
        self.assertEqual(read(b"\x02\x05\x00", 4, b"\x03\x04\x01\x02", bytes([0b1_011_10])),
                         [5 + 0b110, 5 + 0b1011, 5 + 1, 5 + 0b11])

    def test_a_class_of_more_than_64_bits_is_damage(self) -> None:
        self.assertEqual(read(b"\x02\x00\x00", 1, b"\x40", b"\xff" * 8), [-1])
        for sub, symbol in ((0, 0x41), (1, 0x80), (2, 0xFC)):
            with self.assertRaises(Damage):
                read(b"\x02\x00" + bytes([sub]), 1, bytes([symbol]), b"\xff" * 9)

    def test_a_dictionary(self) -> None:
        first = b"\x03\x03" + zigzag(10) + zigzag(-3) + zigzag(100)
        self.assertEqual(read(first, 4, b"\x01\x00\x02\x01"), [7, 10, 107, 7])
        with self.assertRaisesRegex(Damage, "entry 3 of a dictionary of 3"):
            read(first, 1, b"\x03")

    def test_the_value_before_predicts(self) -> None:
        self.assertEqual(read(b"\x10" + zigzag(10) + zigzag(3), 3), [13, 16, 19])
        self.assertEqual(read(b"\x19" + zigzag(100) + b"\x01\x00", 3, b"\x00\x01\x02"), [100, 99, 100])
        self.assertEqual(read(b"\x10" + zigzag(2**63 - 1) + zigzag(1), 1), [-2**63])

    def test_another_column_predicts(self) -> None:
        def lookup(values: Sequence[int]) -> Lookup:
            return lambda reference, rows: list(values)
        self.assertEqual(read(reference(1, 1000, 5), 3, lookup=lookup([1999, -1999, 0])), [6, 4, 5])
        self.assertEqual(read(reference(-3, 2, 0), 2, lookup=lookup([1, -1])), [-1, 1])
        # The product wraps before it is divided.
        self.assertEqual(read(reference(4, 2, 0), 1, lookup=lookup([2**61])), [-2**62])
        with self.assertRaisesRegex(Damage, "no attribute"):
            read(reference(1, 1, 0), 1)

    def test_what_the_format_does_not_know_is_damage(self) -> None:
        for first in (b"\x80\x00", b"\x04\x00", b"\x30\x00", b"\x08\x00", b"\x0b\x01\x00", b"\x03\x00",
                      b"\x01\x00\x09\x00", b"\x01\x00\x01\x02", b"\x02\x00\x05", b"\x03" + varint(257),
                      reference(1, 0, 0), reference(1, 2**63, 0)):
            with self.assertRaises(Damage, msg=first.hex()):
                head(Cursor(first + bytes(300)), 1)

    def test_missing_bytes_are_damage(self) -> None:
        for first, body, tail in ((b"\x01\x00\x01\x00", b"\x00", b""), (b"\x01\x00\x01\x01", b"", b"\x00"),
                                  (b"\x02\x00\x00", b"\x03\x09", b"\x00"), (b"\x03\x01\x00", b"\x00", b"")):
            with self.assertRaises(Damage, msg=first.hex()):
                read(first, 2, body, tail)
