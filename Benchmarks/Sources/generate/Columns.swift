import Foundation
import SpanreelTracing

/// A session as plain columns, for programs that do not read sessions: a file of little-endian numbers for each column,
/// and `names.json` with what the numbers stand for.
///
/// A row is a whole span, which stands where the log holds its end, or a token event (`kind` 20, `duration` 0). Rows are
/// in the order of the log. Times are Unix nanoseconds of the stream's own clock.
///
///     start, duration  i64
///     kind, phase      u8    as in `Operation` and `Phase`
///     device           u8    place in `devices`
///     layer            i16   -1: none
///     link             u8    place in `links`; 255: none
///     trace_high, trace_low, span, parent   u64
///     size_bytes       i64   `spanreel.hop.size_bytes`; -1: none
///     hit              u8    `spanreel.cache.hit` of a lookup; 255: none
///     tokens           i64   how many, of a token event; else 0
enum Columns {
    /// What a span's begin says and its end does not.
    private struct Begun {
        let event: Event
        let sizeBytes: Int64
        let hit: UInt8
    }

    static func write(session: String, to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let reader = try SessionReader(path: session)
        var columns = try ColumnFiles(folder: folder)
        var names = Names()
        var begun: [SpanID: Begun] = [:]
        try reader.poll { batch in
            for event in batch.events {
                let size = batch.int(.sizeBytes, of: event) ?? -1
                let hit = batch.int(.cacheHit, of: event).map { UInt8(clamping: $0) } ?? 255
                switch event.kind {
                case .begin: begun[event.span] = Begun(event: event, sizeBytes: size, hit: hit)
                case .end:
                    guard let begin = begun.removeValue(forKey: event.span) else { continue }
                    columns.add(
                        begin.event, from: begin.event.time.nanos, to: event.time.nanos,
                        size: max(size, begin.sizeBytes), hit: min(hit, begin.hit), names.numbers(begin.event, reader))
                    names.note(begin.event)
                case .span:
                    columns.add(
                        event, from: event.start.nanos, to: event.time.nanos, size: size, hit: hit,
                        names.numbers(event, reader))
                    names.note(event)
                case .tokens:
                    columns.add(
                        event, from: event.time.nanos, to: event.time.nanos, size: -1, hit: 255,
                        names.numbers(event, reader))
                case .mark, .sample: break
                }
            }
            columns.flush(atLeast: 1 << 20)
        }
        columns.flush(atLeast: 1)
        try names.json(rows: columns.rows, open: begun.count).write(
            to: URL(fileURLWithPath: folder + "/names.json"))
        print("\(columns.rows) rows, \(begun.count) spans without an end left out")
    }
}

/// What the numbers in the columns stand for.
private struct Names {
    struct Numbers {
        var kind, phase, device, link: UInt8
        var layer: Int16
    }

    private var devices: [String] = []
    private var links: [String] = []
    private var spansOfTrace: [TraceID: Int] = [:]
    private var byRole: [Int: Numbers] = [:]

    /// The numbers of an event's role and stream; both are few.
    mutating func numbers(_ event: Event, _ reader: SessionReader) -> Numbers {
        let key = Int(event.stream) << 32 | Int(event.role.index)
        if let known = byRole[key] { return known }
        let role = reader.symbols.role(event.role)
        let numbers = Numbers(
            kind: role.operation.rawValue, phase: role.phase.rawValue,
            device: Self.place(of: reader.streams[Int(event.stream)].device, in: &devices),
            link: role.link.map { Self.place(of: "\($0.from)>\($0.to)", in: &links) } ?? 255,
            layer: role.layer.map { Int16(clamping: $0) } ?? -1)
        byRole[key] = numbers
        return numbers
    }

    mutating func note(_ span: Event) { spansOfTrace[span.trace, default: 0] += 1 }

    private static func place(of name: String, in names: inout [String]) -> UInt8 {
        if let place = names.firstIndex(of: name) { return UInt8(clamping: place) }
        names.append(name)
        return UInt8(clamping: names.count - 1)
    }

    /// Names the trace with the most spans that all ended; of several the least, so that it is the same one every time.
    func json(rows: Int, open: Int) throws -> Data {
        let largest = spansOfTrace.max { ($0.value, $1.key) < ($1.value, $0.key) }
        let trace = largest.map(\.key) ?? .none
        return try JSONSerialization.data(
            withJSONObject: [
                "rows": rows, "open_spans": open, "devices": devices, "links": links,
                "trace": RandomID(high: trace.high, low: trace.low).description, "trace_spans": largest?.value ?? 0,
            ], options: [.prettyPrinted, .sortedKeys])
    }
}

/// The files, with what is not yet written of each.
private struct ColumnFiles {
    private struct Column {
        let file: FileHandle
        var bytes: [UInt8] = []

        mutating func add(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
    }

    private static let names = [
        "start", "duration", "kind", "phase", "device", "layer", "link", "trace_high", "trace_low", "span", "parent",
        "size_bytes", "hit", "tokens",
    ]
    private var columns: [Column] = []
    private(set) var rows = 0

    init(folder: String) throws {
        for name in Self.names {
            let path = "\(folder)/\(name).bin"
            guard FileManager.default.createFile(atPath: path, contents: nil),
                let file = FileHandle(forWritingAtPath: path)
            else { throw TraceError(.system, "cannot write", path: path) }
            columns.append(Column(file: file))
        }
    }

    mutating func add(_ event: Event, from: Int64, to: Int64, size: Int64, hit: UInt8, _ numbers: Names.Numbers) {
        columns[0].add(from)
        columns[1].add(to - from)
        columns[2].add(numbers.kind)
        columns[3].add(numbers.phase)
        columns[4].add(numbers.device)
        columns[5].add(numbers.layer)
        columns[6].add(numbers.link)
        columns[7].add(event.trace.high)
        columns[8].add(event.trace.low)
        columns[9].add(event.span.rawValue)
        columns[10].add(event.parent.rawValue)
        columns[11].add(size)
        columns[12].add(hit)
        columns[13].add(event.kind == .tokens ? event.value : 0)
        rows += 1
    }

    /// Writes the columns that hold so many bytes.
    mutating func flush(atLeast limit: Int) {
        for index in columns.indices where columns[index].bytes.count >= limit {
            columns[index].file.write(Data(columns[index].bytes))
            columns[index].bytes.removeAll(keepingCapacity: true)
        }
    }
}
