import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelReplay

/// A session of several models and variants whose requests overlap, on two devices.
struct MixedSession {
    /// Who says a request's model and variant, and when.
    enum Words: CaseIterable {
        /// The request's begin.
        case begin
        /// The request's end, long after its tokens.
        case end
        /// The begin says one thing, the end another.
        case both
        /// The request is one fact at its end, as importers write it.
        case whole
    }

    static let origin = Sample.origin
    static let models: [String?] = ["small", "large", nil]
    static let variants: [String?] = ["a", "b", "a", nil]

    let symbols = Symbols()
    let streams: [StreamFact]
    /// What each request said, by its number.
    private(set) var labels: [(model: String?, variant: String?)] = []
    private(set) var batches: [EventBatch] = []
    private(set) var end: Int64 = 0

    /// `only` leaves out the work of all requests that it does not want; what is of no request stays.
    init(
        seed: UInt64, requests: Int = 40, words: Words = .begin, skew: ((Int64) -> Int64)? = nil,
        only: ((_ model: String?, _ variant: String?) -> Bool)? = nil
    ) {
        streams = [
            StreamFact(id: "a", device: "mini1", host: "h", clockDomain: "one", stage: 0, firstLayer: 0, lastLayer: 0),
            StreamFact(
                id: "b", device: "mini2", host: "h", clockDomain: skew == nil ? "one" : "two", stage: 1, firstLayer: 1,
                lastLayer: 1),
        ]
        var facts: [Fact] = []
        var random = Seeded(seed)
        var clock = Self.origin + 10_000_000
        for number in 0..<requests {
            let label = (
                model: Self.models[Int.random(in: 0..<3, using: &random)],
                variant: Self.variants[Int.random(in: 0..<4, using: &random)]
            )
            labels.append(label)
            clock += Int64.random(in: 1_000_000...120_000_000, using: &random)
            let request = Self.request(number, at: clock, label, words, &random)
            end = max(end, request.map(\.time).max() ?? 0)
            if only?(label.model, label.variant) ?? true { facts += request }
        }
        end += 50_000_000
        facts += Self.recording(until: end, skew ?? { _ in 0 }, &random)
        batches = [UInt32(0), 1].map { stream in
            var builder = StreamBuilder(
                symbols: symbols, stream: stream, incarnation: (UInt64(stream) + 1) << 60 | 0x1111)
            if stream == 1, let skew { builder.skew = skew }
            for fact in facts.filter({ $0.stream == stream }).sorted(by: { $0.time < $1.time }) {
                builder.add(
                    fact.kind, fact.role, at: fact.time, from: fact.start, span: fact.span, parent: fact.parent,
                    trace: fact.trace, value: fact.value, status: fact.status, fact.attributes)
            }
            return builder.batch
        }
    }

    private struct Fact {
        var stream: UInt32 = 0
        var kind = EventKind.span
        var role: Role
        var time: Int64
        var start: Int64?
        var span: UInt64 = 0
        var parent: UInt64 = 0
        var trace: UInt64 = 0
        var value: Int64 = 0
        var status = SpanStatus.unset
        var attributes: [(AttributeKey, StreamBuilder.Value)] = []
    }

    /// What is of no request: samples and clock probes, the first and the last fact among them.
    private static func recording(until end: Int64, _ skew: (Int64) -> Int64, _ random: inout Seeded) -> [Fact] {
        var facts: [Fact] = []
        var time = origin + 1_000_000
        while time < end {
            for stream in [UInt32(0), 1] {
                facts.append(
                    Fact(
                        stream: stream, kind: .sample, role: Role(.memorySample), time: time + Int64(stream),
                        attributes: [(.rssBytes, .int(Int64.random(in: 1_000_000...2_000_000, using: &random)))]))
            }
            let there = time + Int64.random(in: 60_000...400_000, using: &random)
            let back = there + Int64.random(in: 60_000...400_000, using: &random)
            facts.append(
                Fact(
                    role: Role(.clockProbe), time: back, start: time,
                    attributes: [
                        (.clockPeer, .text("mini2")), (.clockT0, .int(time)), (.clockT1, .int(there + skew(there))),
                        (.clockT2, .int(there + skew(there))), (.clockT3, .int(back)),
                    ]))
            time += 200_000_000
        }
        facts.append(Fact(kind: .mark, role: Role(.other, name: "end"), time: end))
        return facts
    }

