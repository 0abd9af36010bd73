"""What is asked of the rows, and what the answers have to agree in.

    q1       durations per (device, layer, phase): count, least, greatest, mean, standard deviation, P50, P95, P99
    q2       generated tokens per second
    q2_roll  mean of the last 100 gaps between generated tokens: the greatest, and the last
    q3       all spans of one trace, in order
    q4       bytes sent per link per second
    q5       hit rate of the prefix cache per 10 s

A span counts in the second in which it starts. 100 gaps in a row add up to the distance of the tokens at both ends,
so that engines need not add them up.
"""

import pyarrow
import pyarrow.compute as compute

# As in `Operation` and `Phase` of the library.
LAYER, HOP_SEND, CACHE_LOOKUP, TOKENS = 8, 12, 14, 20
DECODE = 2
SECOND = 1_000_000_000
ROLL = 100

ORDER = ["q1", "q2", "q2_roll", "q3", "q4", "q5"]
SPAN = "start, duration, kind, phase, device, layer, link, span, parent, size_bytes, hit"


def checks(answers: dict[str, pyarrow.Table]) -> dict[str, float]:
    """What every engine has to have found, from its answers to the queries themselves."""
    layers = answers["q1"].to_pylist()
    lowest = min(row["layer"] for row in layers)
    roll = answers["q2_roll"].to_pylist()[0]
    found = {
        "check_tokens": compute.sum(answers["q2"]["tokens"]).as_py(),
        "check_link_bytes": compute.sum(answers["q4"]["bytes"]).as_py(),
        "check_layer_count": sum(row["count"] for row in layers if row["layer"] == lowest),
        "check_trace_spans": answers["q3"].num_rows,
        "check_lookups": compute.sum(answers["q5"]["lookups"]).as_py(),
        "check_hits": compute.sum(answers["q5"]["hits"]).as_py(),
        "check_roll_greatest_ns": roll["greatest"],
        "check_roll_last_ns": roll["last"],
    }
    return {name: float(value) for name, value in found.items()}
