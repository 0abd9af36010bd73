#!/usr/bin/env python3
"""Checks that this reader and `spanreel dump --json` see the same events.

    compare.py SPANREEL SESSION...

Lines are compared within each incarnation, in order; the order of incarnations is the reader's own affair.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

READER = Path(__file__).resolve().with_name("reader.py")


def by_incarnation(lines: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(json.loads(line)["incarnation"], []).append(line)
    return found


def dumped(*command: str) -> dict[str, list[str]]:
    done = subprocess.run(command, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: exit {done.returncode}: {done.stderr.decode().strip()}")
    # Not splitlines(): a name may hold a character that Unicode counts as the end of a line.
    return by_incarnation(line for line in done.stdout.decode().split("\n") if line)


def first_difference(ours: list[str], theirs: list[str]) -> str:
    for one, other in zip(ours, theirs):
        if one != other:
            return f"  reader.py  {one}\n  spanreel   {other}"
    return f"  reader.py has {len(ours)} events, spanreel {len(theirs)}"


def compare(spanreel: str, session: str) -> bool:
    try:
        theirs = dumped(spanreel, "dump", "--json", session)
        ours = dumped(sys.executable, str(READER), session)
    except RuntimeError as error:
        print(f"{session}: {error}")
        return False
    for incarnation in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(incarnation, []), theirs.get(incarnation, [])
        if one != other:
            print(f"{session}: incarnation {incarnation} differs\n{first_difference(one, other)}")
            return False
    print(f"{session}: {sum(map(len, ours.values()))} events, the same in both")
    return True


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    spanreel, *sessions = sys.argv[1:]
    return 0 if all([compare(spanreel, session) for session in sessions]) else 1


if __name__ == "__main__":
    sys.exit(main())
