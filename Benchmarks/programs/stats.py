#!/usr/bin/env python3
"""What `spanreel stats` takes on a million events written through the public API.

    stats.py SPANREEL GENERATE        paths of the two programs
"""

import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))

import generated  # noqa: E402
from lines import say  # noqa: E402

EVENTS = 1_000_000


def main() -> int:
    spanreel, generate = generated.paths(__doc__)
    with generated.session(generate, EVENTS) as session:
        began = time.perf_counter()
        process = subprocess.Popen([spanreel, "stats", session], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        print(f"spanreel stats: exit {process.returncode}", file=sys.stderr)
        return 1
    say("spanreel", "stats_million_s", seconds, "s")
    resident_unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB here
    say("spanreel", "stats_million_resident_mb", usage.ru_maxrss * resident_unit / 1e6, "MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
