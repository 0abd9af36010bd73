"""The outside of a file: its header, its blocks' headers, and the checksums. See docs/FORMAT.md."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from checksums import crc32c, xxh64
from damage import Damage
from frame import inflate

VERSION = 1
MAGIC = b"\x89SPR\r\n\x1a\n"
FILE_HEADER_BYTES = 80
BLOCK_HEADER_BYTES = 144
LARGEST_PAYLOAD = 64 << 20

SEGMENT, PACKED, SESSION = 1, 2, 3
EVENTS, DESCRIPTION = 1, 2
ZSTD = 1


@dataclass(frozen=True)
class FileHeader:
    kind: int
    epoch: int
    session: bytes
    stream: bytes
    marker: bytes


@dataclass(frozen=True)
class Block:
    offset: int
    type: int
    stream: bytes
    incarnation: int
    first_sequence: int
    last_sequence: int
    events: int
    epoch: int
    least_start: int
    greatest_time: int
    least_time: int
    dropped: int
    main: bytes
    tail: bytes


def file_header(data: bytes) -> FileHeader:
    if len(data) < FILE_HEADER_BYTES:
        raise Damage(f"a file header has {FILE_HEADER_BYTES} bytes, found {len(data)}", 0)
    magic, version, kind, _, epoch, session, stream, marker, _, _, crc = struct.unpack_from(
        "<8sHBBI16s16s16sqII", data)
    if magic != MAGIC:
        raise Damage(f"expected the magic {MAGIC.hex()}, found {magic.hex()}", 0)
    if crc != crc32c(data[:76]):
        raise Damage("the file header's checksum does not match", 76)
    if version != VERSION:
        raise Damage(f"unsupported version: this reads version {VERSION}, the file has {version}", 8)
    return FileHeader(kind, epoch, session, stream, marker)


def block_at(data: bytes, offset: int, file: FileHeader) -> tuple[Block, int]:
    """The block whose header starts at `offset`, its payload checked and inflated, and the offset behind it."""
    if len(data) - offset < BLOCK_HEADER_BYTES:
        raise Damage(f"torn: a block header has {BLOCK_HEADER_BYTES} bytes, found {len(data) - offset}", offset)
    (marker, kind, codec, _, header_length, stored_length, raw_length, stream, incarnation, first, last, events, epoch,
     least_start, greatest_time, _, stored_hash, own_offset, least_time, dropped, _, crc) = struct.unpack_from(
        "<16sBBHIII16sQQQIIqqQQQqQII", data, offset)
    if marker != file.marker:
        raise Damage("expected the file's sync marker", offset)
    if crc != crc32c(data[offset:offset + BLOCK_HEADER_BYTES - 4]):
        raise Damage("the block header's checksum does not match", offset)
    if own_offset != offset:
        raise Damage(f"the block says that it was written at {own_offset}", offset)
    if header_length != BLOCK_HEADER_BYTES or stored_length > LARGEST_PAYLOAD or raw_length > LARGEST_PAYLOAD:
        raise Damage(f"lengths out of bounds: {header_length}, {stored_length}, {raw_length}", offset)
    start = offset + header_length
    stored = data[start:start + stored_length]
    if len(stored) < stored_length:
        raise Damage(f"torn: expected {stored_length} stored bytes, found {len(stored)}", offset)
    if xxh64(stored) != stored_hash:
        raise Damage("the hash of the stored bytes does not match", offset)
    main = tail = b""
    if kind in (EVENTS, DESCRIPTION):
        if codec != ZSTD:
            raise Damage(f"unknown codec {codec}", offset)
        try:
            main, tail = inflate(stored, raw_length)
        except Damage as damage:
            raise Damage(str(damage), offset) from damage
    return Block(offset, kind, stream, incarnation, first, last, events, epoch, least_start, greatest_time, least_time,
                 dropped, main, tail), start + stored_length


def blocks(data: bytes) -> Iterator[Block | Damage]:
    """The blocks of a file in order; damage is handed over where it stands, and reading goes on at the next marker."""
    file = file_header(data)
    offset = FILE_HEADER_BYTES
    while offset < len(data):
        try:
            block, offset = block_at(data, offset, file)
            yield block
        except Damage as damage:
            yield damage
            offset = data.find(file.marker, offset + 1)
            if offset < 0:
                return
