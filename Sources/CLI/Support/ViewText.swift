internal import Foundation
internal import SpanreelReplay

/// A value of the API's JSON, for printing: what is not there reads as nothing.
struct Value {
    let raw: Any?

    init(_ raw: Any?) { self.raw = raw is NSNull ? nil : raw }

    /// Parses an envelope.
    init(json: [UInt8]) { self.init(try? JSONSerialization.jsonObject(with: Data(json))) }

    subscript(_ key: String) -> Value { Value((raw as? [String: Any])?[key]) }
    var list: [Value] { (raw as? [Any])?.map { Value($0) } ?? [] }
    var number: Double? { (raw as? NSNumber)?.doubleValue }
    var int: Int? { (raw as? NSNumber)?.intValue }
    /// Text from a session, safe for a terminal.
    var text: String? { (raw as? String).map(Output.visible) }
    var isPresent: Bool { raw != nil }

    /// `-` for what is unknown.
    var count: String { int.map(String.init) ?? "-" }
    var rate: String { number.map { Text.fixed($0, $0 >= 100 ? 0 : 1) } ?? "-" }
    var ratio: String { number.map(Text.percent) ?? "-" }
    var duration: String { number.map(Text.duration) ?? "-" }
    var bytes: String { int.map(Text.bytes) ?? "-" }
}

/// The views as text, from the same JSON that the API and `--json` give.
enum ViewText {
    /// The views that have a text form, in order.
    static let all: [ViewName] = [.overview, .throughput, .latency, .layers, .links, .cache, .memory, .devices, .processes, .requests]

    /// Prints an envelope of one or more views.
    static func print(_ json: [UInt8]) {
        let envelope = Value(json: json)
        let session = envelope["session"]
        let length = (envelope["endNanos"].number ?? 0) / 1e9
        Output.print(
            "\(session["name"].text ?? "") (\(session["state"].text ?? "")), \(Text.fixed(length, 1)) s; at \(seconds(envelope["atNanos"])), "
                + "window \(envelope["window"].text ?? "") (\(seconds(envelope["windowNanos"]))), clock \(envelope["clock"].text ?? "")")
        if let only = envelope["view"].text { return section(only, envelope["data"]) }
        for name in ViewName.allCases where envelope["views"][name.rawValue].isPresent {
            section(name.rawValue, envelope["views"][name.rawValue])
        }
    }

    private static func section(_ name: String, _ data: Value) {
        Output.print("")
        Output.print(name)
        switch ViewName(rawValue: name) {
        case .overview: overview(data)
        case .throughput: throughput(data)
        case .latency: latency(data)
        case .layers: layers(data)
        case .links: links(data)
        case .cache: cache(data)
        case .memory: memory(data)
        case .devices: devices(data)
        case .processes: processes(data)
        case .requests: requests(data)
        case .density: line("\(data["counts"].list.reduce(0) { $0 + ($1.int ?? 0) }) events")
        case nil: break
        }
    }

    private static func line(_ text: String) { Output.print("  " + text) }

    private static func seconds(_ value: Value) -> String { value.number.map { "\(Text.fixed($0 / 1e9, 1)) s" } ?? "-" }

