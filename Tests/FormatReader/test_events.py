"""Times, ids and tables of whole payloads, made by hand from docs/FORMAT.md."""

import unittest

from container import EVENTS, Block
from damage import Damage
from events import Event, events
from names import BEGIN, END, INT, MARK, SPAN, STRING, TOKENS
from samples import FIRST, INCARNATION, STREAM, Column, Kind, Payload, constant, plain, varint, word, zigzag

NONE = constant(2)  # a link: no parent; of a span, the own id
OWN = INCARNATION + FIRST


def read_parts(main: bytes, tail: bytes, count: int) -> list[Event]:
    return events(Block(0, EVENTS, STREAM, INCARNATION, FIRST, FIRST + count - 1, count, 1, 0, 0, 0, 0, main, tail))


def read(payload: Payload) -> list[Event]:
    return read_parts(*payload.parts(), len(payload.order))


def parents(way: int, values: list[int], **tables: object) -> list[int]:
    kind = Kind(MARK, len(values), {"link": constant(way << 1), "parent-value": plain(values)},
                {"parent-value": len(values)})
    return [event.parent for event in read(Payload([kind], bytes(len(values)), **tables))]


class IdTests(unittest.TestCase):
    def test_the_previous_parent_and_none(self) -> None:
        kinds = [Kind(MARK, 1, {"link": constant(4), "parent-value": constant(3)}, {"parent-value": 1}),
                 Kind(MARK, 2, {"link": constant(0)}), Kind(MARK, 1, {"link": NONE})]
        found = [event.parent for event in read(Payload(kinds, b"\1\0\2\1"))]
        self.assertEqual(found, [0, OWN + 1 - 3, 0, 0])

    def test_a_parent_of_the_own_incarnation(self) -> None:
        self.assertEqual(parents(2, [1, -4, 0]), [OWN - 1, OWN + 1 + 4, OWN + 2])

    def test_a_parent_of_another_incarnation_sums_over_templates(self) -> None:
        kinds = [Kind(kind, 2, {"link": constant(6), "parent-base": plain([1, 0]), "parent-value": plain([2, -7])},
                      {"parent-base": 2, "parent-value": 2}) for kind in (MARK, SPAN)]
        found = [event.parent for event in read(Payload(kinds, b"\0\1\0\1", bases=[2**63, 77]))]
        self.assertEqual(found, [79, 81, 2**63 - 7, 2**63 - 14])

    def test_foreign_ids_stand_parent_before_span(self) -> None:
        found = read(Payload([Kind(SPAN, 2, {"link": constant(8 | 32)})], b"\0\0", foreign=[11, 12, 13, 14]))
        self.assertEqual([(event.parent, event.span) for event in found], [(11, 12), (13, 14)])

    def test_ids_of_earlier_events(self) -> None:
        first = Kind(SPAN, 1, {"link": constant(8 | 32)})
        second = Kind(SPAN, 2, {"link": constant(10 | 48), "parent-value": plain([2, 5]), "span-value": plain([3, 4])},
                      {"parent-value": 2, "span-value": 2})
        found = read(Payload([first, second], b"\0\1\1", foreign=[11, 12]))
        self.assertEqual([(event.parent, event.span) for event in found], [(11, 12), (12, 11), (11, 12)])

    def test_no_event_refers_to_itself_or_before_the_block(self) -> None:
        for value in (0, 1, 2, -2):
            with self.assertRaisesRegex(Damage, "events back"):
                parents(5, [value])

    def test_an_end_names_its_begin(self) -> None:
        kinds = [Kind(BEGIN, 2, {"link": NONE}),
                 Kind(END, 2, {"link": NONE, "span-value": plain([1, 3])}, {"span-value": 2})]
        self.assertEqual([event.span for event in read(Payload(kinds, b"\0\0\1\1"))], [OWN, OWN + 1, OWN + 1, OWN])

    def test_other_kinds_have_no_span(self) -> None:
        self.assertEqual([event.span for event in read(Payload([Kind(MARK, 1, {"link": NONE})], b"\0"))], [0])
        self.assertEqual([event.span for event in read(Payload([Kind(SPAN, 1, {"link": constant(18)})], b"\0"))], [0])

    def test_traces(self) -> None:
        given = Kind(MARK, 4, {"link": constant(3), "trace-value": plain([1, 2, 3, 4])}, {"trace-value": 4})
        kept = Kind(MARK, 1, {"link": NONE})
        traces = [b"\0" + word(1) + word(2), b"\1\0" + word(9) + b"\0" + zigzag(-3), b"\1\1\1" + zigzag(8),
                  b"\1\0" + word(10) + b"\1" + zigzag(-1000)]
        found = [event.trace for event in read(Payload([given, kept], b"\1\0\0\0\0", bases=[900], traces=traces))]
        self.assertEqual(found, [0, 1 << 64 | 2, 9 << 64 | OWN - 3, 9 << 64 | 908, 10 << 64 | 2**64 - 100])

    def test_ways_and_numbers_beyond_are_damage(self) -> None:
        for facts in ({"link": constant(12)}, {"link": constant(14)}, {"link": constant(64)}, {"link": constant(-1)}):
            with self.assertRaises(Damage):
                read(Payload([Kind(MARK, 1, facts)], b"\0"))
        for values in ({}, {"trace-value": 1}):  # too few values; trace 1 of none
            with self.assertRaises(Damage):
                read(Payload([Kind(MARK, 1, {"link": constant(3), "trace-value": constant(1)}, values)], b"\0"))


