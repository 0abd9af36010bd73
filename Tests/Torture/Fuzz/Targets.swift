// libFuzzer's entry. `SPANREEL_FUZZ_TARGET` says what an input is: a block's payload, or one file of a session of which the
// rest is as a recorder left it. Compiled into one module with the log's own sources, by Tests/Torture/fuzz.py, with
// `-D SPANREEL_FUZZING`: checksums always hold there, so that mutations reach what they are meant for.

import Glibc

/// The session around the file that is fuzzed.
private struct Stage {
    var session: String
    /// The file that an input becomes.
    var file: String
    /// The least size; shorter inputs are filled up with zeros.
    var minimumBytes = 0
}

private let target = getenv("SPANREEL_FUZZ_TARGET").map { String(cString: $0) } ?? "block"
private let place = getenv("SPANREEL_FUZZ_PLACE").map { String(cString: $0) } ?? "/tmp"
private let stage: Stage? = try? prepare()

// Keeps the results of decoding: unused ones could be optimised away, and the decoder with them.
nonisolated(unsafe) private var sink = 0

/// One input; libFuzzer calls it again and again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> Int32 {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    if target == "block" {
        decode(bytes)
    } else if let stage {
        read(bytes, stage)
    } else {
        fatalError("the session to fuzz could not be made")
    }
    return 0
}

/// Four bytes of event count, four of the main part's length, then the payload's two parts.
private func decode(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    guard let count = reader.u32(), count > 0, let length = reader.u32() else { return }
    let rest = bytes.dropFirst(8)
    let payload = BlockPayload(main: Array(rest.prefix(Int(length))), tail: ArraySlice(rest.dropFirst(Int(length))))
    var header = BlockHeader(type: .events, stream: RandomID(high: 1, low: 2), epoch: 1)
    header.incarnation = 7
    header.firstSequence = 1
    header.lastSequence = UInt64(count)
    header.eventCount = Int(count)
    if let batch = BlockDecoder.decode(payload, header: header, symbols: Symbols()) {
        precondition(batch.events.count == Int(count), "a batch of another size than its header says")
        sink &+= batch.attributes.count
    }
    let columns = ColumnBlock()
    guard columns.load(payload, header: header, symbols: Symbols(), number: { _ in 0 }) else { return }
    for group in columns.groups {
        sink &+= Int(truncatingIfNeeded: columns.starts(group)?[group.count - 1] ?? 0)
        for key in columns.templates[group.index].keys {
            sink &+= Int(truncatingIfNeeded: columns.integers(key, group)?[group.count - 1] ?? 0)
        }
    }
}

/// The input as a file of the session: read as views read it, and verified.
private func read(_ bytes: [UInt8], _ stage: Stage) {
    let fd = POSIX.open(stage.file, O_WRONLY | O_CREAT | O_TRUNC)
    let padded =
        bytes.count < stage.minimumBytes
        ? bytes + [UInt8](repeating: 0, count: stage.minimumBytes - bytes.count) : bytes
    _ = POSIX.write(fd, padded)
    POSIX.closeFile(fd)
    guard let reader = try? SessionReader(path: stage.session) else { return }
    var delivered = 0
    var last: [UInt64: UInt64] = [:]
    try? reader.poll { batch in
        for event in batch.events {
            delivered += 1
            precondition(event.sequence > last[event.incarnation] ?? 0, "an event came twice or late")
            last[event.incarnation] = event.sequence
            sink &+= batch.attributes(of: event).count &+ reader.symbols.role(event.role).name.utf8.count
        }
    }
    sink &+= reader.damages.count &+ reader.tornTails.count &+ reader.damages.lostEvents
}

