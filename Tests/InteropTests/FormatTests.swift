import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelInterop

/// The encodings and framings of OTLP that an import reads, against each other.
@Suite struct FormatTests {
    /// Everything an event says, by names.
    private func facts(_ sink: MemorySink, trace: TraceID) -> Set<String> {
        var facts: Set<String> = []
        for event in sink.events where event.trace == trace {
            let attributes = sink.attributes(event).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            facts.insert(
                "\(sink.device(event)) \(event.kind) \(event.span) \(event.parent) \(event.time.nanos) \(event.start.nanos) "
                    + "\(event.status) \(event.spanKind) \(event.value) \(sink.symbols.role(event.role)) \(attributes)")
        }
        return facts
    }

    @Test func jsonEqualsProtobuf() throws {
        let (json, report) = try importInMemory(Fixture.oneRequest)
        #expect(report.spans == 784 && report.problemCount == 0)
        let trace = try #require(json.events.first?.trace)
        let (protobuf, _) = try RealSessionTests.session.get()
        let expected = facts(protobuf, trace: trace)
        #expect(expected.count == report.events)
        #expect(facts(json, trace: trace) == expected)
    }

    @Test func everyFramingGivesTheSame() throws {
        let json = try TraceBytes.oneRequestJSON()
        let (reference, _) = try importInMemory(Fixture.oneRequest)
        let trace = try #require(reference.events.first?.trace)
        let expected = facts(reference, trace: trace)
        let content = try TraceBytes.read(Fixture.oneRequest)
        let requests = content.resources.map { TraceBytes.request($0.resource, $0.scope, $0.spans) }

        let framed = try TraceBytes.importBytes(requests.flatMap(TraceBytes.framed)).0
        #expect(facts(framed, trace: trace) == expected)
        // Protobuf messages concatenate: all requests in one are one request.
        let single = try TraceBytes.importBytes(requests.flatMap { $0 }).0
        #expect(facts(single, trace: trace) == expected)
        let plain = try TraceBytes.importBytes(json).0
        #expect(facts(plain, trace: trace) == expected)
        let twice = try TraceBytes.importBytes(json + [0x0A] + json + [0x0A])
        #expect(twice.1.duplicates == 784)
        #expect(facts(twice.0, trace: trace) == expected)
        let object = try JSONSerialization.jsonObject(with: Data(json))
        let pretty = try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys])
        // Sorted keys put `resource` before and `scope` before their content or after: the order must not matter.
        #expect(facts(try TraceBytes.importBytes([UInt8](pretty)).0, trace: trace) == expected)
    }

    @Test func allThatHasNoColumnIsInTheRemainder() throws {
        let span = TraceBytes.span(7) { span in
            span.traceState = "vendor=1"
            span.flags = 0x301
            span.kind = 9
            span.statusCode = 2
            span.statusMessage = "it broke"
            span.droppedAttributes = 3
            span.droppedEvents = 4
            span.droppedLinks = 5
            span.events = [
                OTLPEvent(
                    timeNanos: 7_100, name: "first", attributes: [.init(key: "a", value: .int(-1))],
                    droppedAttributes: 1)
            ]
            span.links = [
                OTLPLink(
                    trace: Array(repeating: 9, count: 16), span: Array(repeating: 8, count: 8), traceState: "x",
                    attributes: [.init(key: "b", value: .bool(false))], droppedAttributes: 2, flags: 1)
            ]
            span.attributes = [
                .init(key: "text", value: .string("")), .init(key: "number", value: .double(0.5)),
                .init(
                    key: "list",
                    value: .array([.int(1), .string("two"), .map([.init(key: "k", value: .bytes([0, 255]))]), .empty])),
                .init(key: "gen_ai.usage.input_tokens", value: .int(12)), .init(key: "nothing", value: .empty),
            ]
        }
        let scope = OTLPScope(
            name: "lib", version: "1", attributes: [.init(key: "s", value: .int(1))], droppedAttributes: 1)
        let resource = OTLPResource(
            attributes: [.init(key: "host.name", value: .string("a"))], droppedAttributes: 2,
            schemaURL: "https://schema")
        let (sink, report) = try TraceBytes.importBytes(TraceBytes.request(resource, scope, [span]))
        #expect(report.spans == 1 && report.problemCount == 0)
        #expect(sink.streams[0].resource == resource)
        let event = try #require(sink.events.first)
        let blob = try #require(sink.batch.attribute(.otlpRemainder, of: event))
        var walkedBack = OTLPSpan()
        var outer = ProtobufReader(sink.symbols.blobs[Int(blob.bits)])
        while let field = try outer.next() {
            guard case .bytes(let range) = field.value else { continue }
            if field.number == 1 { #expect(try OTLPProtobuf.scope(.init(outer.bytes, in: range)) == scope) }
            if field.number == 2 { walkedBack = try OTLPProtobuf.span(.init(outer.bytes, in: range)) }
        }
        // Put together again: columns over the remainder.
        walkedBack.trace = event.trace
        walkedBack.span = event.span
        walkedBack.parent = event.parent
        walkedBack.name = sink.name(event)
        walkedBack.startNanos = UInt64(event.start.nanos)
        walkedBack.endNanos = UInt64(event.time.nanos)
        walkedBack.statusCode = UInt64(event.status.rawValue)
        for attribute in sink.batch.attributes(of: event) where attribute.key != .otlpRemainder {
            let value: OTLPValue =
                switch attribute.type {
                case .int: .int(Int64(bitPattern: attribute.bits))
                case .double: .double(Double(bitPattern: attribute.bits))
                case .bool: .bool(attribute.bits == 1)
                case .string: .string(sink.symbols.string(StringID(UInt32(attribute.bits))))
                case .blob: try OTLPProtobuf.value(.init(sink.symbols.blobs[Int(attribute.bits)]), depth: 0)
                }
            if attribute.key == .statusMessage, case .string(let text) = value {
                walkedBack.statusMessage = text
            } else {
                walkedBack.attributes.append(.init(key: sink.symbols.name(of: attribute.key), value: value))
            }
        }
        #expect(walkedBack == span)
    }

    @Test func vllmRequestsGetTokensFromWhatTheyState() throws {
        let request = TraceBytes.span(1) { span in
            span.name = "llm_request"
            span.kind = 2
            span.startNanos = 1_000_000_000
            span.endNanos = 3_000_000_000
            span.attributes = [
                .init(key: "gen_ai.response.model", value: .string("m")),
                .init(key: "gen_ai.usage.prompt_tokens", value: .int(30)),
                .init(key: "gen_ai.usage.completion_tokens", value: .int(11)),
                .init(key: "gen_ai.latency.time_to_first_token", value: .double(0.25)),
            ]
        }
        let (sink, report) = try TraceBytes.importBytes(TraceBytes.request(OTLPResource(), OTLPScope(), [request]))
        #expect(report.requests == 1 && report.tokens == 11)
        let tokens = sink.events.filter { $0.kind == .tokens }
        #expect(tokens.map(\.time.nanos) == [1_250_000_000, 1_250_000_000, 3_000_000_000])
        #expect(tokens.map(\.value) == [30, 1, 10])
        let event = try #require(sink.events.first { $0.kind == .span })
        #expect(sink.symbols.role(event.role).operation == .request)
        #expect(sink.batch.int(.outputTokens, of: event) == 11)
        #expect(sink.attributes(event)["gen_ai.request.model"] == "string m")
        #expect(
            sink.attributes(event)["spanreel.derived"]
                == "string gen_ai.request.model,gen_ai.usage.input_tokens,gen_ai.usage.output_tokens")
    }

    @Test func genericSpansKeepTheirNames() throws {
        let client = TraceBytes.span(1) { span in
            span.name = "chat gpt"
            span.kind = 3
            span.attributes = [.init(key: "gen_ai.operation.name", value: .string("chat"))]
        }
        let other = TraceBytes.span(2) { $0.name = "step" }
        let (sink, _) = try TraceBytes.importBytes(TraceBytes.request(OTLPResource(), OTLPScope(), [client, other]))
        let roles = sink.events.map { sink.symbols.role($0.role) }
        #expect(roles == [Role(.clientRequest, name: "chat gpt"), Role(.other, name: "step")])
    }

    @Test func windowsKeepSequencesAndLoseNothing() throws {
        let spans = (8..<3_008).map { TraceBytes.span(UInt64($0 ^ 5)) }
        let file = try Fixture.temporary(TraceBytes.request(OTLPResource(), OTLPScope(), spans), "t.pb")
        defer { try? FileManager.default.removeItem(at: file.deletingLastPathComponent()) }
        let sink = MemorySink()
        let report = try Import(trace: file.path(percentEncoded: false), windowEvents: 64).run(makeSink: { sink })
        #expect(report.events == 3_000)
        #expect(sink.events.map(\.sequence).elementsEqual(1...3_000))
        let times = sink.events.map(\.time.nanos)
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
    }
}