class TimeTests(unittest.TestCase):
    def test_gaps_and_extents_are_steps(self) -> None:
        kind = Kind(SPAN, 2, {"link": NONE, "gap": constant(10), "extent": constant(3)})
        found = read(Payload([kind], b"\0\0", step=26, base_time=1000))
        self.assertEqual([(event.time, event.duration) for event in found], [(1338, 78), (1676, 78)])

    def test_an_edge_starts_near_an_earlier_start(self) -> None:
        children = Kind(SPAN, 2, {"link": NONE, "gap": constant(100), "extent": constant(30)})
        parent = Kind(SPAN, 1, {"link": NONE, "gap": constant(5), "extent": constant(9), "edge": constant(2)})
        found = read(Payload([children, parent], b"\0\0\1"))
        # The first child starts at 100, so the parent at 91; it ends 5 behind the second child, at 265.
        self.assertEqual((found[2].time, found[2].duration), (265, 265 - 91))
        with self.assertRaisesRegex(Damage, "events back"):
            read(Payload([children, parent], b"\0\1\0"))

    def test_a_clock_rounds_towards_its_anchor(self) -> None:
        def times(*base_times: int, anchors: tuple[int, int, int]) -> list[int]:
            return [read(Payload([Kind(MARK, 1, {"link": NONE})], b"\0", base_time=time, anchors=anchors))[0].time
                    for time in base_times]
        self.assertEqual(times(107, 93, anchors=(100, 1000, 1 << 31)), [1003, 997])
        self.assertEqual(times(-5, 2**63 - 1, anchors=(0, 0, 1 << 32)), [-5, 2**63 - 1])
        # Else stamps have no sign, and a distance ends at 2^63 - 1.
        self.assertEqual(times(-5, -2**63, anchors=(0, 0, 1 << 33)), [2**63 - 1] * 2)

    def test_tokens(self) -> None:
        found = read(Payload([Kind(TOKENS, 2, {"link": NONE, "extent": plain([4, 1])})], b"\0\0"))
        self.assertEqual([(event.value, event.duration) for event in found], [(4, 0), (1, 0)])


