"""OTLP protobuf as it was exported, and zstd over the whole of it."""

from pathlib import Path

import zstandard

from spans import Session


def measure(session: Session, folder: Path, level: int) -> float:
    path = folder / f"otlp.{level}.pb.zst"
    path.write_bytes(zstandard.ZstdCompressor(level=level, write_checksum=True).compress(session.raw))
    if zstandard.ZstdDecompressor().decompress(path.read_bytes()) != session.raw:
        raise ValueError("the OTLP file does not read back as it was written")
    return path.stat().st_size / session.spans
