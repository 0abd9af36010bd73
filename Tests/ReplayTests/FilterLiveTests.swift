import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelReplay

/// Filters on a session that is being written, through the public recorder.
@Suite struct FilterLiveTests: FilterSuite {
    private let views = ViewName.allCases.filter { $0 != .processes }

    private func open(_ path: String) throws -> Recorder {
        var options = Recorder.Options()
        options.path = path
        options.name = "live"
        options.device = "mini1"
        return try Recorder.open(options)
    }

    @Test(
        "A live answer's cut gives the same bytes on the saved session, filtered and split", arguments: [true, false])
    func liveIsReplay(saysAtBegin: Bool) throws {
        try inFolder { folder in
            let path = folder + "/live.reel"
            let recorder = try open(path)
            let request = recorder.role(Role(.request))
            let layer = recorder.role(Role(.layer, phase: .decode, layer: 0, stage: 0))
            let step = recorder.role(Role(.step, phase: .decode))
            let engine = try SessionEngine(path: path)
            // Nothing has come, so nothing is refused.
            let none = try engine.views([.latency], ViewQuery(filter: RequestFilter(model: "large")))
            #expect(try #require(try parsed(none)["values"] as? [String: [Any]])["model"]?.isEmpty == true)
            let queries = [
                ViewQuery(window: .nanos(60_000_000_000), filter: RequestFilter(model: "large")),
                ViewQuery(window: .all, filter: RequestFilter(model: "small", variant: "b")),
                ViewQuery(window: .all, split: .variant),
            ]
            var taken: [(query: ViewQuery, cut: String, at: Int64, data: String)] = []
            var open: [SpanContext] = []
            var number = 0
            func label(_ attributes: inout AttributeWriter, _ number: Int) {
                attributes.set(.model, number % 2 == 0 ? "large" : "small")
                attributes.set(.variant, number % 3 == 0 ? "a" : "b")
            }
            for round in 0..<6 {
                // Some requests live on over snapshots: their words may come when their layers were shown long ago.
                for (index, span) in open.enumerated() {
                    recorder.record(layer, from: recorder.now(), parent: span)
                    recorder.end(span, status: .ok) { if !saysAtBegin { label(&$0, number - open.count + index) } }
                }
                open = []
                for _ in 0..<6 {
                    let span = recorder.begin(request) { if saysAtBegin { label(&$0, number) } }
                    number += 1
                    for _ in 0..<8 {
                        let inner = recorder.begin(step, parent: span)
                        recorder.record(layer, from: recorder.now(), parent: inner)
                        recorder.end(inner)
                        recorder.tokens(1, phase: .decode, in: span)
                    }
                    if round % 2 == 0 || number % 6 < 3 {
                        open.append(span)
                    } else {
                        recorder.end(span, status: .ok) { if !saysAtBegin { label(&$0, number - 1) } }
                    }
                }
                usleep(60_000)
                try engine.refresh()
                for query in queries {
                    let bytes = try engine.views(views, query)
                    let envelope = try parsed(bytes)
                    #expect(envelope["final"] as? Bool == true)
                    taken.append(
                        (
                            query, try #require(envelope["cut"] as? String),
                            try #require(envelope["atNanos"] as? Int64), try data(bytes)
                        ))
                }
            }
            // An engine that looks now for the first time sees the same.
            let late = try SessionEngine(path: path)
            let instant = Timestamp(nanos: engine.bounds.start.nanos + (taken.last?.at ?? 0))
            for query in queries {
                var query = query
                query.at = .instant(instant)
                #expect(try data(try late.views(views, query)) == data(try engine.views(views, query)))
            }
            for span in open { recorder.end(span) }
            try recorder.close()
            try SessionPacker.pack(path: path)
            let replay = try SessionEngine(path: path)
            #expect(replay.bounds.start == engine.bounds.start)
            for snapshot in taken {
                var query = snapshot.query
                query.at = .instant(Timestamp(nanos: replay.bounds.start.nanos + snapshot.at))
                query.cut = try #require(Cut(snapshot.cut))
                #expect(try data(try replay.views(views, query)) == snapshot.data)
            }
        }
    }

