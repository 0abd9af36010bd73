"""Programs that print canned lines, for tests of the driver."""

import json
import sys

from driver.programs import Program

# As the real ones print them, from one quiet round.
EMIT = {
    "clock_read_ns": 10.0, "clock_pair_ns": 20.0, "event_ns": 10.2, "record_ns": 20.4, "chained_ns": 10.1,
    "pair_ns": 22.0, "record_attr1_ns": 21.5, "record_attr2_ns": 22.9, "record_attr4_ns": 26.0, "disabled_ns": 0.5,
    "two_threads_clock_read_ns": 10.0, "two_threads_event_ns": 10.1, "two_threads_clock_pair_ns": 20.0,
    "two_threads_record_ns": 20.1, "burst20_p50_ns": 11.0, "burst20_p99_ns": 25.0, "emit_dropped": 0,
}
NOOP = {"noop_span_ns": 210.0}


def line(peer: str, metric: str, value: float, unit: str = "ns") -> str:
    return json.dumps({"peer": peer, "metric": metric, "value": value, "unit": unit})


def printing(name: str, text: str, status: int = 0, once: bool = False, complaint: str = "") -> Program:
    code = f"import sys; print({text!r}); print({complaint!r}, file=sys.stderr); sys.exit({status})"
    return Program(name, (sys.executable, "-c", code), once)


def emit(**changed: float) -> Program:
    return printing("emit", "\n".join(line("spanreel", *item) for item in (EMIT | changed).items()))


def tracing() -> Program:
    return printing("tracing", "\n".join(line("swift-distributed-tracing", *item) for item in NOOP.items()))
