"""The bars: the one table of what each figure has to reach. Figures are named "metric" when they are ours, else
"peer/metric"; a ratio is a ratio of medians."""

from collections.abc import Callable
from dataclasses import dataclass

from .samples import Estimate, Medians


@dataclass(frozen=True)
class Bar:
    group: str
    title: str
    measure: Callable[[Medians], float]
    # What has to hold; `None` for a figure that has only an aim.
    limit: float | None
    unit: str = "x"
    at_least: bool = False
    aim: float | None = None

    def reaches(self, value: float, goal: float) -> bool:
        return value >= goal if self.at_least else value <= goal

    def verdict(self, found: Estimate | None) -> str:
        if found is None:
            return "not measured"
        if self.limit is None:
            return "aim reached" if self.aim is not None and self.reaches(found.value, self.aim) else "below the aim"
        if self.reaches(found.value, self.limit):
            return "holds"
        best = found.high if self.at_least else found.low
        return "miss inside the spread" if self.reaches(best, self.limit) else "miss"


NOOP = "swift-distributed-tracing/noop_span_ns"

BARS = [
    Bar("emit", "event / a bare clock read", lambda m: m["event_ns"] / m["clock_read_ns"], 1.05),
    Bar("emit", "one-record span / two clock reads", lambda m: m["record_ns"] / m["clock_pair_ns"], 1.05),
    Bar("emit", "chained span / one clock read", lambda m: m["chained_ns"] / m["clock_read_ns"], 1.05),
    Bar("emit", "begin + end / two clock reads", lambda m: m["pair_ns"] / m["clock_pair_ns"], 1.15),
    Bar("emit", "two threads: event / a clock read",
        lambda m: m["two_threads_event_ns"] / m["two_threads_clock_read_ns"], 1.05),
    Bar("emit", "two threads: span / two clock reads",
        lambda m: m["two_threads_record_ns"] / m["two_threads_clock_pair_ns"], 1.05),
    Bar("emit", "bursts of 20 after idling, P50 each", lambda m: m["burst20_p50_ns"], 15, "ns"),
    Bar("emit", "the first int attribute", lambda m: m["record_attr1_ns"] - m["record_ns"], 2, "ns"),
    Bar("emit", "each further int attribute", lambda m: (m["record_attr4_ns"] - m["record_attr1_ns"]) / 3, 2, "ns"),
    Bar("emit", "a span while recording is off", lambda m: m["disabled_ns"], 1, "ns"),
    Bar("emit", "begin + end / Swift's no-op span", lambda m: m["pair_ns"] / m[NOOP], 1 / 8),
    Bar("emit", "dropped while these were measured", lambda m: m["emit_dropped"], 0, "events"),
    Bar("seal", "spans/s / LTTng's pairs/s", lambda m: m["sustained_spans_per_s"] / m["lttng/sustained_pairs_per_s"],
        5, at_least=True),
    Bar("seal", "spans/s, sealed on disk", lambda m: m["sustained_spans_per_s"], None, "/s", at_least=True, aim=30e6),
    Bar("seal", "of these lost", lambda m: m["sustained_spans_lost"], 0, "spans"),
    Bar("seal", "LTTng's pairs lost", lambda m: m["lttng/sustained_lost"], 0, "events"),
    Bar("overhead", "hot loop at 100,000 spans/s, each", lambda m: m["hot_loop_extra_ns_per_span"], 25, "ns"),
    Bar("overhead", "the sealer, of another core", lambda m: m["sealer_core_percent"], 0.5, "%"),
    Bar("overhead", "resident beside the lanes", lambda m: m["resident_mb"], 10, "MB"),
    Bar("visible", "from emit to a reader, P50", lambda m: m["emit_to_reader_ms_p50"], 20, "ms"),
    Bar("visible", "from emit to a reader, P99", lambda m: m["emit_to_reader_ms_p99"], 20, "ms"),
    Bar("seek", "any instant of 10 M events, greatest of 100", lambda m: m["seek_greatest_ms"], 100, "ms"),
    Bar("seek", "the same with no checkpoint: the first answer", lambda m: m["first_answer_s"], 3, "s"),
    Bar("rebuild", "events/s, one pass, one thread", lambda m: m["scan_events_per_s"], 30e6, "/s",
        at_least=True, aim=50e6),
    Bar("rebuild", "ClickHouse, sorted / ours",
        lambda m: m["clickhouse-sorted/q_sum_ms"] / m["scan_ms"], 1, at_least=True, aim=1.8),
    Bar("rebuild", "ClickHouse, arrival order / ours",
        lambda m: m["clickhouse-arrival/q_sum_ms"] / m["scan_ms"], 4, at_least=True),
    Bar("rebuild", "DuckDB, arrival order / ours",
        lambda m: m["duckdb-arrival/q_sum_ms"] / m["scan_ms"], 2.5, at_least=True),
    Bar("rebuild", "one thread / two", lambda m: m["scan_ms"] / m["scan_two_threads_ms"], 1.7, at_least=True),
    Bar("rebuild", "resident, 50 M events", lambda m: m["scan_peak_mb_50m"], 200, "MB"),
    Bar("rebuild", "events/s, all critical paths", lambda m: m["tree_events_per_s"], 5e6, "/s",
        at_least=True),
    Bar("sizes", "bytes per span, foreign ids", lambda m: m["bytes_per_span_foreign"], 14.5, "B"),
    Bar("sizes", "bytes per span, own ids", lambda m: m["bytes_per_span_own"], 6.5, "B"),
    Bar("sizes", "foreign ids / tuned Parquet",
        lambda m: m["bytes_per_span_foreign"] / m["parquet/bytes_per_span"], 1),
    Bar("sizes", "foreign ids / OTLP with zstd-19",
        lambda m: m["bytes_per_span_foreign"] / m["otlp-zstd19/bytes_per_span"], 1),
    Bar("sizes", "bytes per event of a demo session", lambda m: m["demo_bytes_per_event"], 5, "B"),
]
