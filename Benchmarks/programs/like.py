#!/usr/bin/env python3
"""Makes the session of ten million events that the scan and its peers are asked about, once: like the recorded one. And
one of fifty million, for what a scan takes in memory.

    like.py GENERATE RECORDED FOLDER        leaves FOLDER/session.reel, FOLDER/large.reel and FOLDER/columns

Another build of the generator may write another session, so that one is made anew.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

EVENTS, LARGE_EVENTS, SEED = 10_000_000, 50_000_000, 1


def made_by(generate: Path) -> str:
    return f"{EVENTS} {LARGE_EVENTS} {SEED} {hashlib.sha256(generate.read_bytes()).hexdigest()}"


def is_fresh(generate: Path, folder: Path) -> bool:
    made = folder / "made-by"
    return made.exists() and made.read_text() == made_by(generate)


def make(generate: Path, recorded: str, folder: Path) -> None:
    # What peers made of the columns lies there too, and goes with them.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # Whole nanoseconds, as the recorded stamps are, whatever counter this machine has.
    environment = os.environ | {"SPANREEL_CLOCK": "monotonic"}
    session, columns = str(folder / "session.reel"), str(folder / "columns")
    for arguments in (["--like", recorded, session, str(EVENTS), str(SEED)], ["--check", recorded, session],
                      ["--columns", session, columns],
                      ["--like", recorded, str(folder / "large.reel"), str(LARGE_EVENTS), str(SEED)]):
        done = subprocess.run([str(generate), *arguments], env=environment, capture_output=True, text=True)
        print(done.stdout if done.returncode or arguments[0] != "--check" else "", end="", file=sys.stderr)
        if done.returncode != 0:
            raise SystemExit(f"like: generate {arguments[0]}: {done.stderr.strip() or 'failed'}")
    (folder / "made-by").write_text(made_by(generate))


def main() -> int:
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    generate, folder = Path(sys.argv[1]), Path(sys.argv[3])
    if not is_fresh(generate, folder):
        make(generate, sys.argv[2], folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
