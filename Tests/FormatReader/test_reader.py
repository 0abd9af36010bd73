"""The reader's own tests: checksums after their published vectors, and what it says of damaged files."""

import contextlib
import dataclasses
import io
import random
import re
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import zstandard

import container
import names
import reader
from checksums import crc32c, xxh64
from damage import Damage
from dump import double, line, quoted
from events import events
from frame import inflate
from samples import Kind, Payload, constant, file, frame

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "traces" / "base.reel"
TAGS = ROOT / "docs" / "TAGS.md"


def start_of_golden(blocks: int) -> bytes:
    """The file header and the first so many blocks of a saved session."""
    data = GOLDEN.read_bytes()
    file = container.file_header(data)
    offset = container.FILE_HEADER_BYTES
    for _ in range(blocks):
        _, offset = container.block_at(data, offset, file)
    return data[:offset]


def read(data: bytes) -> tuple[int, list[str], list[str]]:
    """Exit status, lines and complaints."""
    out, complaints = io.StringIO(), io.StringIO()
    with tempfile.NamedTemporaryFile(suffix=".reel") as file:
        file.write(data)
        file.flush()
        with (contextlib.redirect_stdout(out), contextlib.redirect_stderr(complaints),
              mock.patch.object(sys, "argv", ["reader.py", file.name])):
            status = reader.main()
    return status, out.getvalue().splitlines(), complaints.getvalue().splitlines()


class ChecksumTests(unittest.TestCase):
    def test_crc32c(self) -> None:
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)  # the check value of the catalogue of CRCs
        self.assertEqual(crc32c(bytes(32)), 0x8A9136AA)  # RFC 3720, B.4
        self.assertEqual(crc32c(b"\xff" * 32), 0x62A8AB43)

    def test_xxh64(self) -> None:
        self.assertEqual(xxh64(b""), 0xEF46DB3751D8E999)
        self.assertEqual(xxh64(b"abc"), 0x44BC2CF5AD770999)
        self.assertEqual(xxh64(b"Nobody inspects the spammish repetition"), 0xFBCEA83C8A378BF1)


