// What a span of apple/swift-distributed-tracing costs when nothing records it, and when its own in-memory tracer does.
//
//   peer-tracing [SPANS = 200000]        one round, printed as JSON lines

import InMemoryTracing
import Tracing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

let spans = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 200_000 : 200_000

/// In-memory spans are kept until they are cleared: so many at a time, outside the measured time.
let batch = 10_000

/// Prints the mean cost of one call of `body`, measured in batches; `rest` runs between them, unmeasured.
func measure(_ metric: String, rest: () -> Void = {}, _ body: (Int) -> Void) {
    let clock = ContinuousClock()
    for index in 0..<1_000 { body(index) }
    rest()
    var total = Duration.zero
    var done = 0
    while done < spans {
        total += clock.measure {
            for index in done..<done + batch { body(index) }
        }
        done += batch
        rest()
    }
    let (seconds, attoseconds) = total.components
    let nanos = (Double(seconds) * 1e9 + Double(attoseconds) / 1e9) / Double(done)
    print(#"{"peer": "swift-distributed-tracing", "metric": "\#(metric)", "value": \#(nanos), "unit": "ns"}"#)
}

// Nothing is bootstrapped yet, so the global tracer is the no-op one: what a library pays whose user traces nothing.
measure("noop_span_ns") { _ in
    startSpan("layer.forward").end()
}
measure("noop_span_attr2_ns") { index in
    let span = startSpan("layer.forward")
    span.attributes["layer"] = index & 31
    span.attributes["bytes"] = 4096
    span.end()
}
measure("noop_with_span_ns") { _ in
    withSpan("layer.forward") { _ in }
}

let tracer = InMemoryTracer()
InstrumentationSystem.bootstrap(tracer)

measure("in_memory_span_ns", rest: tracer.clearFinishedSpans) { _ in
    startSpan("layer.forward").end()
}
measure("in_memory_span_attr2_ns", rest: tracer.clearFinishedSpans) { index in
    let span = startSpan("layer.forward")
    span.attributes["layer"] = index & 31
    span.attributes["bytes"] = 4096
    span.end()
}
measure("in_memory_with_span_ns", rest: tracer.clearFinishedSpans) { _ in
    withSpan("layer.forward") { _ in }
}
