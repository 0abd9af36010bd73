import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelInterop

/// What the real session takes on disk, and that nothing was left out to get there. Byte counts, so a test.
@Suite struct SizeTests {
    static let spans = 88_789.0

    static func describe(_ path: String) throws -> [String] {
        let reader = try SessionReader(path: path)
        var lines: [String] = []
        try reader.poll { batch in
            for event in batch.events {
                var line =
                    "\(event.incarnation) \(event.sequence) \(event.stream) \(event.kind) \(event.status) \(event.spanKind) "
                    + "\(event.time.nanos) \(event.start.nanos) \(event.span.rawValue) \(event.parent.rawValue) "
                    + "\(event.trace.high) \(event.trace.low) \(event.value) \(event.role.index)"
                for attribute in batch.attributes(of: event) {
                    let index = Int(truncatingIfNeeded: attribute.bits)
                    switch attribute.type {
                    case .string: line += " \(reader.symbols.strings[index])"
                    case .blob: line += " \(reader.symbols.blobs[index])"
                    default: line += " \(attribute.bits)"
                    }
                }
                lines.append(line)
            }
        }
        #expect(reader.damages.isEmpty)
        return lines
    }

    @Test func theRealSessionIsPackedAtTheFloor() throws {
        let folder = try Fixture.temporary([], "unused").deletingLastPathComponent()
        defer { try? FileManager.default.removeItem(at: folder) }
        func path(_ name: String) -> String { folder.appending(path: name).path(percentEncoded: false) }
        try Importer.importFile(at: Fixture.trace, to: path("foreign.reel"))
        let foreign = try Self.describe(path("foreign.reel"))
        let (sink, report) = try RealSessionTests.session.get()
        #expect(Double(report.spans) == Self.spans && foreign.count == sink.events.count)

        // Packing again gives the same events, and twice the same bytes.
        let first = try SessionPacker.pack(path: path("foreign.reel"), to: path("first.reel"))
        let second = try SessionPacker.pack(path: path("foreign.reel"), to: path("second.reel"))
        #expect(try Self.describe(path("first.reel")) == foreign)
        #expect(
            try Data(contentsOf: folder.appending(path: "first.reel"))
                == Data(contentsOf: folder.appending(path: "second.reel")))
        #expect(Double(first.sizeBytes) / Self.spans <= 14.5, "\(first.sizeBytes) bytes")
        #expect(second.events == foreign.count)

        let own = try SessionReidentifier.rewrite(path: path("foreign.reel"), to: path("own.reel"))
        #expect(Double(own.sizeBytes) / Self.spans <= 6.5, "\(own.sizeBytes) bytes")
        #expect(try Self.describe(path("own.reel")).count == foreign.count)
    }
}
