import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelInterop

/// Imports into real session files, read back with the session reader.
@Suite struct SessionFileTests {
    @Test func theRealSessionSurvivesTheFile() throws {
        let folder = try Fixture.temporary([], "unused").deletingLastPathComponent()
        defer { try? FileManager.default.removeItem(at: folder) }
        let target = folder.appending(path: "mlx.reel").path(percentEncoded: false)
        var fractions: [Double] = []
        let report = try Importer.importFile(at: Fixture.trace, metrics: Fixture.metrics, to: target) {
            fractions.append($0.fraction)
        }
        #expect(fractions == fractions.sorted() && fractions.last == 1)
        let reader = try SessionReader(path: target)
        #expect(reader.session.name == "mlx")
        let (sink, _) = try RealSessionTests.withMetrics.get()

        var read = EventBatch()
        try reader.poll { batch in for event in batch.events { read.append(event, from: batch) } }
        #expect(reader.damages.isEmpty)
        #expect(read.events.count == report.events)
        #expect(reader.streams.map(\.device).sorted() == ["client1", "mini1", "mini2", "mini3"])
        #expect(Set(reader.streams.map(\.clockDomain)).count == 4)
        #expect(reader.streams.allSatisfy { $0.isImported && $0.resource["deployment.environment.name"] == "base" })

        // Compare through names, since the numbers of names differ between readers.
        func key(_ event: Event, _ device: String, _ symbols: Symbols) -> String {
            "\(device) \(event.kind) \(event.span) \(event.parent) \(event.trace) \(event.time.nanos) \(event.start.nanos) "
                + "\(event.status) \(event.spanKind) \(event.value) \(symbols.role(event.role))"
        }
        let expected = Set(sink.events.map { key($0, sink.device($0), sink.symbols) })
        let found = Set(read.events.map { key($0, reader.streams[Int($0.stream)].device, reader.symbols) })
        #expect(expected == found)
    }

    @Test func nothingIsLeftWhenTheFileIsGarbage() throws {
        let file = try Fixture.temporary(Array("garbage in, nothing out".utf8), "garbage.otlp.pb")
        let folder = file.deletingLastPathComponent()
        defer { try? FileManager.default.removeItem(at: folder) }
        let target = folder.appending(path: "out.reel").path(percentEncoded: false)
        #expect(throws: TraceError.self) {
            try Importer.importFile(at: file.path(percentEncoded: false), to: target)
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)) == [
                "garbage.otlp.pb"
            ])
    }

    @Test func anExistingTargetIsNotTouched() throws {
        let target = try Fixture.temporary(Array("precious".utf8), "out.reel")
        defer { try? FileManager.default.removeItem(at: target.deletingLastPathComponent()) }
        let error = #expect(throws: TraceError.self) {
            try Importer.importFile(at: Fixture.oneRequest, to: target.path(percentEncoded: false))
        }
        #expect(error?.code == .exists)
        #expect(try Data(contentsOf: target) == Data("precious".utf8))
    }

    @Test func longValuesFillMoreBlocksAndTooLongOnesAreCounted() throws {
        let text = String(repeating: "all work and no play ", count: 5_000)
        var spans = (1...700).map { index in
            TraceBytes.span(UInt64(index)) {
                $0.attributes = [.init(key: "gen_ai.input.messages", value: .string("\(index) \(text)"))]
            }
        }
        spans.append(
            TraceBytes.span(701) {
                $0.attributes = [
                    .init(key: "huge", value: .string(String(repeating: "x", count: 2 << 20))),
                    .init(key: "small", value: .int(1)),
                ]
            })
        let requests = spans.flatMap { TraceBytes.framed(TraceBytes.request(OTLPResource(), OTLPScope(), [$0])) }
        let file = try Fixture.temporary(requests, "long.otlp.pb")
        let folder = file.deletingLastPathComponent()
        defer { try? FileManager.default.removeItem(at: folder) }
        let target = folder.appending(path: "long.reel").path(percentEncoded: false)
        let report = try Importer.importFile(at: file.path(percentEncoded: false), to: target)
        #expect(report.spans == 701 && report.leftOutValues == 1)
        let reader = try SessionReader(path: target)
        var found = 0
        var bytes = 0
        let key = reader.symbols.key("gen_ai.input.messages")
        try reader.poll { batch in
            for event in batch.events {
                found += 1
                if let id = batch.string(key, of: event) { bytes += reader.symbols.string(id).utf8.count }
            }
        }
        #expect(found == 701 && bytes > 70_000_000)
        #expect(reader.damages.isEmpty && reader.blockCount > 1)
    }
}