class AttributeTests(unittest.TestCase):
    def test_times_of_the_own_template_predict(self) -> None:
        for number, expected in enumerate(([100, 230], [130, 260], [30, 30])):
            column = Column(b"\x20\x00" + varint(number) + zigzag(1) + varint(1) + zigzag(0))
            kind = Kind(SPAN, 2, {"link": NONE, "gap": constant(100), "extent": constant(30)}, {}, [(INT, 20, column)])
            self.assertEqual([event.attributes[0][1] for event in read(Payload([kind], b"\0\0"))], expected)

    def test_an_earlier_column_predicts(self) -> None:
        def payload(template: int, number: int, rows: int) -> Payload:
            column = Column(b"\x20" + varint(template) + varint(number) + zigzag(2) + varint(1) + zigzag(1))
            return Payload([Kind(MARK, 2, {"link": NONE}, {}, [(INT, 20, plain([10, -7]))]),
                            Kind(SPAN, rows, {"link": NONE}, {}, [(INT, 20, column)])], b"\0\0" + b"\1" * rows)
        self.assertEqual([event.attributes[0][1] for event in read(payload(0, 3, 2))], [10, -7, 21, -13])
        for template, number, rows in ((0, 3, 1), (0, 4, 2), (1, 3, 2), (2, 3, 2), (0, 1, 2)):
            with self.assertRaises(Damage):
                read(payload(template, number, rows))

    def test_series(self) -> None:
        members = Column(b"\x10" + zigzag(2**32 - 1) + zigzag(1))
        kind = Kind(MARK, 3, {"link": NONE}, {}, [(STRING, 1, members)])
        found = read(Payload([kind], b"\0\0\0", series=[(1, 3, 2, plain([7, 1234])), (1, 0, 1, constant(5))]))
        self.assertEqual([event.attributes[0][1] for event in found], ["name007", "name1234", "name5"])
        with self.assertRaisesRegex(Damage, "below 0"):
            read(Payload([kind], b"\0\0\0", series=[(1, 3, 2, plain([7, -1])), (1, 0, 1, constant(5))]))

    def test_keys_may_be_added(self) -> None:
        kind = Kind(MARK, 1, {"link": NONE}, {}, [(INT, 255, constant(1)), (INT, 257, constant(2))])
        self.assertEqual(read(Payload([kind], b"\0"))[0].attributes, [("?255", 1), ("name", 2)])


class BoundTests(unittest.TestCase):
    def test_no_claim_is_believed(self) -> None:
        mark = Kind(MARK, 1, {"link": NONE})
        for payload in (
                Payload([mark], b"\0", series=[(1, 0, 2**40, constant(0))]),
                Payload([mark], b"\0", series=[(1, 2**60, 1, constant(0))]),
                Payload([mark], b"\0", traces=[b"\0" + bytes(16)] * 2),
                Payload([Kind(MARK, 2**40, {"link": NONE})], b"\0"),
                Payload([mark], b"\1"), Payload([mark], b"\0", step=0), Payload([mark], b"\0", step=2**32),
                Payload([mark], b"\0", foreign=[1]), Payload([Kind(MARK, 0), mark], b"\1"),
                Payload([Kind(0, 1, {"link": NONE})], b"\0"), Payload([Kind(7, 1, {"link": NONE})], b"\0"),
                Payload([Kind(MARK, 1, {"link": NONE}, {}, [(6, 20, constant(0))])], b"\0"),
                Payload([Kind(MARK, 1, {"link": NONE}, {}, [(STRING, 20, constant(-1))])], b"\0")):
            with self.assertRaises(Damage):
                read(payload)

    def test_a_stream_that_is_not_there(self) -> None:
        main, tail = Payload([Kind(MARK, 1, {"link": NONE})], b"\0").parts()
        template = b"\0" + bytes([MARK]) + b"\0\1\0\0\0\0\0"
        self.assertEqual(main.count(template), 1)
        with self.assertRaisesRegex(Damage, "stream 1 of 1"):
            read_parts(main.replace(template, b"\1" + template[1:]), tail, 1)

    def test_both_parts_are_used_up(self) -> None:
        main, tail = Payload([Kind(MARK, 1, {"link": NONE})], b"\0").parts()
        self.assertEqual(len(read_parts(main, tail, 1)), 1)
        for one, other in ((main + b"\0", tail), (main, tail + b"\0"), (main[:-1], tail)):
            with self.assertRaises(Damage):
                read_parts(one, other, 1)

    def test_many_templates_take_two_bytes(self) -> None:
        kinds = [Kind(MARK, 1, {"link": NONE, "gap": constant(number)}) for number in range(257)]
        low, high = bytes(number & 255 for number in range(257)), bytes(number >> 8 for number in range(257))
        main, tail = Payload(kinds, low + high).parts()
        # The sample counts its order's bytes as events.
        main = main[:1] + varint(257) + main[1 + len(varint(514)):]
        self.assertEqual([event.time for event in read_parts(main, tail, 257)][-2:], [255 * 128, 256 * 257 // 2])