class DamageTests(unittest.TestCase):
    sound: bytes
    status: int
    lines: list[str]
    complaints: list[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.sound = start_of_golden(7)
        cls.status, cls.lines, cls.complaints = read(cls.sound)

    def test_the_sound_part_reads(self) -> None:
        self.assertEqual((self.status, self.complaints), (0, []))
        self.assertGreater(len(self.lines), 100)

    def test_no_flipped_byte_is_believed(self) -> None:
        generator = random.Random(5)
        for offset in sorted(generator.sample(range(len(self.sound)), 150)):
            damaged = bytearray(self.sound)
            damaged[offset] ^= 1 << generator.randrange(8)
            status, lines, complaints = read(bytes(damaged))
            self.assertIn(status, (1, 2), f"offset {offset}")
            self.assertRegex(complaints[0], r"reel: offset \d+: ", f"offset {offset}")
            # What is left is what was there; only the device's name goes with the description that held it.
            sequences = {line.partition('"incarnation"')[2] for line in self.lines}
            self.assertLessEqual({line.partition('"incarnation"')[2] for line in lines}, sequences)

    def test_a_cut_is_a_torn_block_or_a_clean_end(self) -> None:
        generator = random.Random(6)
        for length in generator.sample(range(container.FILE_HEADER_BYTES, len(self.sound)), 60):
            status, lines, complaints = read(self.sound[:length])
            self.assertEqual(lines, self.lines[:len(lines)])
            if status:
                self.assertRegex(complaints[0], r"offset \d+: torn: ", f"cut at {length}")

    def test_what_lies_behind_damage_is_read(self) -> None:
        damaged = bytearray(self.sound)
        damaged[container.FILE_HEADER_BYTES + 30] ^= 1
        status, lines, _ = read(bytes(damaged))
        self.assertEqual((status, lines), (1, self.lines))  # the session's description holds no event

    def test_other_files_are_refused(self) -> None:
        self.assertEqual(read(b"")[0], 2)
        self.assertIn("expected the magic", read(b"%PDF-1.7" + bytes(100))[2][0])

    def test_a_frame_that_grows_beyond_its_length_is_refused(self) -> None:
        with self.assertRaisesRegex(Damage, "expected a frame of 1000 bytes"):
            inflate(frame(bytes(1 << 20)), 1000)

    def test_another_version_is_named(self) -> None:
        other = bytearray(self.sound[:container.FILE_HEADER_BYTES])
        other[8:10] = b"\0\0"
        other[76:80] = crc32c(bytes(other[:76])).to_bytes(4, "little")
        status, lines, complaints = read(bytes(other))
        self.assertEqual((status, lines), (2, []))
        self.assertRegex(complaints[0], "offset 8: unsupported version: this reads version 1, the file has 0$")

    def test_damage_under_sound_checksums_is_damage(self) -> None:
        generator = random.Random(7)
        data = self.sound
        found = [block for block in container.blocks(data)
                 if isinstance(block, container.Block) and block.type == container.EVENTS]
        for _ in range(400):
            block = generator.choice(found)
            main, tail = bytearray(block.main), bytearray(block.tail)
            part = tail if tail and generator.random() < 0.1 else main
            place = generator.randrange(min(len(part), 3000))
            part[place:place + generator.randrange(2)] = generator.choice([b"", b"\0", b"\xff", b"\x80" * 12, b"\x7f"])
            with contextlib.suppress(Damage):
                for event in events(dataclasses.replace(block, main=bytes(main), tail=bytes(tail))):
                    line(event, "")


class FrameTests(unittest.TestCase):
    def test_what_stands_behind_the_frame_is_the_tail(self) -> None:
        for data in (b"", b"a", bytes(1 << 20), random.Random(8).randbytes(300_000)):
            self.assertEqual(inflate(frame(data) + b"tail", len(data)), (data, b"tail"))

    def test_cut_frames_are_damage(self) -> None:
        whole = frame(random.Random(9).randbytes(1000))
        for length in range(len(whole)):
            with self.assertRaises(Damage):
                inflate(whole[:length], 1000)

    def test_the_frame_states_its_size_and_has_a_checksum(self) -> None:
        for options in ({"write_content_size": False, "write_checksum": True}, {"write_checksum": False}):
            with self.assertRaises(Damage):
                inflate(zstandard.ZstdCompressor(**options).compress(b"abc"), 3)


class HandmadeTests(unittest.TestCase):
    def test_a_file_of_one_event(self) -> None:
        kind = Kind(names.MARK, 1, {"link": constant(2)})
        self.assertEqual(read(file(Payload([kind], b"\0"))), (0, [
            '{"timeUnixNanos":"0","device":"mini1","incarnation":"0000000000001000","sequence":5,"kind":"mark",'
            '"name":"name","operation":"other"}'], []))


class NamesTests(unittest.TestCase):
    def test_they_are_those_of_the_document(self) -> None:
        page = TAGS.read_text()
        keys = re.findall(r"^\| (\d+) \| `([^`]+)` \|", page, re.MULTILINE)
        self.assertEqual([(int(number), name) for number, name in keys], list(enumerate(names.KEYS))[1:])
        operations = re.findall(r"^\| (\d+) \| (\w+) \| `", page, re.MULTILINE)
        self.assertEqual([(int(number), name) for number, name in operations], list(enumerate(names.OPERATIONS)))


class DumpTests(unittest.TestCase):
    def test_strings_are_safe_to_print(self) -> None:
        self.assertEqual(quoted('a"b\\c\n\x1b\u202eé'), '"a\\"b\\\\c\\n\\u001b\\u202eé"')

    def test_doubles_are_printed_as_swift_does(self) -> None:
        for number, text in [
                (0.0, "0.0"), (-0.0, "-0.0"), (1.0, "1.0"), (0.1, "0.1"), (1e-5, "1e-05"), (0.0001, "0.0001"),
                (1.5e300, "1.5e+300"), (1e16, "1e+16"), (2.0 ** 53, "9007199254740992.0"),
                (2.0 ** 53 + 2, "9.007199254740994e+15"), (-1234567.5e-12, "-1.2345675e-06"), (5e-324, "5e-324"),
                (float("nan"), '"nan"'), (float("-inf"), '"-inf"')]:
            self.assertEqual(double(number), text)
