import Foundation
import SpanreelTracing

@testable import SpanreelInterop

/// Keeps everything an import writes.
final class MemorySink: ImportSink, @unchecked Sendable {
    // Unchecked: one import fills it, then tests only read it.
    let symbols = Symbols()
    var streams: [PlannedStream] = []
    var batch = EventBatch()
    var events: ContiguousArray<Event> { batch.events }

    func addStream(_ stream: PlannedStream) -> UInt32 {
        streams.append(stream)
        return UInt32(streams.count - 1)
    }

    func append(_ batch: borrowing EventBatch) {
        for event in batch.events { self.batch.append(event, from: batch) }
    }

    func name(_ event: Event) -> String { symbols.role(event.role).name }
    func device(_ event: Event) -> String { streams[Int(event.stream)].device }

    /// Name and printed value of each attribute, without the interned numbers that differ between imports.
    func attributes(_ event: Event) -> [String: String] {
        var all: [String: String] = [:]
        for attribute in batch.attributes(of: event) {
            let value =
                switch attribute.type {
                case .int: "int \(Int64(bitPattern: attribute.bits))"
                case .double: "double \(Double(bitPattern: attribute.bits))"
                case .bool: "bool \(attribute.bits)"
                case .string: "string \(symbols.string(StringID(UInt32(attribute.bits))))"
                case .blob: "blob \(symbols.blobs[Int(attribute.bits)])"
                }
            all[symbols.name(of: attribute.key)] = value
        }
        return all
    }
}

/// The files of `Tests/Data/mlx-base`.
enum Fixture {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Data/mlx-base")
    static func path(_ name: String) -> String { folder.appending(path: name).path(percentEncoded: false) }
    static let trace = path("trace.otlp.pb.zst")
    static let metrics = path("metrics.otlp.jsonl.zst")
    static let oneRequest = path("one_request.otlp.json.zst")

    static func truth() throws -> [String: Any] {
        let data = try Data(contentsOf: folder.appending(path: "truth.json"))
        return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }

    /// A file of these bytes in a new folder, which the caller removes.
    static func temporary(_ bytes: some Collection<UInt8>, _ name: String) throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "spanreel-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: name)
        try Data(bytes).write(to: file)
        return file
    }
}

func importInMemory(_ trace: String, metrics: String? = nil) throws -> (MemorySink, ImportReport) {
    let sink = MemorySink()
    let report = try Import(trace: trace, metrics: metrics).run(makeSink: { sink })
    return (sink, report)
}
