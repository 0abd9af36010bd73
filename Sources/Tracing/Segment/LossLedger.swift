/// What a reader knows to be missing, and why: kept apart from the reading itself.
struct LossLedger {
    /// Damage found so far, in the order of its finding.
    private(set) var damages: [Damage] = []
    /// Whether everything was read at least once, so that totals must add up.
    var hasRead = false
    /// The session's id as a description block repeats it.
    private(set) var sessionID: SessionID?
    /// Blocks proved, of all files.
    private(set) var soundBlocks = 0
    /// Events delivered or deliverable, by stream.
    private(set) var readEvents: [UInt32: Int] = [:]

    /// What a file or stream said of itself at its end.
    struct Totals: Equatable {
        var blocks: Int
        var events: Int
    }
    private(set) var fileTotals: [String: Totals] = [:]
    private(set) var fileCounts: [String: Totals] = [:]
    private(set) var streamTotals: [UInt32: Int] = [:]

    // Up to which sequence an incarnation's oldest segments were removed on purpose.
    private var forgotten: [UInt64: UInt64] = [:]
    // Sequences that were dropped, and counted, after they had been numbered.
    private var skipped: [UInt64: [ClosedRange<UInt64>]] = [:]
    // Damaged payloads whose events may still turn up in a copy: position in `damages`, and their sequences.
    private var suspects: [UInt64: [(index: Int, range: ClosedRange<UInt64>)]] = [:]

    mutating func add(_ found: [Damage]) {
        for damage in found where !damages.contains(damage) { damages.append(damage) }
    }

    /// A payload that does not decode. Counts as lost only once `noteGap` says so.
    mutating func addPayload(_ damage: Damage, _ range: ClosedRange<UInt64>) {
        guard let incarnation = damage.incarnation,
            !damages.contains(where: { $0.path == damage.path && $0.offsetBytes == damage.offsetBytes })
        else { return }
        suspects[incarnation, default: []].append((damages.count, range))
        damages.append(damage)
    }

    mutating func take(_ description: Description, ofFile path: String) {
        if let id = description.values["session"].flatMap({ RandomID(hex: $0) }) { sessionID = id }
        if let blocks = description.int("blocks"), let events = description.int("events") {
            fileTotals[path] = Totals(blocks: blocks, events: events)
        }
    }

    mutating func take(_ description: Description, ofStream stream: UInt32) {
        if let id = description.values["session"].flatMap({ RandomID(hex: $0) }) { sessionID = id }
        for (key, value) in description.values {
            if key == SequenceFact.sealedEvents {
                streamTotals[stream] = Int(value)
            } else if let (incarnation, last) = SequenceFact.forgotten(key, value) {
                forgotten[incarnation] = max(forgotten[incarnation] ?? 0, last)
            } else if let (incarnation, range) = SequenceFact.skipped(key, value) {
                if !(skipped[incarnation]?.contains(range) ?? false) { skipped[incarnation, default: []].append(range) }
            }
        }
    }

    mutating func count(_ events: Int, ofFile path: String) {
        fileCounts[path, default: Totals(blocks: 0, events: 0)].blocks += 1
        fileCounts[path]?.events += events
    }

    mutating func count(_ events: ContiguousArray<Event>) {
        // Mostly all of one stream.
        var (stream, run) = (UInt32(0), 0)
        for event in events {
            if event.stream != stream {
                readEvents[stream, default: 0] += run
                (stream, run) = (event.stream, 0)
            }
            run += 1
        }
        readEvents[stream, default: 0] += run
    }

    mutating func countSoundBlock() { soundBlocks += 1 }

    /// These sequences are in no intact block. What was left out on purpose is taken off; what damaged payloads held is
    /// put to them; the rest is put to the hole before `offset`, or stands alone.
    mutating func noteGap(
        _ incarnation: UInt64, _ range: ClosedRange<UInt64>, path: String, offset: Int, level: AcknowledgementLevel
    ) {
        guard !PlantedBug.isOn(.gapUnreported) else { return }
        var missing = [range]
        if let last = forgotten[incarnation], last > 0 {
            missing = missing.flatMap { Self.subtract(1...last, from: $0) }
        }
        for left in skipped[incarnation] ?? [] { missing = missing.flatMap { Self.subtract(left, from: $0) } }
        for suspect in suspects[incarnation] ?? [] {
            for piece in missing where piece.overlaps(suspect.range) {
                put(piece.clamped(to: suspect.range), incarnation, to: suspect.index)
            }
            missing = missing.flatMap { Self.subtract(suspect.range, from: $0) }
        }
        for piece in missing {
            let hole = damages.lastIndex {
                $0.path == path && $0.incarnation == nil && $0.lostSequences == nil && $0.lengthBytes > 0
                    && $0.offsetBytes + $0.lengthBytes <= offset && $0.kind != .payload && $0.kind != .fileHeader
            }
            if let hole {
                put(piece, incarnation, to: hole)
            } else {
                damages.append(
                    Damage(
                        kind: .gap, path: path, offsetBytes: offset, lengthBytes: 0, incarnation: incarnation,
                        lostSequences: piece, level: level,
                        message: "\(piece.upperBound - piece.lowerBound + 1) events are missing before this block"))
            }
        }
    }

    private mutating func put(_ range: ClosedRange<UInt64>, _ incarnation: UInt64, to index: Int) {
        var damage = damages[index]
        let sentence = "\(range.upperBound - range.lowerBound + 1) events lost"
        if damage.lostSequences == nil {
            damage.incarnation = incarnation
            damage.lostSequences = range
            damage.message += "; \(sentence)"
            damages[index] = damage
        } else if damage.lostSequences != range {
            damage.lostSequences = range
            damage.message = "more of the same block: \(sentence)"
            damages.append(damage)
        }
    }

    private static func subtract(_ hole: ClosedRange<UInt64>, from range: ClosedRange<UInt64>) -> [ClosedRange<UInt64>]
    {
        guard hole.overlaps(range) else { return [range] }
        var rest: [ClosedRange<UInt64>] = []
        if range.lowerBound < hole.lowerBound { rest.append(range.lowerBound...(hole.lowerBound - 1)) }
        if range.upperBound > hole.upperBound { rest.append((hole.upperBound + 1)...range.upperBound) }
        return rest
    }
}

/// Facts about sequences, as names and values of a stream's description.
enum SequenceFact {
    /// Events in the stream's blocks when it was closed.
    static let sealedEvents = "sealed.events"

    /// The greatest sequence that went with segments removed by `--keep`.
    static func forgotten(_ incarnation: UInt64) -> String { "forgotten.\(Hex.string(incarnation))" }

    static func forgotten(_ key: String, _ value: String) -> (UInt64, UInt64)? {
        guard key.hasPrefix("forgotten."), let incarnation = Hex.parse(key.dropFirst(10)), let last = UInt64(value)
        else { return nil }
        return (incarnation, last)
    }

    /// Sequences that were numbered in a lane, then dropped and counted by the sealer.
    static func skipped(_ incarnation: UInt64, from first: UInt64) -> String {
        "skipped.\(Hex.string(incarnation)).\(first)"
    }

    static func skipped(_ key: String, _ value: String) -> (UInt64, ClosedRange<UInt64>)? {
        let parts = key.split(separator: ".")
        guard parts.count == 3, parts[0] == "skipped", let incarnation = Hex.parse(parts[1]),
            let first = UInt64(parts[2]), let last = UInt64(value), first > 0, first <= last
        else { return nil }
        return (incarnation, first...last)
    }
}
