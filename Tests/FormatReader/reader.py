#!/usr/bin/env python3
"""A second reader of the format, written from docs/FORMAT.md alone. Needs Python 3.10 and `zstandard`.

    reader.py SESSION.reel        prints every event as `spanreel dump --json` does

A packed file, or the segments of a growing session's directory. Damage is said on stderr, one line each, and what is
sound behind it is still read; the exit status is then 1.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from container import DESCRIPTION, EVENTS, blocks
from damage import Damage
from description import description
from dump import line
from events import events


def files(session: Path) -> list[Path]:
    if not session.is_dir():
        return [session]
    return [session / "session", *sorted(session.glob("streams/*/*.seg"))]


def dump(file: Path, devices: dict[bytes, str]) -> Iterator[str | Damage]:
    for block in blocks(file.read_bytes()):
        if isinstance(block, Damage):
            yield block
            continue
        try:
            if block.type == DESCRIPTION:
                devices[block.stream] = description(block).get("device", devices.get(block.stream, ""))
            elif block.type == EVENTS:
                yield from (line(event, devices.get(event.stream, "")) for event in events(block))
        except Damage as damage:
            yield Damage(f"in the payload, {damage}", block.offset)


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    damaged = False
    devices: dict[bytes, str] = {}
    try:
        for file in files(Path(sys.argv[1])):
            for item in dump(file, devices):
                if isinstance(item, Damage):
                    damaged = True
                    print(f"{file}: {item}", file=sys.stderr)
                else:
                    print(item)
    except (OSError, Damage) as error:
        print(f"{file}: {error}", file=sys.stderr)
        return 2
    return 1 if damaged else 0


if __name__ == "__main__":
    sys.exit(main())
