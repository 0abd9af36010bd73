#!/usr/bin/env python3
"""Bytes per span of one recorded session in the formats others would keep it in. All attributes, all ids; each file
is read back and compared.

    peer.py FOLDER        the folder holds trace.otlp.pb.zst: repeated (4-byte big-endian length, request)
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import duck  # noqa: E402
import otlp  # noqa: E402
import parquet  # noqa: E402
from lines import say  # noqa: E402
from spans import load  # noqa: E402


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    session = load(Path(sys.argv[1]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say("parquet", "bytes_per_span", parquet.measure(session, folder), "B")
        say("duckdb", "bytes_per_span", duck.measure(session, folder), "B")
        say("otlp-zstd19", "bytes_per_span", otlp.measure(session, folder, 19), "B")
        say("otlp-zstd3", "bytes_per_span", otlp.measure(session, folder, 3), "B")
    return 0


if __name__ == "__main__":
    sys.exit(main())
