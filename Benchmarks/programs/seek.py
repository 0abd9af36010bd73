#!/usr/bin/env python3
"""How soon the viewer's server shows any instant of a session of ten million events.

    seek.py SPANREEL GENERATE        paths of the two programs
"""

import json
import random
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))

import generated  # noqa: E402
from lines import say  # noqa: E402

EVENTS, INSTANTS = 10_000_000, 100
VIEWS = "overview,throughput,latency,layers,links,devices,cache,requests"


def get(url: str) -> tuple[dict, float]:
    """The answer, and the seconds until all of it had come: reading its JSON is the client's time."""
    began = time.perf_counter()
    with urllib.request.urlopen(url, timeout=60) as response:
        body = response.read()
    taken = time.perf_counter() - began
    return json.loads(body), taken


def main() -> int:
    spanreel, generate = generated.paths(__doc__)
    with generated.session(generate, EVENTS) as session:
        server = subprocess.Popen([spanreel, "open", session, "--no-browser", "--port", "0"], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            # A free port: the first line that names an address says which.
            found = next(filter(None, (re.search(r"http://[a-z0-9.:]+", line) for line in server.stdout)), None)
            if found is None:
                print("spanreel open: no address", file=sys.stderr)
                return 1
            views = f"{found[0]}/api/sessions/current/views/{VIEWS}"
            # Nothing is folded yet: the first answer goes through the whole log.
            first, seconds = get(views)
            say("spanreel", "first_answer_s", seconds, "s")
            end = int(first["endNanos"])
            instants = random.Random(generated.SEED)
            taken = sorted(get(f"{views}?at={instants.randrange(end)}ns")[1]
                           for _ in range(INSTANTS))
            say("spanreel", "seek_p50_ms", taken[len(taken) // 2] * 1e3, "ms")
            say("spanreel", "seek_greatest_ms", taken[-1] * 1e3, "ms")
            if sys.platform == "linux":
                status = Path(f"/proc/{server.pid}/status").read_text()
                peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
                say("spanreel", "server_peak_mb", int(peak.split()[1]) * 1024 / 1e6, "MB")
        finally:
            server.terminate()
            server.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
