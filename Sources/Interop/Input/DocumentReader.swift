internal import SpanreelTracing

/// One OTLP request as it stood in the file.
struct Document {
    /// How it is written.
    enum Encoding { case protobuf, json }

    var encoding: Encoding
    var bytes: [UInt8]
    /// Counts from 0 within the file.
    var index: Int
    /// Where it starts in the (decompressed) content.
    var offset: Int
}

/// Cuts a file's content into OTLP requests.
///
/// The framing is told by the first bytes: `{` starts JSON, one object or many (lines or not); a first field tag
/// (0x0A) a single protobuf request; anything else must be the 4-byte big-endian length of the first of many.
final class DocumentReader {
    /// A request that is longer than this is refused before memory is taken for it. Exporters send at most 4 MiB.
    static let framedBytesMax = 64 << 20
    /// The same for a file that is one request.
    static let singleBytesMax = 512 << 20

    /// Exporters send no empty requests; zeros would be nothing but such.
    private static let emptyRunMax = 1_000

    private enum Framing { case unknown, prefixed, single, json }

    private let content: PlainBytes
    private let problems: ImportProblems
    private var framing = Framing.unknown
    private var buffer: [UInt8] = []
    private var used = 0
    private var bufferOffset = 0
    private var ended = false
    private var count = 0
    private var emptyRun = 0

    /// What is read so far, and how much there is, in stored bytes.
    var progress: (readBytes: Int, totalBytes: Int) { (content.file.positionBytes, content.file.sizeBytes) }

    /// Opens a file; what is wrong inside goes to `problems`.
    init(path: String, problems: ImportProblems) throws(TraceError) {
        content = try PlainBytes(path: path)
        self.problems = problems
    }

    /// The next request, or nil at the end.
    func next() throws(TraceError) -> Document? {
        if framing == .unknown { try detect() }
        switch framing {
        case .unknown: return nil
        case .prefixed: return try nextPrefixed()
        case .single: return try nextSingle()
        case .json: return try nextJSON()
        }
    }

    private func detect() throws(TraceError) {
        if !content.isCompressed, try fill(2), buffer[0] == 0x1F, buffer[1] == 0x8B {
            throw TraceError(
                .invalid, "The file is compressed with gzip, which import does not read: run gunzip on it first",
                path: content.file.path)
        }
        try skipBlanks()
        // Some editors put a byte order mark before JSON.
        if try fill(4), buffer[used..<used + 4].elementsEqual([0xEF, 0xBB, 0xBF, UInt8(ascii: "{")]) { used += 3 }
        if try fill(1), buffer[used] == UInt8(ascii: "{") {
            framing = .json
            return
        }
        // A protobuf tag or length may look like blanks: back to the first byte.
        used = 0
        guard try fill(1) else { return }
        framing = buffer[0] == 0x0A ? .single : .prefixed
    }

    private func nextPrefixed() throws(TraceError) -> Document? {
        guard try fill(1) else { return finish() }
        let offset = bufferOffset + used
        guard try fill(4) else { return stop(offset, "a length cut short") }
        let length = buffer[used..<used + 4].reduce(0) { $0 << 8 | Int($1) }
        guard length <= Self.framedBytesMax else {
            return stop(offset, "a request of \(length) bytes, more than \(Self.framedBytesMax)")
        }
        emptyRun = length == 0 ? emptyRun + 1 : 0
        guard emptyRun <= Self.emptyRunMax else {
            return stop(offset, "more than \(Self.emptyRunMax) empty requests in a row")
        }
        guard try fill(4 + length) else {
            return stop(offset, "a request of \(length) bytes with \(buffer.count - used - 4) present")
        }
        return take(skip: 4, length: length, .protobuf)
    }

    private func nextSingle() throws(TraceError) -> Document? {
        guard try fill(1) else { return finish() }
        if try fill(Self.singleBytesMax + 1) {
            return stop(0, "a single request of more than \(Self.singleBytesMax) bytes")
        }
        return take(skip: 0, length: buffer.count - used, .protobuf)
    }

    private func nextJSON() throws(TraceError) -> Document? {
        try skipBlanks()
        guard try fill(1) else { return finish() }
        var boundary = JSONBoundary()
        var scanned = 0
        while true {
            if let length = boundary.scan(buffer, from: used + scanned, start: used) {
                return take(skip: 0, length: length, .json)
            }
            scanned = buffer.count - used
            guard scanned <= Self.singleBytesMax else {
                return stop(bufferOffset + used, "a request of more than \(Self.singleBytesMax) bytes")
            }
            guard try fill(scanned + 1) else { break }
        }
        // Cut short: handed on as it is, so that the spans before the cut are not lost.
        return take(skip: 0, length: scanned, .json)
    }

    private func skipBlanks() throws(TraceError) {
        while try fill(1) {
            while used < buffer.count, JSONBoundary.isBlank(buffer[used]) { used += 1 }
            if used < buffer.count { return }
        }
    }

    private func take(skip: Int, length: Int, _ encoding: Document.Encoding) -> Document {
        let start = used + skip
        defer {
            used = start + length
            count += 1
        }
        return Document(
            encoding: encoding, bytes: Array(buffer[start..<start + length]), index: count, offset: bufferOffset + start
        )
    }

    private func stop(_ offset: Int, _ what: String) -> Document? {
        problems.add(document: count, offset: offset, what: what)
        used = buffer.count
        ended = true
        return finish()
    }

    private func finish() -> Document? {
        if let damage = content.damage {
            problems.add(document: count, offset: content.rawBytes, what: damage)
        }
        framing = .unknown
        buffer = []
        used = 0
        ended = true
        return nil
    }

    /// Whether `count` unused bytes are in the buffer, after reading what it takes.
    private func fill(_ count: Int) throws(TraceError) -> Bool {
        while buffer.count - used < count, !ended {
            let piece = try content.read()
            if piece.isEmpty { ended = true }
            if used > 1 << 20 {
                bufferOffset += used
                buffer.removeFirst(used)
                used = 0
            }
            buffer.append(contentsOf: piece)
        }
        return buffer.count - used >= count
    }
}
