internal import SpanreelTracing

/// Runs an import into a sink: two passes over the trace, one over the metrics.
struct Import {
    var trace: String
    var metrics: String?
    var windowEvents = 400_000

    /// Reads the files and writes their events. Throws when nothing in them could be read.
    func run(
        makeSink: () throws(TraceError) -> some ImportSink, progress: ((ImportProgress) -> Void)? = nil
    ) throws(TraceError) -> ImportReport {
        let plan = ImportPlan()
        let planProblems = ImportProblems()
        try walk(trace, planProblems, plan) { progress?(ImportProgress(fraction: $0 * 0.5, spans: 0)) }
        if let metrics { try walk(metrics, planProblems, plan) { _ in } }
        plan.finish()
        guard plan.spans > 0 || plan.metrics > 0 else { throw refusal(planProblems) }

        // Only now is anything created at the target: what cannot be read leaves no trace there.
        let problems = ImportProblems()
        let mapper = SpanMapper(sink: try makeSink(), plan: plan, problems: problems, windowEvents: windowEvents)
        if let metrics { try walk(metrics, problems, mapper) { _ in } }
        try walk(trace, problems, mapper) {
            progress?(ImportProgress(fraction: 0.5 + $0 * 0.5, spans: mapper.report.spans))
        }
        try mapper.finish()
        var report = mapper.report
        report.problemCount = problems.count
        report.problems = problems.first
        return report
    }

    private func walk(
        _ path: String, _ problems: ImportProblems, _ visitor: some OTLPVisitor, _ progress: (Double) -> Void
    ) throws(TraceError) {
        let reader = try DocumentReader(path: path, problems: problems)
        let walker = OTLPWalker(problems: problems)
        while let document = try reader.next() {
            try walker.walk(document, visitor)
            let (read, total) = reader.progress
            progress(total > 0 ? Double(read) / Double(total) : 1)
        }
    }

    private func refusal(_ problems: ImportProblems) -> TraceError {
        guard let first = problems.first.first else {
            return TraceError(
                .invalid,
                "There is nothing to import: the file holds no span and no metric of OpenTelemetry's protocol (OTLP)",
                path: trace)
        }
        return TraceError(
            .corrupt,
            "This is no trace that import can read: expected OTLP as protobuf or JSON, plain or zstd, found \(first.what)",
            path: trace, offsetBytes: first.offsetBytes)
    }
}
