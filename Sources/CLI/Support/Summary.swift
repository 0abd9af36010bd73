internal import Foundation
internal import SpanreelReplay
internal import SpanreelTracing

/// The six lines at the end of a recording.
enum Summary {
    /// Whether a session grows, ended well or was cut off.
    static func state(of path: String) throws -> SessionState {
        let reader = try SessionReader(path: path)
        if reader.streams.contains(where: { $0.state == .live }) { return .live }
        return !reader.session.isPacked && reader.streams.contains { $0.state == .dead } ? .crashed : .saved
    }

    /// Requests, tokens, latency, the bottleneck, the file and what tracing cost, and what to do next.
    static func lines(of path: String) throws -> [String] {
        let engine = try SessionEngine(path: path)
        let json = try engine.views([.overview, .throughput, .latency, .cache, .processes], ViewQuery(window: .all))
        let envelope = JSONField(json: json)
        let views = envelope["views"]
        let latency = views["latency"]
        let seconds = max(1e-9, (envelope["endNanos"].number ?? 0) / 1e9)
        let states = ["finished", "cancelled", "rejected", "failed", "open"].compactMap { name -> String? in
            guard let count = latency["states"][name].int, count > 0 || name == "finished" else { return nil }
            return "\(count) \(name)"
        }
        let throughput = views["throughput"]
        return [
            "requests    \(states.joined(separator: ", ")) in \(Text.fixed(seconds, 1)) s",
            "tokens      \(throughput["totals"]["generatedTokens"].count) generated (\(throughput["systemTokensPerSecond"].rate)/s), "
                + "\(throughput["totals"]["promptTokens"].count) prompt; cache hit \(views["cache"]["tokenHitRatio"].ratio) of prompt tokens",
            "latency     TTFT P50 \(latency["ttft"]["p50Nanos"].duration), P95 \(latency["ttft"]["p95Nanos"].duration); "
                + "TPOT P50 \(latency["tpot"]["p50Nanos"].duration), P95 \(latency["tpot"]["p95Nanos"].duration)",
            "bottleneck  \(bottleneck(views["overview"]))",
            "file        \(Output.visible(Invocation.short(path))), \(Text.bytes(size(path))); \(cost(views["processes"], seconds))",
            "next        \(commands(path))",
        ]
    }

    private static func bottleneck(_ overview: JSONField) -> String {
        let words = overview["words"].list
        let found = words.first { $0["severity"].text == "warn" } ?? words.first
        return found?["text"].text ?? "none stands out"
    }

    /// Records times what one costs, as each process measured it when it began.
    private static func cost(_ processes: JSONField, _ seconds: Double) -> String {
        var records = 0
        var nanos = 0.0
        for process in processes["processes"].list {
            let count = process["events"].int ?? 0
            records += count
            nanos += Double(count) * (process["recordCostNanos"].number ?? 0)
        }
        guard records > 0, nanos > 0 else { return "\(records) records" }
        let share = nanos / (seconds * 1e9)
        return "tracing cost \(records) records x \(Text.duration(nanos / Double(records))) = \(Text.duration(nanos)) "
            + "(\(Text.fixed(share * 100, 3)) % of one core)"
    }

    private static func commands(_ path: String) -> String {
        let program = Invocation.name
        let file = Invocation.quoted(Invocation.short(path))
        let stem =
            Invocation.short(path).hasSuffix(".reel")
            ? String(Invocation.short(path).dropLast(5)) : Invocation.short(path)
        return "\(program) open \(file)  |  \(program) diff BEFORE.reel \(file)  |  "
            + "\(program) share \(file) -o \(Invocation.quoted(stem + "-shared.reel"))"
    }

    private static func size(_ path: String) -> Int { (try? SessionReader(path: path).sizeBytes) ?? 0 }
}