    private static func request(
        _ number: Int, at start: Int64, _ label: (model: String?, variant: String?), _ words: Words,
        _ random: inout Seeded
    ) -> [Fact] {
        let base = UInt64(number + 1) * 1000
        let trace = UInt64(number + 1)
        var attributes: [(AttributeKey, StreamBuilder.Value)] = []
        if let model = label.model { attributes.append((.model, .text(model))) }
        if let variant = label.variant { attributes.append((.variant, .text(variant))) }
        let others: [(AttributeKey, StreamBuilder.Value)] = attributes.map { key, _ in
            (key, .text(key == .model ? "small" : number % 3 == 0 ? "a" : "b"))
        }
        var facts: [Fact] = []
        var clock = start
        var id = base + 1
        let link = Link(from: "mini1", to: "mini2")
        func took(_ least: Int64, _ most: Int64) { clock += Int64.random(in: least...most, using: &random) }
        func add(_ fact: Fact) {
            id += 1
            var fact = fact
            fact.trace = trace
            if fact.span == 0, fact.kind != .tokens { fact.span = id }
            facts.append(fact)
        }
        if words != .whole {
            add(
                Fact(
                    kind: .begin, role: Role(.request), time: start, span: base,
                    attributes: words == .begin ? attributes : words == .both ? others : []))
        }
        took(10_000, 20_000_000)
        add(Fact(role: Role(.queue), time: clock, start: start, parent: base))
        let scheduled = clock
        took(10_000, 50_000)
        add(
            Fact(
                role: Role(.cacheLookup), time: clock, start: scheduled, parent: base,
                attributes: [
                    (.cacheHit, .bool(number % 2 == 0)), (.cacheHitTokens, .int(number % 2 == 0 ? 48 : 0)),
                    (.cachePromptTokens, .int(96)),
                ]))
        let count = Int.random(in: 1...9, using: &random)
        for token in 0..<count {
            let phase = token == 0 ? Phase.prefill : .decode
            let step = (start: clock, span: id + 1)
            id += 1
            let layerStart = clock
            took(800_000, 1_500_000)
            add(
                Fact(
                    role: Role(.layer, phase: phase, layer: 0, stage: 0), time: clock, start: layerStart,
                    parent: step.span))
            add(
                Fact(
                    role: Role(.stage, phase: phase, stage: 0), time: clock, start: layerStart, parent: step.span))
            let message = Int64(base) + Int64(token)
            let sent = clock
            let send = id + 1
            add(
                Fact(
                    role: Role(.hopSend, phase: phase, link: link), time: clock + 40_000, start: sent,
                    parent: step.span,
                    attributes: [(.messageID, .int(message)), (.sizeBytes, .int(2048))]))
            took(150_000, 900_000)
            add(
                Fact(
                    stream: 1, role: Role(.hopReceive, phase: phase, link: link), time: clock, start: clock - 60_000,
                    parent: send, attributes: [(.messageID, .int(message)), (.sizeBytes, .int(2048))]))
            let second = clock
            took(800_000, 1_500_000)
            add(
                Fact(
                    stream: 1, role: Role(.layer, phase: phase, layer: 1, stage: 1), time: clock, start: second,
                    parent: step.span))
            add(Fact(role: Role(.step, phase: phase), time: clock, start: step.start, span: step.span, parent: base))
            if token == 0 {
                add(Fact(role: Role(.prefill, phase: .prefill), time: clock, start: scheduled, parent: base))
                add(Fact(kind: .tokens, role: Role(.tokens, phase: .prefill), time: clock, parent: base, value: 96))
            }
            add(Fact(kind: .tokens, role: Role(.tokens, phase: .decode), time: clock + 1, parent: base, value: 1))
            clock += 2
        }
        took(10_000, 100_000)
        let ends: [(AttributeKey, StreamBuilder.Value)] = [
            (.outputTokens, .int(Int64(count))), (.httpStatus, .int(number % 9 == 4 ? 500 : 200)),
        ]
        add(
            Fact(
                kind: words == .whole ? .span : .end, role: Role(.request), time: clock,
                start: words == .whole ? start : nil, span: base, status: number % 9 == 4 ? .error : .ok,
                attributes: ends + (words == .begin ? [] : attributes)))
        return facts
    }

    /// Writes it as a packed session.
    func save(_ path: String) throws -> String {
        try saveSession(batches, streams, symbols, name: "mixed", to: path)
        return path
    }
}

/// What tests of filters share.
protocol FilterSuite {}

extension FilterSuite {
    /// A folder for a test's sessions, removed behind it.
    func inFolder(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("filter-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    /// The answer from `"data"` or `"views"` on: what must not depend on how it was come by.
    func data(_ bytes: [UInt8]) throws -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        let range = try #require(text.range(of: "\"data\":") ?? text.range(of: "\"views\":"))
        return String(text[range.lowerBound...])
    }

    func parsed(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }
}