    @Test("Late events and late words change the answer as if they had been there")
    func lateEvents() throws {
        try inFolder { folder in
            let path = folder + "/late.reel"
            let recorder = try open(path)
            let request = recorder.role(Role(.request))
            let layer = recorder.role(Role(.layer, phase: .decode, layer: 0, stage: 0))
            let old = recorder.now()
            let span = recorder.begin(request) { $0.set(.variant, "a") }
            let begun = recorder.now()
            usleep(2_000)
            recorder.record(layer, from: recorder.now(), parent: span)
            usleep(60_000)
            let engine = try SessionEngine(path: path)
            let query = ViewQuery(window: .all, filter: RequestFilter(variant: "b"))
            #expect(try engine.input(query).fold.layers.groups.isEmpty)
            // The request was of the other variant from its begin on, and a layer of it comes late.
            recorder.record(layer, from: old, to: begun, parent: span)
            recorder.record(request, from: old, to: begun, parent: nil) { $0.set(.variant, "c") }
            recorder.end(span, status: .ok) { $0.set(.variant, "b") }
            usleep(60_000)
            try engine.refresh()
            #expect(engine.revision == 1)
            #expect(try engine.input(query).fold.layers.groups.first?.durations.count == 2)
            #expect(
                engine.values(of: .variant) == [
                    RequestValue(value: "b", requests: 1), RequestValue(value: "c", requests: 1),
                ])
            #expect(try engine.input(ViewQuery(filter: RequestFilter(variant: "c"))).fold.requests.total == 1)
            let fresh = try SessionEngine(path: path)
            let at = ViewQuery.Instant.instant(fresh.bounds.end)
            for variant in ["a", "b", "c"] {
                let query = ViewQuery(at: at, window: .all, filter: RequestFilter(variant: variant))
                #expect(try data(try fresh.views(views, query)) == data(try engine.views(views, query)))
            }
            try recorder.close()
        }
    }

    @Test("What was folded for a filter is not folded again, unless a request said later what it is")
    func goesOn() throws {
        try inFolder { folder in
            for words in [MixedSession.Words.begin, .end] {
                let session = MixedSession(seed: 12, words: words)
                let engine = try SessionEngine(path: try session.save(folder + "/\(words).reel"))
                var fresh = 0
                var time = MixedSession.origin
                while time < session.end {
                    time += 50_000_000
                    let at = Timestamp(nanos: time)
                    var held = engine.filtered
                    if held.take(FilterTests.filters[1], at: at, engine.directory) == nil { fresh += 1 }
                    _ = try engine.fold(at: at, cut: nil, filter: FilterTests.filters[1])
                }
                // Once at the beginning; where requests say it at their end, now and then.
                #expect(words == .begin ? fresh == 1 : fresh > 5)
            }
        }
    }

    @Test("Any chunks: a filtered fold that goes on step by step is the one folded in one go")
    func chunks() throws {
        try inFolder { folder in
            for words in MixedSession.Words.allCases {
                let session = MixedSession(seed: 12, words: words, skew: ClockTests.planted)
                let path = try session.save(folder + "/\(words).reel")
                let engine = try SessionEngine(path: path)
                for filter in FilterTests.filters {
                    var time = MixedSession.origin
                    var random = Seeded(12)
                    while time < session.end {
                        time += Int64.random(in: 1_000_000...400_000_000, using: &random)
                        _ = try engine.fold(at: Timestamp(nanos: time), cut: nil, filter: filter)
                    }
                    let plain = try SessionEngine(path: path)
                    let query = ViewQuery(window: .all, filter: filter)
                    #expect(try data(try engine.views(views, query)) == data(try plain.views(views, query)))
                }
            }
        }
    }
}
