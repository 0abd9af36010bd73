// Bytes of one recorded session in our own format, one JSON line a metric. Every file is read back and compared.
//
//   sizes FOLDER [DEMO.reel]      FOLDER holds trace.otlp.pb.zst; a demo's session is packed anew

import BenchSupport
import Foundation
import SpanreelInterop
import SpanreelTracing

guard CommandLine.arguments.count >= 2 else {
    FileHandle.standardError.write(Data("usage: sizes FOLDER [DEMO.reel]\n".utf8))
    exit(2)
}
let folder = FileManager.default.temporaryDirectory.path + "/spanreel-sizes-" + UUID().uuidString
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(atPath: folder) }

/// Everything that events say, in an order that does not depend on blocks; names as text.
func facts(_ path: String) throws -> [String] {
    let reader = try SessionReader(path: path)
    var lines: [String] = []
    try reader.poll { batch in
        for event in batch.events {
            let attributes = batch.attributes(of: event).map { attribute -> String in
                let index = Int(truncatingIfNeeded: attribute.bits)
                let value =
                    switch attribute.type {
                    case .string: reader.symbols.strings[index]
                    case .blob: "\(reader.symbols.blobs[index])"
                    default: String(attribute.bits)
                    }
                return "\(reader.symbols.name(of: attribute.key))=\(value)"
            }
            lines.append(
                "\(event.incarnation) \(event.sequence) \(event.kind) \(event.status) \(event.spanKind) \(event.time.nanos) "
                    + "\(event.start.nanos) \(event.span) \(event.parent) \(event.trace) \(event.value) "
                    + "\(reader.symbols.role(event.role)) \(attributes.joined(separator: " "))")
        }
    }
    return lines.sorted()
}

func size(_ path: String) throws -> Double {
    Double(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0)
}

let imported = folder + "/imported.reel"
let spans = Double(
    try Importer.importFile(at: CommandLine.arguments[1] + "/trace.otlp.pb.zst", to: imported).spans)
let packed = folder + "/packed.reel"
try SessionPacker.pack(path: imported, to: packed)
guard try facts(imported) == facts(packed) else { fatalError("packing changed an event") }
report("bytes_per_span_foreign", try size(packed) / spans, "B")

let renamed = folder + "/renamed.reel"
let own = folder + "/own.reel"
try SessionReidentifier.rewrite(path: imported, to: renamed)
try SessionPacker.pack(path: renamed, to: own)
guard try facts(renamed) == facts(own) else { fatalError("packing changed an event") }
report("bytes_per_span_own", try size(own) / spans, "B")

if CommandLine.arguments.count > 2 {
    let demo = folder + "/demo.reel"
    let events = try SessionPacker.pack(path: CommandLine.arguments[2], to: demo).events
    report("demo_bytes_per_event", try size(demo) / Double(events), "B")
}
