// All of one session's rows in one pass over the compressed log, as its peers are asked for them by queries: durations
// per device, layer and phase; tokens a second and the gaps between emissions; bytes a link and second; hits of the
// cache in ten seconds; the spans of one trace. One JSON line a figure.
//
//   scan SESSION.reel [TRACE]      TRACE: 32 hexadecimal digits
//   scan trees SESSION.reel        the tree queries: Trees.swift

import BenchSupport
import CSpanreel
import Foundation
import SpanreelReplay
import SpanreelTracing

guard CommandLine.arguments.count >= 2 else {
    FileHandle.standardError.write(Data("usage: scan SESSION.reel [TRACE]\n".utf8))
    exit(2)
}
if CommandLine.arguments[1] == "trees", CommandLine.arguments.count > 2 {
    try measureTrees(CommandLine.arguments[2])
    exit(0)
}
let path = CommandLine.arguments[1]
let trace = CommandLine.arguments.count > 2 ? TraceID(hex: CommandLine.arguments[2]) : nil

/// The median of five passes, from opening the session to the report, in milliseconds; the peers are warm too.
func milliseconds(_ threads: Int) throws -> (median: Double, report: ScanReport) {
    var report = try SessionScan.run(path: path, threads: threads, trace: trace)
    let times = try (0..<5).map { _ in
        let start = sp_monotonic_nanos()
        report = try SessionScan.run(path: path, threads: threads, trace: trace)
        return Double(sp_monotonic_nanos() - start) / 1e6
    }
    return (times.sorted()[2], report)
}

/// The greatest resident size of this process so far, in megabytes.
func peakMegabytes() -> Double {
    var usage = rusage()
    getrusage(0, &usage)  // RUSAGE_SELF, which each system gives another type
    #if canImport(Darwin)
        return Double(usage.ru_maxrss) / 1e6
    #else
        return Double(usage.ru_maxrss) * 1024 / 1e6
    #endif
}

let one = try milliseconds(1)
report("scan_ms", one.median, "ms")
report("scan_events_per_s", Double(one.report.quality.events) / (one.median / 1e3), "events/s")
report("scan_peak_mb", peakMegabytes(), "MB")
let two = try milliseconds(2)
report("scan_two_threads_ms", two.median, "ms")
guard one.report.json == two.report.json else { fatalError("two threads found something else than one") }
let found = one.report
report("check_tokens", Double(found.generatedCount), "tokens")
report("check_link_bytes", Double(found.links.reduce(0) { $0 + $1.sizeBytes }), "B")
let first = found.layers.filter { $0.device == found.layers.first?.device && $0.layer == found.layers.first?.layer }
report("check_layer_count", Double(first.reduce(0) { $0 + $1.durations.count }), "spans")
report("check_trace_spans", Double(found.trace.filter { $0.span != .none }.count), "spans")
report("check_lookups", Double(found.caches.reduce(0) { $0 + $1.lookupCount }), "lookups")
