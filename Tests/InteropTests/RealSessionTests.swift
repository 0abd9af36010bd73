import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelInterop

/// The real MLX session against its `truth.json`, which numpy computed from the raw stamps.
@Suite struct RealSessionTests {
    static let session = Result { try importInMemory(Fixture.trace) }
    static let withMetrics = Result { try importInMemory(Fixture.trace, metrics: Fixture.metrics) }

    @Test func everySpanArrivesUnderItsDeviceAndName() throws {
        let (sink, report) = try Self.session.get()
        let truth = try Fixture.truth()
        #expect(report.spans == 88_789)
        #expect(report.problemCount == 0 && report.duplicates == 0)
        #expect(report.requests == 36)
        var counts: [String: [String: Int]] = [:]
        for event in sink.events where event.kind == .span {
            counts[sink.device(event), default: [:]][sink.name(event), default: 0] += 1
        }
        let expected = try #require(truth["spans_by_device_and_name"] as? [String: [String: Int]])
        #expect(counts == expected)
        #expect(Set(sink.events.filter { $0.kind == .span }.map(\.trace)).count == truth["traces"] as? Int)
    }

    @Test func noParentIsMissingAndIdsAreUnique() throws {
        let (sink, _) = try Self.session.get()
        var ids: Set<SpanID> = []
        for event in sink.events where event.kind == .span { #expect(ids.insert(event.span).inserted) }
        let missing = sink.events.filter { !$0.parent.isNone && !ids.contains($0.parent) }
        #expect(missing.isEmpty)
    }

    @Test func tokensStandWhereTheEngineEmittedThem() throws {
        let (sink, report) = try Self.session.get()
        #expect(report.tokens == 2_261)
        var prompt: (computed: Int64, cached: Int64) = (0, 0)
        var perRequest: [SpanID: [Int64]] = [:]
        for event in sink.events where event.kind == .tokens {
            switch sink.symbols.role(event.role).phase {
            case .decode:
                #expect(event.value == 1)
                perRequest[event.parent, default: []].append(event.time.nanos)
            case .prefill:
                prompt.computed += event.value
                prompt.cached += sink.batch.int(.cachedTokens, of: event) ?? 0
            case .none: Issue.record("a tokens fact without phase")
            }
        }
        #expect(perRequest.values.reduce(0) { $0 + $1.count } == 2_261)
        #expect(prompt.computed == 3_657)
        #expect(prompt.cached == 3_653)

        let ttftKey = sink.symbols.key("mlx.ttft_ms")
        var stated: [Double] = []
        for event in sink.events where sink.symbols.role(event.role).operation == .request {
            guard let ttft = sink.batch.double(ttftKey, of: event) else { continue }
            stated.append(ttft)
            let times = try #require(perRequest[event.span])
            let first = try #require(times.min())
            #expect(abs(Double(first - event.start.nanos) / 1e6 - ttft) < 0.000_6)
            let output = try #require(sink.batch.int(.outputTokens, of: event))
            let cancelled = sink.attributes(event)["gen_ai.response.finish_reasons"] == "string cancelled"
            // The engine may have one token more under way when the client hangs up.
            #expect(Int64(times.count) == output || (cancelled && Int64(times.count) == output + 1))
        }
        #expect(stated.count == 32)
    }

    @Test func requestsEndAsTheyDid() throws {
        let (sink, _) = try Self.session.get()
        var reasons: [String: Int] = [:]
        for event in sink.events where sink.symbols.role(event.role).operation == .request {
            reasons[sink.attributes(event)["gen_ai.response.finish_reasons"] ?? "none", default: 0] += 1
            #expect(event.spanKind == .server)
        }
        #expect(reasons == ["string length": 30, "string cancelled": 2, "string rejected": 4])
    }

    @Test func hopsPairUpWithTheirBytesAndLinks() throws {
        let (sink, _) = try Self.session.get()
        var sent: [String: SpanID] = [:]
        var bytes: [Link: Int64] = [:]
        for event in sink.events where event.kind == .span {
            let role = sink.symbols.role(event.role)
            guard role.operation == .hopSend else { continue }
            let link = try #require(role.link)
            #expect(role.phase != .none)
            let id = try #require(sink.batch.string(.messageID, of: event).map { sink.symbols.string($0) })
            #expect(sent.updateValue(event.span, forKey: "\(link)\(id)") == nil)
            bytes[link, default: 0] += try #require(sink.batch.int(.sizeBytes, of: event))
        }
        var received = 0
        for event in sink.events where event.kind == .span {
            let role = sink.symbols.role(event.role)
            guard role.operation == .hopReceive, let link = role.link else { continue }
            let id = try #require(sink.batch.string(.messageID, of: event).map { sink.symbols.string($0) })
            #expect(sent["\(link)\(id)"] == event.parent)
            #expect(try #require(sink.batch.int(.waitNanos, of: event)) >= 0)
            received += 1
        }
        #expect(received == 6_912 && sent.count == 6_912)
        #expect(bytes[Link(from: "mini1", to: "mini2")] == 12_054_528)
        #expect(bytes[Link(from: "mini3", to: "mini1")] == 9_216)
    }

    @Test func layersAreKnownPerPhaseAndStage() throws {
        let (sink, _) = try Self.session.get()
        var counts: [Role: Int] = [:]
        for event in sink.events {
            let role = sink.symbols.role(event.role)
            if role.operation == .layer { counts[role, default: 0] += 1 }
        }
        #expect(counts.count == 48)
        for (role, count) in counts {
            let layer = try #require(role.layer)
            #expect(role.stage == layer / 8)
            #expect(count == (role.phase == .decode ? 2_229 : 75))
        }
        let plans = sink.streams.filter { $0.device != "client1" }.sorted { $0.device < $1.device }
        #expect(plans.map(\.stage) == [0, 1, 2])
        #expect(plans.map(\.layers) == [0...7, 8...15, 16...23])
        #expect(plans.allSatisfy { $0.model == "tiny-llama-24l" })
    }

    @Test func cacheLookupsOfTheScheduler() throws {
        let (sink, _) = try Self.session.get()
        var (lookups, hits, hitTokens, promptTokens) = (0, 0, Int64(0), Int64(0))
        for event in sink.events where event.kind == .span && sink.device(event) == "mini1" {
            guard sink.symbols.role(event.role).operation == .cacheLookup else { continue }
            lookups += 1
            hits += sink.batch.int(.cacheHit, of: event) == 1 ? 1 : 0
            hitTokens += sink.batch.int(.cacheHitTokens, of: event) ?? 0
            promptTokens += sink.batch.int(.cachePromptTokens, of: event) ?? 0
        }
        #expect(lookups == 32 && hits == 27 && hitTokens == 3_653 && promptTokens == 7_310)
    }

    @Test func samplingTakesThePhaseOfItsHead() throws {
        let (sink, _) = try Self.session.get()
        var phases: [Phase: Int] = [:]
        for event in sink.events {
            let role = sink.symbols.role(event.role)
            if role.operation == .sampling { phases[role.phase, default: 0] += 1 }
        }
        #expect(phases == [.prefill: 32, .decode: 2_229])
    }

    @Test func memoryIsBothSpanAndSample() throws {
        let (sink, report) = try Self.session.get()
        let samples = sink.events.filter { $0.kind == .sample }
        #expect(samples.count == 3 * 724)
        #expect(samples.allSatisfy { sink.batch.int(.rssBytes, of: $0) ?? 0 > 1_000_000 })
        #expect(report.derived == 2_172 + 2_261 + 32)
        #expect(report.events == report.spans + report.derived)
    }

    @Test func metricsTakeThePlaceOfDerivedSamples() throws {
        let (sink, report) = try Self.withMetrics.get()
        #expect(report.samples == 2_172)
        #expect(sink.streams.count == 4)
        let samples = sink.events.filter { $0.kind == .sample }
        #expect(samples.count == 2_172)
        #expect(samples.allSatisfy { sink.batch.int(.activeBytes, of: $0) ?? 0 > 1_000_000 })
        let derived = sink.symbols.key("spanreel.derived")
        #expect(samples.allSatisfy { sink.batch.attribute(derived, of: $0)?.type != .bool })
    }

    @Test func eachStreamIsInOrderOfTimeAndSequence() throws {
        let (sink, _) = try Self.session.get()
        var last: [UInt32: Event] = [:]
        for (index, event) in sink.events.enumerated() {
            // One incarnation for all streams, without holes.
            #expect(event.sequence == UInt64(index + 1))
            if let before = last[event.stream] {
                #expect(Event.precedes(before, event))
                #expect(event.incarnation == before.incarnation)
            }
            last[event.stream] = event
        }
    }
}
