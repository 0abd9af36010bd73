"""Each coding and prediction of a column by hand, after docs/FORMAT.md."""

import unittest

from columns import Head, class_of, column, head, towards_zero
from damage import Damage
from values import Cursor


def values(found: Head, body: bytes = b"", tail: bytes = b"", referenced: list[int] | None = None) -> list[int]:
    return column(found, Cursor(body), Cursor(tail), lambda _: referenced or [])


class ColumnTests(unittest.TestCase):
    def test_a_constant(self) -> None:
        self.assertEqual(values(head(Cursor(b"\x00\x09"), 3)), [-5, -5, -5])

    def test_an_even_progression_is_a_constant_difference(self) -> None:
        # Predictor 1, initial 10, constant 3.
        self.assertEqual(values(head(Cursor(b"\x10\x14\x06"), 4)), [13, 16, 19, 22])

    def test_planes_from_both_parts(self) -> None:
        # Base 5, two planes, the low one in the tail.
        found = head(Cursor(b"\x01\x05\x02\x01"), 2)
        self.assertEqual(values(found, body=b"\x01\x00", tail=b"\x02\xff"), [5 + 0x102, 5 + 0xFF])

    def test_zigzag_planes_have_no_base(self) -> None:
        self.assertEqual(values(head(Cursor(b"\x09\x01\x00"), 3), body=b"\x00\x01\x02"), [0, -1, 1])

    def test_classes_for_every_fineness(self) -> None:
        for sub in range(5):
            starts = [class_of(symbol, sub) for symbol in range(min(256, 60 << sub))]
            # Classes follow each other without a gap.
            for (least, bits), (following, _) in zip(starts, starts[1:]):
                self.assertEqual(least + (1 << bits), following)
        # sub 0, base 0: symbol 3 is 4 and two bits, symbol 1 is 1; bits 10 from the low end.
        self.assertEqual(values(head(Cursor(b"\x02\x00\x00"), 2), body=b"\x03\x01", tail=b"\x02"), [6, 1])

    def test_a_dictionary(self) -> None:
        self.assertEqual(values(head(Cursor(b"\x03\x02\x14\x01"), 3), body=b"\x01\x00\x01"), [9, 10, 9])
        with self.assertRaises(Damage):
            values(head(Cursor(b"\x03\x01\x14"), 1), body=b"\x01")

    def test_a_reference_divides_towards_zero(self) -> None:
        # Template 0, column 3, numerator 1, denominator 1000; the rest is constant 0.
        found = head(Cursor(b"\x20\x00\x03\x02\xe8\x07\x00"), 3)
        self.assertEqual(values(found, referenced=[1999, -1999, 0]), [1, -1, 0])
        self.assertEqual((towards_zero(-7, 2), towards_zero(7, 2)), (-3, 3))
        with self.assertRaises(Damage):
            values(found, referenced=[1])

    def test_what_the_format_does_not_know_is_damage(self) -> None:
        for first in (0x80, 0x30, 0x04):
            with self.assertRaises(Damage):
                head(Cursor(bytes([first, 0, 0, 0])), 1)
        with self.assertRaises(Damage):
            head(Cursor(b"\x20\x00\x03\x02\x00\x00"), 1)


if __name__ == "__main__":
    unittest.main()
