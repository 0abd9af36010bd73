"""What the programs on a generated session share: its making, and the two paths that they are given."""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator

SEED = 1


def paths(usage: str | None) -> tuple[str, str]:
    """Of spanreel and of the generator, from the command line."""
    if len(sys.argv) != 3:
        print(usage, file=sys.stderr)
        raise SystemExit(2)
    return sys.argv[1], sys.argv[2]


@contextlib.contextmanager
def session(generate: str, events: int) -> Iterator[str]:
    """The path of a session of so many events, gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/generated.reel"
        subprocess.run([generate, path, str(events), str(SEED)], check=True, stdout=subprocess.DEVNULL)
        yield path
