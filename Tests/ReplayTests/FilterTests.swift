import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelReplay

@Suite struct FilterTests: FilterSuite {
    /// What is about requests, so that it can be of some of them.
    static let views: [ViewName] = [.throughput, .latency, .layers, .links, .cache, .memory, .devices, .requests]
    static let filters = [
        RequestFilter(model: "small"), RequestFilter(variant: "a"), RequestFilter(model: "large", variant: "b"),
        RequestFilter(variant: RequestFilter.none),
    ]

    private static func wants(_ filter: RequestFilter, _ model: String?, _ variant: String?) -> Bool {
        (filter.model ?? (model ?? RequestFilter.none)) == (model ?? RequestFilter.none)
            && (filter.variant ?? (variant ?? RequestFilter.none)) == (variant ?? RequestFilter.none)
    }

    @Test("The answer is as if the session held no other request", arguments: MixedSession.Words.allCases, filters)
    func asIfThereWereNoOthers(words: MixedSession.Words, filter: RequestFilter) throws {
        try inFolder { folder in
            let whole = try SessionEngine(path: try MixedSession(seed: 5, words: words).save(folder + "/w.reel"))
            let part = MixedSession(seed: 5, words: words, only: { Self.wants(filter, $0, $1) })
            let alone = try SessionEngine(path: try part.save(folder + "/p.reel"))
            #expect(alone.head.requests.total > 0 && alone.head.requests.total < whole.head.requests.total)
            for window in [ViewQuery.WindowChoice.all, .nanos(700_000_000)] {
                let filtered = try whole.views(Self.views, ViewQuery(window: window, filter: filter))
                #expect(try data(filtered) == data(try alone.views(Self.views, ViewQuery(window: window))))
            }
        }
    }

    @Test("Clocks are solved from all evidence, whatever is filtered")
    func clocks() throws {
        try inFolder { folder in
            let session = MixedSession(seed: 6, requests: 60, skew: ClockTests.planted)
            let engine = try SessionEngine(path: try session.save(folder + "/c.reel"))
            let all = try engine.input(ViewQuery())
            let some = try engine.input(ViewQuery(filter: RequestFilter(model: "small")))
            #expect(!all.clocks.isIdentity && ClockRow.rows(all).count == 2)
            #expect("\(ClockRow.rows(all))" == "\(ClockRow.rows(some))")
            for kind in Quality.Kind.allCases where kind != .notHeld {
                #expect(Quality(input: all).count(kind) == Quality(input: some).count(kind))
            }
            #expect(some.fold.links.sends < all.fold.links.sends && some.fold.hops.sends == all.fold.hops.sends)
            // What is of no request is there as ever; what is about the recording too.
            for view in [ViewName.density, .processes] {
                let filtered = try engine.views([view], ViewQuery(filter: RequestFilter(model: "small")))
                #expect(try data(filtered) == data(try engine.views([view])))
            }
        }
    }

