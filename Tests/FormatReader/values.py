"""A cursor over a payload's bytes, and the encodings of single values."""

import struct

from damage import Damage


def unzigzag(value: int) -> int:
    return value >> 1 ^ -(value & 1)


def as_int64(value: int) -> int:
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


class Cursor:
    """Reads forward; going past the end is damage, not an exception of Python's."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.offset = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.offset

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise Damage(f"expected {count} more bytes of payload, found {self.left}", self.offset)
        self.offset += count
        return self.data[self.offset - count:self.offset]

    def byte(self) -> int:
        return self.take(1)[0]

    def word(self) -> int:
        (value,) = struct.unpack("<Q", self.take(8))
        return value

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise Damage("a varint of more than ten bytes", self.offset)

    def zigzag(self) -> int:
        return unzigzag(self.varint())

    def text(self) -> str:
        try:
            return self.take(self.varint()).decode()
        except UnicodeDecodeError as error:
            raise Damage(f"not UTF-8: {error.reason}", self.offset) from error

    def part(self) -> "Cursor":
        """What follows as length:varint and bytes."""
        return Cursor(self.take(self.varint()))
