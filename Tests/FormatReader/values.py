"""A cursor over a payload's bytes, and the encodings of single values."""

import struct

from damage import Damage

MASK = (1 << 64) - 1


def unzigzag(value: int) -> int:
    return value >> 1 ^ -(value & 1)


def as_int64(value: int) -> int:
    value &= MASK
    return value - (1 << 64) if value >> 63 else value


class Cursor:
    """Reads forward; going past the end is damage, not an exception of Python's."""

    def __init__(self, data: bytes, part: str = "main part") -> None:
        self.data = data
        self.part = part
        self.offset = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.offset

    def damage(self, what: str) -> Damage:
        return Damage(f"{self.part}: {what}", self.offset)

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise self.damage(f"expected {count} more bytes, found {self.left}")
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
                break
            shift += 7
            if shift > 63:
                raise self.damage("a varint of more than ten bytes")
        if value > MASK:
            raise self.damage("a varint of more than 64 bits")
        return value

    def zigzag(self) -> int:
        return unzigzag(self.varint())

    def count(self, least_bytes: int = 1, most: int = MASK) -> int:
        """How many entries follow; each takes bytes, so more than fit are not believed."""
        count = self.varint()
        if count > most:
            raise self.damage(f"{count} entries, of at most {most}")
        if count * least_bytes > self.left:
            raise self.damage(f"{count} entries of at least {least_bytes} bytes in {self.left} bytes")
        return count

    def text(self) -> str:
        try:
            return self.take(self.varint()).decode()
        except UnicodeDecodeError as error:
            raise self.damage(f"not UTF-8: {error.reason}") from error

    def finish(self) -> None:
        if self.left:
            raise self.damage(f"{self.left} bytes are left over")