    @Test("The parts of a split add up to the whole", arguments: RequestFilter.Dimension.allCases)
    func splitsAddUp(dimension: RequestFilter.Dimension) throws {
        try inFolder { folder in
            let engine = try SessionEngine(path: try MixedSession(seed: 7, words: .end).save(folder + "/s.reel"))
            let query = ViewQuery(window: .all)
            let parts = try #require(try engine.parts(ViewQuery(window: .all, split: dimension)))
            let names = parts.values.map(\.value)
            #expect(names == (dimension == .model ? ["large", "small", "(none)"] : ["a", "b", "(none)"]))
            #expect(parts.more == 0)
            let whole = try engine.input(query)
            func sum(_ value: (SnapshotInput) -> Int64) -> Int64 { parts.values.reduce(0) { $0 + value($1.input) } }
            for channel in [
                Tick.generated, Tick.prompt, Tick.finished, Tick.ended, Tick.hopBytes, Tick.lookups, Tick.hits,
                Tick.inFlight, Tick.decodeSteps,
            ] {
                #expect(sum { $0.total(channel) } == whole.total(channel))
            }
            #expect(sum { Int64($0.fold.requests.total) } == 40)
            #expect(
                sum { Int64($0.fold.requests.itl.statistics(in: $0.window).count) }
                    == Int64(whole.fold.requests.itl.statistics(in: whole.window).count))
            let layers: (SnapshotInput) -> Int64 = { input in
                LayersView(input: input).rows.reduce(0) { $0 + Int64($1.decode.count + $1.prefill.count) }
            }
            #expect(sum(layers) == layers(whole) && layers(whole) > 0)
            let transits: (SnapshotInput) -> Int64 = { input in
                LinksView(input: input).rows.reduce(0) { $0 + Int64($1.decode.count) }
            }
            #expect(sum(transits) == transits(whole) && transits(whole) > 0)
            // Memory is of no request: each part has all of it.
            for part in parts.values {
                #expect(MemoryView(input: part.input).rssBytes == MemoryView(input: whole).rssBytes)
            }
        }
    }

    @Test("A split's JSON has the data of each view once per value")
    func splitJSON() throws {
        try inFolder { folder in
            let engine = try SessionEngine(path: try MixedSession(seed: 7).save(folder + "/s.reel"))
            let bytes = try engine.views([.throughput, .latency], ViewQuery(window: .all, split: .variant))
            let envelope = try parsed(bytes)
            let views = try #require(envelope["views"] as? [String: [String: Any]])
            let latency = try #require(views["latency"])
            #expect(latency["split"] as? String == "variant" && latency["more"] as? Int == 0)
            #expect((latency["values"] as? [String: Any])?.keys.sorted() == ["(none)", "a", "b"])
            let one = try engine.views([.latency], ViewQuery(window: .all, filter: RequestFilter(variant: "b")))
            let alone = try data(one).dropFirst("\"data\":".count).dropLast()
            #expect(String(decoding: bytes, as: UTF8.self).contains("\"b\":\(alone)"))
            let values = try #require(envelope["values"] as? [String: [[String: Any]]])
            #expect(values["variant"]?.compactMap { $0["requests"] as? Int }.reduce(0, +) == 40)
            // A filter on the other dimension narrows the parts.
            let narrow = try #require(
                try engine.parts(ViewQuery(filter: RequestFilter(model: "small"), split: .variant)))
            let small = try engine.input(ViewQuery(filter: RequestFilter(model: "small"))).fold.requests.total
            #expect(narrow.values.reduce(0) { $0 + $1.input.fold.requests.total } == small)
            let text = try SessionStats.text(engine, ViewQuery(window: .all, split: .variant))
            #expect(text.contains("variant a\n=========\n") && text.contains("variant (none)\n"))
            #expect(text.components(separatedBy: "\nMemory\n").count == 2)
        }
    }

    @Test("Any order of instants, checkpoints or none: the same bytes", arguments: MixedSession.Words.allCases)
    func scrubbing(words: MixedSession.Words) throws {
        try inFolder { folder in
            let session = MixedSession(seed: 8, requests: 60, words: words, skew: ClockTests.planted)
            let path = try session.save(folder + "/s.reel")
            var options = SessionEngine.Options()
            options.checkpointEvents = 61
            let engine = try SessionEngine(path: path, options: options)
            let plain = try SessionEngine(path: path)
            #expect(engine.checkpointCount > 8 && plain.checkpointCount == 0)
            var random = Seeded(8)
            for round in 0..<40 {
                let at = Timestamp(nanos: Int64.random(in: MixedSession.origin...session.end, using: &random))
                let filter = Self.filters[round % 4]
                let query = ViewQuery(at: round % 9 == 8 ? .live : .instant(at), filter: filter)
                plain.dropCheckpoints()
                let expected = String(decoding: try plain.views(ViewName.allCases, query), as: UTF8.self)
                let answer = try engine.views(ViewName.allCases, query)
                #expect(String(decoding: answer, as: UTF8.self) == expected, "round \(round)")
                // The cut of an answer names the events of it, so nothing changes.
                let envelope = try parsed(answer)
                let cut = Cut(try #require(envelope["cut"] as? String))
                let relative = try #require(envelope["atNanos"] as? Int64)
                let instant = Timestamp(nanos: MixedSession.origin + relative)
                let again = try engine.views(
                    ViewName.allCases, ViewQuery(at: .instant(instant), cut: try #require(cut), filter: filter))
                #expect(try data(again) == data(answer), "round \(round)")
            }
        }
    }

    @Test("A value that no request has is refused by name, unless one may come")
    func unknownValues() throws {
        try inFolder { folder in
            let engine = try SessionEngine(path: try MixedSession(seed: 9).save(folder + "/u.reel"))
            let error = #expect(throws: ReplayError.self) {
                try engine.views([.latency], ViewQuery(filter: RequestFilter(variant: "c")))
            }
            #expect(error?.code == .notFound)
            #expect(error?.message == "No request has the variant \"c\"; there are a, b, (none).")
            #expect(throws: ReplayError.self) { try engine.alerts(ViewQuery(filter: RequestFilter(model: "c"))) }
            // Both are there, no request has both, or none had it yet: an answer without requests.
            let early = ViewQuery(at: .instant(engine.bounds.start), filter: RequestFilter(model: "small"))
            #expect(try engine.input(early).fold.requests.total == 0)
        }
    }

    @Test("A trace of several requests: each fact goes with the request that had begun last, or is its parent")
    func severalRequestsOfATrace() throws {
        let symbols = Symbols()
        var one = StreamBuilder(symbols: symbols, stream: 0, incarnation: 7 << 40)
        let origin = MixedSession.origin
        func request(_ span: UInt64, _ model: String, from start: Int64, to end: Int64) {
            one.add(
                .span, Role(.layer, phase: .decode, layer: 0), at: origin + start + 20, from: origin + start + 10,
                span: span + 1, parent: 99, trace: 1)
            one.add(.tokens, Role(.tokens, phase: .decode), at: origin + end - 1, parent: span, trace: 1, value: 3)
            one.add(
                .span, Role(.request), at: origin + end, from: origin + start, span: span, trace: 1,
                [(.model, .text(model))])
        }
        request(10, "small", from: 1_000, to: 2_000)
        request(20, "large", from: 3_000, to: 4_000)
        // A token of the first one that comes when the second has begun.
        one.add(.tokens, Role(.tokens, phase: .decode), at: origin + 4_500, parent: 10, trace: 1, value: 5)
        let directory = Directory(symbols: symbols, origin: Timestamp(nanos: origin))
        directory.update(streams: [StreamFact(id: "a", device: "mini1", host: "h")])
        func fold(_ filter: RequestFilter) -> SessionFold {
            var fold = SessionFold(directory: directory, filter: filter)
            for event in one.batch.events { fold.apply(event, in: one.batch) }
            return fold
        }
        let whole = fold(RequestFilter())
        #expect(whole.requests.total == 2 && directory.labels.statements.count == 2)
        for (model, tokens) in [("small", Int64(8)), ("large", 3)] {
            let part = fold(RequestFilter(model: model))
            #expect(part.requests.total == 1 && part.layers.groups.first?.durations.count == 1)
            #expect(part.ticks.total(Tick.generated, from: 0, to: 10) == tokens)
        }
        #expect(fold(RequestFilter(model: RequestFilter.none)).requests.total == 0)
    }

    @Test("Work of no request goes with the model that its stream declares")
    func declaredModels() throws {
        let symbols = Symbols()
        var one = StreamBuilder(symbols: symbols, stream: 0, incarnation: 7 << 40)
        let origin = MixedSession.origin
        for number in 0..<4 {
            one.add(
                .span, Role(.layer, phase: .decode, layer: 0), at: origin + Int64(number) * 100 + 50,
                from: origin + Int64(number) * 100, span: UInt64(number + 1))
        }
        // A request that says no model, and one that says another than its stream.
        one.add(.span, Role(.request), at: origin + 900, from: origin, span: 50, trace: 5)
        one.add(
            .span, Role(.request), at: origin + 950, from: origin, span: 60, trace: 6, [(.model, .text("large"))])
        let directory = Directory(symbols: symbols, origin: Timestamp(nanos: origin))
        directory.update(streams: [StreamFact(id: "a", device: "mini1", host: "h", model: "small")])
        func fold(_ filter: RequestFilter) -> SessionFold {
            var fold = SessionFold(directory: directory, filter: filter)
            for event in one.batch.events { fold.apply(event, in: one.batch) }
            return fold
        }
        let whole = fold(RequestFilter())
        let values = RequestValues(whole, by: .model)
        #expect(
            values.listed == [RequestValue(value: "large", requests: 1), RequestValue(value: "small", requests: 1)])
        let small = fold(RequestFilter(model: "small"))
        #expect(small.layers.groups.first?.durations.count == 4 && small.requests.total == 1)
        let large = fold(RequestFilter(model: "large"))
        #expect(large.layers.groups.isEmpty && large.requests.total == 1)
        #expect(fold(RequestFilter(variant: "x")).layers.groups.isEmpty)
        #expect(fold(RequestFilter(variant: RequestFilter.none)).layers.groups.first?.durations.count == 4)
    }

    @Test("Values beyond sixteen are counted, those with most requests kept")
    func manyValues() throws {
        let symbols = Symbols()
        var one = StreamBuilder(symbols: symbols, stream: 0, incarnation: 7 << 40)
        let origin = MixedSession.origin
        var span: UInt64 = 0
        for number in 0..<2000 {
            for _ in 0..<(number < 20 ? 20 - number : 1) {
                span += 1
                one.add(
                    .span, Role(.request), at: origin + Int64(span) * 10, from: origin + Int64(span) * 10 - 5,
                    span: span,
                    trace: span, [(.variant, .text("v\(number)"))])
            }
        }
        let directory = Directory(symbols: symbols, origin: Timestamp(nanos: origin))
        directory.update(streams: [StreamFact(id: "a", device: "mini1", host: "h")])
        var fold = SessionFold(directory: directory)
        for event in one.batch.events { fold.apply(event, in: one.batch) }
        let values = RequestValues(fold, by: .variant)
        #expect(values.listed.count == 16 && values.listed.map(\.value) == (0..<16).map { "v\($0)" }.sorted())
        #expect(values.listed.first { $0.value == "v3" }?.requests == 17)
        #expect(values.more > 1000 && values.mayHave("v1999"))
        #expect(fold.requests.labelCounts.count == RequestFold.labelLimit && fold.requests.labelsNotHeld > 900)
    }
}
