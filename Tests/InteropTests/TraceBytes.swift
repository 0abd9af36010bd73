import Foundation

@testable import SpanreelInterop

/// Builds OTLP files in memory.
enum TraceBytes {
    /// Collects what a walker finds, to write it again in another encoding.
    final class Collector: OTLPVisitor {
        var resources: [(resource: OTLPResource, scope: OTLPScope, spans: [OTLPSpan])] = []
        func visit(resource: OTLPResource) { resources.append((resource, OTLPScope(), [])) }
        func visit(scope: OTLPScope) { resources[resources.count - 1].scope = scope }
        func visit(span: OTLPSpan, document: Int, offset: Int) { resources[resources.count - 1].spans.append(span) }
        func visit(metrics: [OTLPMetric]) {}
    }

    /// The content of a file.
    static func read(_ path: String) throws -> Collector {
        let problems = ImportProblems()
        let reader = try DocumentReader(path: path, problems: problems)
        let collector = Collector()
        while let document = try reader.next() { try OTLPWalker(problems: problems).walk(document, collector) }
        return collector
    }

    /// The smallest real request, decompressed JSON.
    static func oneRequestJSON() throws -> [UInt8] {
        let bytes = try PlainBytes(path: Fixture.oneRequest)
        var all: [UInt8] = []
        while true {
            let piece = try bytes.read()
            if piece.isEmpty { return all }
            all += piece
        }
    }

    /// `ExportTraceServiceRequest` with these spans.
    static func request(_ resource: OTLPResource, _ scope: OTLPScope, _ spans: some Collection<OTLPSpan>) -> [UInt8] {
        var writer = ProtobufWriter()
        var inner = ProtobufWriter()
        inner.bytes(1, OTLPEncoder.scope(scope))
        for span in spans { inner.bytes(2, OTLPEncoder.span(span)) }
        var outer = ProtobufWriter()
        outer.append(fields: OTLPEncoder.resource(resource))
        outer.bytes(2, inner.bytes)
        writer.bytes(1, outer.bytes)
        return writer.bytes
    }

    /// With its length before it.
    static func framed(_ request: [UInt8]) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: request.count >> (24 - 8 * $0)) } + request
    }

    /// A span with these ids and times; everything else as `change` makes it.
    static func span(_ id: UInt64, trace: UInt64 = 1, change: (inout OTLPSpan) -> Void = { _ in }) -> OTLPSpan {
        var span = OTLPSpan()
        span.trace = .init(high: trace, low: trace)
        span.span = .init(id)
        span.name = "work"
        span.startNanos = 1_000 * id
        span.endNanos = 1_000 * id + 500
        change(&span)
        return span
    }

    /// Imports bytes as a file of that name.
    static func importBytes(_ bytes: [UInt8], _ name: String = "trace.otlp") throws -> (MemorySink, ImportReport) {
        let file = try Fixture.temporary(bytes, name)
        defer { try? FileManager.default.removeItem(at: file.deletingLastPathComponent()) }
        return try importInMemory(file.path(percentEncoded: false))
    }
}