/// A dead process's session: recorded, copied while it lived, with its lanes put back.
private func prepare() throws -> Stage {
    let live = place + "/live.reel"
    let session = place + "/fuzz.reel"
    var options = Recorder.Options()
    options.path = live
    options.device = "fuzz"
    options.laneSlots = 64
    options.namesBytes = 1 << 12
    options.durability = .none
    let recorder = try Recorder.open(options)
    let role = recorder.role(Role(.layer, name: "a name", phase: .decode, layer: 3, link: Link(from: "a", to: "b")))
    let handle = recorder.name("again and again")
    let key = recorder.key("foreign.key")
    for round in 0..<2 {
        let span = recorder.begin(role) { $0.set(.requestID, "request") }
        recorder.tokens(3, phase: .decode, in: span)
        recorder.record(role, from: Ticks(1), parent: span) {
            $0.set(key, 0.5)
            $0.set(.cacheHit, true)
            $0.set(.model, handle)
            $0.set(.tokenID, round)
        }
        recorder.end(span, status: .error)
        if round == 0 { try recorder.flush() }
    }
    try copy(live, session)
    guard let stream = SessionDirectory(session).streams.first?.path,
        let lanes = try StreamHead.open(path: Path.join(stream, "head")).laneDirectory
    else { throw TraceError(.invalid, "no stream was made") }
    try copy(lanes, place + "/lanes")
    try recorder.close()
    try copy(place + "/lanes", lanes)
    switch target {
    case "segment": return Stage(session: session, file: Path.join(stream, "0000.seg"))
    case "names": return Stage(session: session, file: Path.join(stream, "names"), minimumBytes: Arena.headerBytes)
    case "head":
        return Stage(session: session, file: Path.join(stream, "head"), minimumBytes: StreamHead.sizeBytes)
    case "lane":
        return Stage(
            session: session, file: Path.join(lanes, "lane-0"),
            minimumBytes: LaneLayout.sizeBytes(slots: options.laneSlots))
    case "packed":
        let packed = place + "/packed.reel"
        try SessionPacker.pack(path: live, to: packed)
        return Stage(session: packed, file: packed)
    default: throw TraceError(.invalid, "unknown target \(target)")
    }
}

private func copy(_ from: String, _ to: String) throws {
    guard POSIX.isDirectory(from) else {
        let source = POSIX.open(from, O_RDONLY)
        let bytes = try POSIX.read(source, offset: 0, count: POSIX.sizeBytes(source), path: from)
        POSIX.closeFile(source)
        let fd = POSIX.open(to, O_WRONLY | O_CREAT | O_TRUNC)
        _ = POSIX.write(fd, bytes)
        POSIX.closeFile(fd)
        return
    }
    try POSIX.makeDirectories(to)
    for name in POSIX.list(from) ?? [] { try copy(Path.join(from, name), Path.join(to, name)) }
}

/// Writes what an undamaged file or payload is, as the seed, before the first run.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_: UnsafeMutablePointer<Int32>, _: UnsafeMutableRawPointer) -> Int32 {
    guard let folder = getenv("SPANREEL_FUZZ_SEEDS").map({ String(cString: $0) }) else { return 0 }
    func write(_ name: String, _ bytes: [UInt8]) {
        let fd = POSIX.open(Path.join(folder, name), O_WRONLY | O_CREAT | O_TRUNC)
        _ = POSIX.write(fd, bytes)
        POSIX.closeFile(fd)
    }
    if let stage {
        let fd = POSIX.open(stage.file, O_RDONLY)
        write("whole", (try? POSIX.read(fd, offset: 0, count: POSIX.sizeBytes(fd), path: stage.file)) ?? [])
        POSIX.closeFile(fd)
    }
    guard target == "block" else { return 0 }
    for count in [1, 3, 40] {
        let symbols = Symbols()
        let batch = events(count, symbols)
        var writer = ByteWriter()
        writer.u32(UInt32(count))
        guard let payload = try? BlockEncoder().encode(batch, effort: .fast, symbols: symbols) else { continue }
        writer.u32(UInt32(payload.main.count))
        writer.bytes += payload.main + payload.tail
        write("events-\(count)", writer.bytes)
    }
    return 0
}

private func events(_ count: Int, _ symbols: Symbols) -> EventBatch {
    var batch = EventBatch()
    let role = symbols.intern(Role(.layer, name: "n", phase: .decode, layer: 1, link: Link(from: "a", to: "b")))
    for index in 0..<count {
        let start = UInt32(batch.attributes.count)
        batch.attributes.append(Attribute(key: .tokenID, type: .int, bits: UInt64(index * 977)))
        batch.attributes.append(Attribute(key: symbols.key("foreign"), type: .double, bits: 0.5.bitPattern))
        batch.attributes.append(Attribute(key: .model, type: .string, bits: UInt64(symbols.intern("m").index)))
        batch.attributes.append(Attribute(key: .cacheHit, type: .bool, bits: 1))
        batch.attributes.append(
            Attribute(key: .otlpRemainder, type: .blob, bits: UInt64(symbols.intern(blob: [1, 2]))))
        batch.events.append(
            Event(
                kind: EventKind.allCases[index % 6], role: role, incarnation: 7, sequence: UInt64(index + 1),
                time: Timestamp(nanos: Int64(index) * 1000), span: SpanID(UInt64(index + 8)),
                parent: SpanID(UInt64(index + 7)), trace: TraceID(high: 1, low: UInt64(index % 3)), value: 2,
                attributeStart: start, attributeCount: 5))
    }
    return batch
}
