"""Where a zstd frame ends, and what is in it. Behind a block's frame lies its tail, so the end must be found."""

import zstandard

from damage import Damage

_RLE, _RESERVED = 1, 3
_CHECKSUM_BYTES = 4


def frame_length(stored: bytes) -> int:
    """Walks over the frame's blocks by their headers (RFC 8878, 3.1.1) without inflating any."""
    try:
        offset = zstandard.frame_header_size(stored)
    except zstandard.ZstdError as error:
        raise Damage(f"zstd: {error}") from error
    last = 0
    while not last:
        header = stored[offset:offset + 3]
        if len(header) < 3:
            raise Damage("zstd: the frame is cut")
        number = int.from_bytes(header, "little")
        last, kind, size = number & 1, number >> 1 & 3, number >> 3
        if kind == _RESERVED:
            raise Damage("zstd: a block of the reserved type")
        offset += 3 + (1 if kind == _RLE else size)
    offset += _CHECKSUM_BYTES
    if offset > len(stored):
        raise Damage("zstd: the frame is cut")
    return offset


def inflate(stored: bytes, raw_length: int) -> tuple[bytes, bytes]:
    """The frame's content, and what is stored behind the frame."""
    try:
        parameters = zstandard.get_frame_parameters(stored)
    except zstandard.ZstdError as error:
        raise Damage(f"zstd: {error}") from error
    # Checked first: the library allocates what the frame states.
    if parameters.content_size != raw_length:
        raise Damage(f"expected a frame of {raw_length} bytes, found one of {parameters.content_size}")
    if not parameters.has_checksum:
        raise Damage("expected a frame with a checksum")
    end = frame_length(stored)
    if raw_length == 0:
        return b"", stored[end:]
    try:
        main = zstandard.ZstdDecompressor().decompress(stored[:end], max_output_size=raw_length)
    except zstandard.ZstdError as error:
        raise Damage(f"zstd: {error}") from error
    if len(main) != raw_length:
        raise Damage(f"expected {raw_length} bytes, inflated {len(main)}")
    return main, stored[end:]