    /// Columns as wide as their widest cell; the first is a name, the others are numbers.
    private static func table(_ header: [String], _ rows: [[String]]) {
        guard !rows.isEmpty else { return line("none") }
        let widths = header.indices.map { column in ([header] + rows).map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        for row in [header] + rows {
            let cells = row.enumerated().map { $0.offset == 0 ? Text.left($0.element, widths[0]) : Text.right($0.element, widths[$0.offset]) }
            line(cells.joined(separator: "  "))
        }
    }

    private static let statsHeader = ["count", "mean", "P50", "P95", "P99", "max"]

    private static func stats(_ value: Value) -> [String] {
        [
            value["count"].count, value["meanNanos"].duration, value["p50Nanos"].duration, value["p95Nanos"].duration,
            // With few observations the 99th percentile is a guess; the mark says so.
            value["p99Nanos"].duration + (value["known"].raw as? Bool == false && value["p99Nanos"].isPresent ? "?" : ""),
            value["maxNanos"].duration,
        ]
    }

    private static func overview(_ data: Value) {
        for word in data["words"].list { line("\(word["severity"].text == "warn" ? "! " : "")\(word["text"].text ?? "")") }
        for silent in data["silent"].list {
            line("! \(silent["device"].text ?? "") has been silent for \(silent["silentNanos"].duration)")
        }
        line("\(data["inFlight"].count) in flight, \(data["queued"].count) queued, \(data["requestsFinished"].count) finished, goodput \(data["goodput"].ratio)")
        let parts = data["tokenTime"].list.map { part in
            [part["what"].text, part["device"].text].compactMap { $0 }.joined(separator: " ") + " " + part["nanos"].duration
        }
        if !parts.isEmpty { line("a decode token: " + parts.joined(separator: ", ")) }
        if let dropped = data["dropped"].int, dropped > 0 { line("! \(dropped) events were dropped while recording") }
    }

    private static func throughput(_ data: Value) {
        line(
            "\(data["systemTokensPerSecond"].rate) tokens/s over the wall, \(data["whileDecodingTokensPerSecond"].rate) while decoding, "
                + "\(data["perRequestTokensPerSecond"].rate) per request")
        line(
            "\(data["promptTokensPerSecond"].rate) prompt tokens/s computed, \(data["cachedPromptTokensPerSecond"].rate) from the cache, "
                + "\(data["requestsPerSecond"].rate) requests/s, idle \(data["idleRatio"].ratio)")
        line("\(data["generatedTokens"].count) tokens generated, \(data["promptTokens"].count) prompt tokens computed, \(data["cachedTokens"].count) cached")
    }

    private static func latency(_ data: Value) {
        let states = data["states"]
        let words = ["queued", "prefill", "decode", "finished", "cancelled", "rejected", "failed", "open"]
        line(words.filter { (states[$0].int ?? 0) > 0 }.map { "\(states[$0].count) \($0)" }.joined(separator: ", "))
        let rows = [
            ("TTFT", "ttft"), ("TPOT", "tpot"), ("ITL", "itl"), ("end to end", "e2e"), ("queue", "queue"), ("prefill", "prefill"),
            ("TTFT at the client", "clientTtft"), ("end to end at the client", "clientE2e"),
        ]
        table([""] + statsHeader, rows.filter { (data[$0.1]["count"].int ?? 0) > 0 }.map { [$0.0] + stats(data[$0.1]) })
        if let old = data["olderThanP95"].int, old > 0 { line("\(old) in flight are older than P95") }
    }

    private static func layers(_ data: Value) {
        table(
            ["layer", "device", "share"] + statsHeader.map { "decode \($0)" } + ["prefill P50"],
            data["layers"].list.map { row in
                [row["layer"].count, row["device"].text ?? "-", row["share"].ratio] + stats(row["decode"])
                    + [row["prefill"]["p50Nanos"].duration]
            })
    }

    private static func links(_ data: Value) {
        table(
            ["link", "transfers", "bytes", "GB/s"] + statsHeader.map { "transit \($0)" } + ["wait P50", "of a token", "clock error"],
            data["links"].list.map { row in
                ["\(row["from"].text ?? "") > \(row["to"].text ?? "")", row["transfers"].count, row["sizeBytes"].bytes]
                    + [row["gigabytesPerSecond"].number.map { Text.fixed($0, 3) } ?? "-"] + stats(row["transit"])
                    + [row["wait"]["p50Nanos"].duration, row["tokenShare"].ratio, row["errorNanos"].duration]
            })
    }

    private static func cache(_ data: Value) {
        if data["enabled"].raw as? Bool == false { return line("no lookups") }
        line(
            "\(data["hitTokens"].count) of \(data["promptTokens"].count) prompt tokens hit (\(data["tokenHitRatio"].ratio)); "
                + "\(data["hits"].count) of \(data["lookups"].count) accesses (\(data["accessHitRatio"].ratio))")
        line("\(data["entries"].count) entries, \(data["sizeBytes"].bytes), \(data["inserted"].count) inserted, \(data["evicted"].count) evicted")
    }

    private static func memory(_ data: Value) {
        var rows: [[String]] = []
        for host in data["hosts"].list {
            for device in host["devices"].list {
                rows.append([
                    device["device"].text ?? "-", host["host"].text ?? "-", device["rssBytes"].bytes, device["activeBytes"].bytes,
                    device["allocatorCacheBytes"].bytes, device["peakBytes"].bytes, device["gpuBytes"].bytes, device["cpu"].ratio,
                ])
            }
        }
        table(["device", "host", "RSS", "active", "cache", "peak", "GPU", "CPU"], rows)
    }

    private static func devices(_ data: Value) {
        table(
            ["device", "stage", "layers", "busy", "no request", "too few", "upstream", "downstream", "stage P50"],
            data["devices"].list.map { row in
                let states = row["states"]
                let layers = row["firstLayer"].isPresent ? "\(row["firstLayer"].count)-\(row["lastLayer"].count)" : "-"
                return [row["device"].text ?? "-", row["stage"].count, layers]
                    + ["busy", "noRequest", "tooFew", "waitingUpstream", "waitingDownstream"].map { states[$0].ratio }
                    + [row["stageTime"]["p50Nanos"].duration]
            })
        if let words = data["bound"]["words"].text { line(words) }
    }

    private static func processes(_ data: Value) {
        table(
            ["device", "host", "pid", "state", "events", "dropped", "lost", "bytes", "record cost"],
            data["processes"].list.map { row in
                let dropped = (row["dropped"].raw as? [String: Any])?.values.reduce(0) { $0 + (($1 as? NSNumber)?.intValue ?? 0) } ?? 0
                return [
                    row["device"].text ?? "-", row["host"].text ?? "-", row["pid"].count, row["state"].text ?? "-", row["events"].count,
                    "\(dropped)", row["lost"].count, row["sizeBytes"].bytes, row["recordCostNanos"].duration,
                ]
            })
        let open = data["open"].list
        if !open.isEmpty {
            line("\(open.count) open spans: " + open.prefix(8).map { "\($0["name"].text ?? "") on \($0["device"].text ?? "")" }.joined(separator: ", "))
        }
    }

    private static func requests(_ data: Value) {
        table(
            ["trace", "state", "start", "queue", "TTFT", "TPOT", "end to end", "in", "cached", "out"],
            data["requests"].list.prefix(20).map { row in
                [row["trace"].text ?? "-", row["state"].text ?? "-", seconds(row["startNanos"])]
                    + ["queueNanos", "ttftNanos", "tpotNanos", "e2eNanos"].map { row[$0].duration }
                    + ["inputTokens", "cachedTokens", "outputTokens"].map { row[$0].count }
            })
        let total = data["total"].int ?? 0
        if total > 20 { line("and \(total - 20) more") }
    }
}

/// One line for each second of a session that is played in the terminal.
enum PlayText {
    /// The columns.
    static let header = "     time   tokens/s  in flight  queued   TTFT P50   TPOT P50  cache hit"

    /// A line from an envelope of the views overview, throughput, latency and cache.
    static func line(_ json: [UInt8]) -> String {
        let envelope = Value(json: json)
        let views = envelope["views"]
        let overview = views["overview"]
        var line = Text.right(Text.fixed((envelope["atNanos"].number ?? 0) / 1e9, 1) + " s", 9)
        line += Text.right(views["throughput"]["systemTokensPerSecond"].rate, 11)
        line += Text.right(overview["inFlight"].count, 11) + Text.right(overview["queued"].count, 8)
        line += Text.right(views["latency"]["ttft"]["p50Nanos"].duration, 11) + Text.right(views["latency"]["tpot"]["p50Nanos"].duration, 11)
        line += Text.right(views["cache"]["tokenHitRatio"].ratio, 11)
        if let words = overview["words"].list.first(where: { $0["severity"].text == "warn" })?["text"].text { line += "  \(words)" }
        return line
    }
}
