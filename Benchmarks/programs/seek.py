#!/usr/bin/env python3
"""How soon the viewer's server shows any instant of a session of ten million events.

    seek.py SPANREEL GENERATE        paths of the two programs
"""

import json
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))

from lines import say  # noqa: E402

EVENTS, SEED, INSTANTS, PORT = 10_000_000, 1, 100, 18999
VIEWS = "overview,throughput,latency,layers,links,devices,cache,requests"


def get(path: str) -> tuple[dict, float]:
    began = time.perf_counter()
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=60) as response:
        return json.load(response), time.perf_counter() - began


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    spanreel, generate = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        session = f"{folder}/ten-million.reel"
        subprocess.run([generate, session, str(EVENTS), str(SEED)], check=True, stdout=subprocess.DEVNULL)
        server = subprocess.Popen([spanreel, "open", session, "--no-browser", "--port", str(PORT)],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while True:
                try:
                    get("/healthz")
                    break
                except OSError:
                    time.sleep(0.02)
            # Nothing is folded yet: the first answer goes through the whole log.
            first, seconds = get(f"/api/sessions/current/views/{VIEWS}")
            say("spanreel", "first_answer_s", seconds, "s")
            end = int(first["endNanos"])
            instants = random.Random(SEED)
            taken = sorted(get(f"/api/sessions/current/views/{VIEWS}?at={instants.randrange(end)}ns")[1]
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
