#!/usr/bin/env python3
"""LTTng-UST as a peer: what its events cost, and how many reach the disk without loss.

    peer.py round                  hot loop with one and two threads, bursts after idling
    peer.py sustained [SECONDS]    begin+end pairs per second at zero loss, with the best settings found here before
    peer.py tune [SECONDS]         tries every setting and keeps, for one and for two producing threads, the fastest
                                   one that lost nothing
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from lines import say  # noqa: E402
from lttng.daemon import Channel, Recording, Unavailable, recording, session_daemon  # noqa: E402

WORK = HERE.parents[2] / ".build-bench" / "lttng"
EMIT = WORK / "emit"
TUNED = WORK / "tuned.json"

# Large enough that the hot loop never meets a full buffer: what is measured is the emitter.
ROOMY = Channel("16M", 16, blocking=False)
HOT_PAIRS = 1_000_000
BURSTS = 2_000

BUFFERS = [
    Channel(size, count, blocking)
    for size, count in (("256k", 16), ("1M", 16), ("4M", 8), ("16M", 8))
    for blocking in (False, True)
]
TUNING_PASSES = 2


def build() -> None:
    """Compiles the emitter when it is older than its sources."""
    sources = [HERE / "emit.c", HERE / "provider.c", HERE / "provider.h"]
    if EMIT.exists() and EMIT.stat().st_mtime > max(source.stat().st_mtime for source in sources):
        return
    WORK.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["cc", "-O2", f"-I{HERE}", str(HERE / "emit.c"), str(HERE / "provider.c"), "-o", str(EMIT),
                           "-llttng-ust", "-ldl", "-lpthread"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable("the emitter does not compile (apt install liblttng-ust-dev): "
                          + done.stderr.strip().splitlines()[0])


def emit(*arguments: object) -> dict[str, float]:
    environment = os.environ | {"LTTNG_UST_ALLOW_BLOCKING": "1", "LTTNG_UST_REGISTER_TIMEOUT": "10000"}
    done = subprocess.run([str(EMIT), *map(str, arguments)], capture_output=True, text=True, check=True,
                          env=environment)
    return {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}


@contextlib.contextmanager
def record(name: str, channel: Channel) -> Iterator[Recording]:
    with recording(f"spanreel-{name}-{os.getpid()}", channel, WORK / f"trace-{os.getpid()}") as result:
        yield result


def one_round() -> None:
    for threads, metric in ((1, "event_ns"), (2, "two_threads_event_ns")):
        with record("hot", ROOMY) as hot:
            cost = emit("hot", threads, HOT_PAIRS)["event_ns"]
        say("lttng", metric, cost, "ns")
        if threads == 1:
            say("lttng", "pair_ns", 2 * cost, "ns")
        if hot.discarded:
            say("lttng", metric.replace("_ns", "_discarded"), hot.discarded, "events")
    with record("burst", ROOMY):
        for metric, value in emit("burst", BURSTS).items():
            say("lttng", metric, value, "ns")


def attempt(threads: int, channel: Channel, seconds: int) -> tuple[float, float, Recording]:
    """Pairs per second while the producers ran, and events emitted."""
    with record("sustained", channel) as result:
        ran = emit("sustained", threads, seconds)
    return ran["pairs"] / ran["seconds"], 2 * ran["pairs"], result


def best_channel(threads: int, seconds: int) -> Channel:
    """The fastest of all buffers that lost nothing in any pass."""
    rates: dict[Channel, float] = {}
    lossy: set[Channel] = set()
    for _ in range(TUNING_PASSES):
        for channel in BUFFERS:
            rate, _, result = attempt(threads, channel, seconds)
            print(f"lttng: {threads} producing, {channel}: {rate / 1e6:.2f} M pairs/s, {result.discarded} discarded",
                  file=sys.stderr)
            rates[channel] = max(rate, rates.get(channel, 0))
            if result.discarded:
                lossy.add(channel)
    clean = rates.keys() - lossy
    if not clean:
        raise Unavailable(f"with {threads} producing, no setting of the buffers was without loss")
    return max(clean, key=lambda channel: rates[channel])


def tune(seconds: int) -> dict[int, Channel]:
    best = {threads: best_channel(threads, seconds) for threads in (1, 2)}
    TUNED.write_text(json.dumps({str(threads): asdict(channel) for threads, channel in best.items()}))
    return best


def tuned(seconds: int) -> dict[int, Channel]:
    if not TUNED.exists():
        return tune(seconds)
    return {int(threads): Channel(**channel) for threads, channel in json.loads(TUNED.read_text()).items()}


def sustained(seconds: int) -> None:
    for threads, channel in tuned(seconds).items():
        rate, events, result = attempt(threads, channel, seconds)
        prefix = "" if threads == 1 else "two_threads_"
        print(f"lttng: {threads} producing, {channel}", file=sys.stderr)
        say("lttng", f"{prefix}sustained_pairs_per_s", rate, "1/s")
        say("lttng", f"{prefix}sustained_lost", result.discarded, "events")
        if threads == 1 and result.discarded == 0:
            say("lttng", "bytes_per_event", result.bytes_on_disk / events, "B")


def main(arguments: list[str]) -> int:
    seconds = int(arguments[1]) if len(arguments) > 1 else 3
    modes = {"round": one_round, "sustained": lambda: sustained(seconds), "tune": lambda: tune(seconds)}
    if not arguments or arguments[0] not in modes:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        build()
        with session_daemon(WORK / "home"):
            modes[arguments[0]]()
    except Unavailable as reason:
        print(f"lttng: {reason}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
