import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelInterop

/// Cut, flipped and meaningless input: counted or refused in one sentence, never a trap.
@Suite struct DamageTests {
    /// Twelve requests of twenty spans.
    private static let framed: [UInt8] = (0..<12).flatMap { batch in
        TraceBytes.framed(
            TraceBytes.request(
                OTLPResource(attributes: [.init(key: "device.id", value: .string("d"))]), OTLPScope(name: "s"),
                (1...20).map { index in
                    TraceBytes.span(UInt64(batch * 20 + index)) { span in
                        span.attributes = [
                            .init(key: "k", value: .string("v\(index)")), .init(key: "n", value: .int(Int64(index))),
                        ]
                    }
                }))
    }

    @Test func everyCutKeepsWhatCameBefore() throws {
        let whole = Self.framed
        let request = whole.count / 12
        for length in stride(from: 0, to: whole.count, by: 211) {
            do {
                let (_, report) = try TraceBytes.importBytes(Array(whole[..<length]))
                #expect(report.spans >= (length - request) / (request + 8) * 20)
                // A cut on the edge of a request is no damage.
                #expect(report.problemCount <= 1)
            } catch let error as TraceError {
                #expect(length <= request + 8, "\(error)")
            }
        }
    }

    @Test(arguments: 0..<4) func flippedBytesCostLittle(_ seed: UInt64) throws {
        var random = SplitMix(state: seed)
        for _ in 0..<30 {
            var bytes = Self.framed
            for _ in 0...Int(random.next() % 3) {
                bytes[Int(random.next() % UInt64(bytes.count))] ^= UInt8(1 << (random.next() % 8))
            }
            do {
                let (sink, report) = try TraceBytes.importBytes(bytes)
                #expect(report.spans <= 240 && sink.events.count == report.events)
                #expect(report.problems.count == min(10, report.problemCount))
            } catch let error as TraceError {
                #expect(!error.message.isEmpty)
            }
        }
    }

    @Test(arguments: 0..<2) func flippedOrCutJSONNeverTraps(_ seed: UInt64) throws {
        let spans = (1...6).map { index in
            """
            {"traceId":"\(String(repeating: "a", count: 32))","spanId":"000000000000000\(index)","name":"w\\u00e9\\ud83d\\ude00","kind":"SPAN_KIND_SERVER",\
            "startTimeUnixNano":"\(index)","endTimeUnixNano":"9","attributes":[{"key":"k","value":{"arrayValue":{"values":[{"intValue":"1"}]}}}],"status":{"code":1}}
            """
        }
        let text = Array(
            "{\"resourceSpans\":[{\"resource\":{},\"scopeSpans\":[{\"spans\":[\(spans.joined(separator: ","))]}]}]}"
                .utf8)
        let (sink, whole) = try TraceBytes.importBytes(text)
        #expect(whole.spans == 6 && whole.problemCount == 0)
        #expect(sink.events.allSatisfy { sink.name($0) == "wé😀" && $0.spanKind == .server })
        for length in stride(from: Int(seed), to: text.count, by: 5) {
            let report = try? TraceBytes.importBytes(Array(text[..<length])).1
            if length > 600 { #expect((report?.spans ?? 0) >= 1 && report?.problemCount == 1, "cut at \(length)") }
        }
        var random = SplitMix(state: seed)
        for _ in 0..<100 {
            var bytes = text
            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            _ = try? TraceBytes.importBytes(bytes)
        }
    }

    @Test func aBadSpanDoesNotDropItsBatch() throws {
        let good = (1...3).map { TraceBytes.span(UInt64($0)) }
        var bad = [TraceBytes.span(4) { $0.trace = .none }, TraceBytes.span(5) { $0.span = .none }]
        bad += [TraceBytes.span(6) { $0.endNanos = 1 }, TraceBytes.span(7) { $0.endNanos = .max }]
        let (_, report) = try TraceBytes.importBytes(TraceBytes.request(OTLPResource(), OTLPScope(), good + bad))
        #expect(report.spans == 3 && report.problemCount == 4)
        #expect(
            report.problems.map(\.what) == [
                "a span without a trace id", "a span without an id", "a span that ends before it begins",
                "a time beyond the year 2262",
            ])
    }

    @Test func aBrokenLineCostsOnlyItself() throws {
        func line(_ id: Int) -> String {
            "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"\(String(repeating: "b", count: 32))\",\"spanId\":\"000000000000000\(id)\",\"endTimeUnixNano\":\"5\"}]}]}]}"
        }
        let text = [line(1), String(line(2).dropLast(40)), line(3), "not json at all", line(4)].joined(separator: "\n")
        let (_, report) = try TraceBytes.importBytes(Array(text.utf8), "t.jsonl")
        #expect(report.spans == 3)
        #expect(report.problemCount >= 2)
    }

    @Test(arguments: [
        ("", "holds no span"), ("hello, this is a text file\n", "no trace that import can read"),
        ("{\"a\":1}", "holds no span"), ("{}", "holds no span"), ("[1,2,3]", "no trace that import can read"),
        ("\u{1F}\u{8B}", "no trace that import can read"), ("{\"resourceSpans\":", "no trace that import can read"),
        (String(repeating: "\0", count: 9_000), "no trace that import can read"),
        (String(repeating: "{\"resourceSpans\":[", count: 5_000), "no trace that import can read"),
        (String(repeating: "[", count: 100_000), "no trace that import can read"),
    ])
    func garbageIsRefusedInOneSentence(_ content: String, _ words: String) throws {
        let error = #expect(throws: TraceError.self) { try TraceBytes.importBytes(Array(content.utf8)) }
        let message = try #require(error).message
        #expect(message.contains(words), "\(message)")
        #expect(!message.contains("\n") && error?.path != nil)
    }

    @Test func compressedGarbageAndBombsAreRefused() throws {
        let random = (0..<5_000).map { _ in UInt8.random(in: 0...255) }
        #expect(throws: TraceError.self) { try TraceBytes.importBytes(random) }
        #expect(throws: TraceError.self) { try TraceBytes.importBytes([0x28, 0xB5, 0x2F, 0xFD] + random) }
        // A frame of 1 GiB of ones: 128 KiB blocks of one repeated byte, four bytes each.
        var bomb: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58]
        for block in 0..<8_192 {
            let header = UInt32(131_072 << 3 | 1 << 1 | (block == 8_191 ? 1 : 0))
            bomb += [UInt8(header & 0xFF), UInt8(header >> 8 & 0xFF), UInt8(header >> 16 & 0xFF), 1]
        }
        let error = #expect(throws: TraceError.self) { try TraceBytes.importBytes(bomb) }
        #expect(try #require(error).message.contains("fold"))
    }

    @Test func missingFilesAndFoldersAreNamed() throws {
        let missing = #expect(throws: TraceError.self) { try importInMemory("/no/such/file") }
        #expect(missing?.code == .unreadable)
        let folder = #expect(throws: TraceError.self) { try importInMemory(Fixture.path("")) }
        #expect(folder?.code == .invalid)
    }

    @Test func theCutRealFileKeepsItsFirstHalf() throws {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: Fixture.trace)))
        let (_, report) = try TraceBytes.importBytes(Array(bytes[..<(bytes.count / 8)]))
        #expect(report.spans > 5_000 && report.spans < 20_000)
        #expect(report.problemCount == 2)
    }
}

/// A small seeded generator, so that a failure can be repeated.
struct SplitMix {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
