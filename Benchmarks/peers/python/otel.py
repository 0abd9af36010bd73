#!/usr/bin/env python3
"""Python's OpenTelemetry SDK as a peer: what a span costs through a batch processor whose exporter does nothing.

    otel.py [SPANS = 20000]        one round, printed as JSON lines
"""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import NoOpTracer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lines import say  # noqa: E402


class Discard(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


def measure(metric: str, spans: int, body: Callable[[int], None]) -> None:
    for index in range(500):
        body(index)
    began = time.perf_counter_ns()
    for index in range(spans):
        body(index)
    say("opentelemetry-python", metric, (time.perf_counter_ns() - began) / spans, "ns")


def main() -> None:
    spans = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Discard()))
    tracer = provider.get_tracer("spanreel-bench")
    silent = NoOpTracer()

    def bare(_: int) -> None:
        tracer.start_span("layer.forward").end()

    def two_attributes(index: int) -> None:
        span = tracer.start_span("layer.forward")
        span.set_attribute("layer", index & 31)
        span.set_attribute("bytes", 4096)
        span.end()

    def current(_: int) -> None:
        with tracer.start_as_current_span("layer.forward"):
            pass

    def no_op(_: int) -> None:
        silent.start_span("layer.forward").end()

    measure("span_ns", spans, bare)
    measure("span_attr2_ns", spans, two_attributes)
    measure("current_span_ns", spans, current)
    measure("noop_span_ns", spans, no_op)
    provider.shutdown()


if __name__ == "__main__":
    main()
