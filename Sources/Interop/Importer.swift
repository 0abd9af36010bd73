public import SpanreelTracing

/// Turns recordings of other tools into sessions.
///
/// Reads OpenTelemetry's protocol (OTLP): protobuf, as one `ExportTraceServiceRequest` or as many, each behind its
/// length in four bytes, most significant first; JSON, as one object or as lines; each plain or compressed with
/// zstd. The content tells which; names do not matter.
///
/// What comes over: every span as one event with its ids, parent, name, kind, times, status and attributes; each
/// resource as one stream with a clock domain of its own; gauges and sums as samples. Beside that, facts that OTLP
/// does not have are derived (see `DerivedFacts.swift`) and marked with `spanreel.derived`, and well-known attributes
/// are added where foreign ones say the same under another name (see `AttributeTable.swift`).
public enum Importer {
    /// Imports the trace at `path`, and the metrics at `metrics`, into a new session.
    ///
    /// Reads the trace twice; memory is bounded by a window of events, the number of requests, and the names met. What
    /// in the file cannot be read is counted in the report and costs nothing but itself.
    ///
    /// - Parameters:
    ///   - path: the trace, or metrics alone.
    ///   - metrics: metrics of the same resources.
    ///   - target: where the packed session shall lie; must not exist.
    ///   - name: the session's name; that of the target, without `.reel`, unless given.
    ///   - progress: called now and then, on the caller's thread.
    /// - Throws: ``TraceError``: `unreadable`, `invalid` or `corrupt` for the file, `exists` or `system` for the target.
    ///   Then there is nothing at the target.
    public static func importFile(
        at path: String, metrics: String? = nil, to target: String, name: String? = nil,
        progress: ((ImportProgress) -> Void)? = nil
    ) throws(TraceError) -> ImportReport {
        let sink = SessionSink(path: target, name: name ?? Self.name(of: target))
        let report = try Import(trace: path, metrics: metrics).run(
            makeSink: { () throws(TraceError) in
                try sink.open()
                return sink
            }, progress: progress)
        try sink.finish()
        return report
    }

    private static func name(of path: String) -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? "import"
        return last.hasSuffix(".reel") && last.count > 5 ? String(last.dropLast(5)) : last
    }
}
