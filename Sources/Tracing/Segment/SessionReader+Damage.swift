extension SessionReader {
    /// What could not be read so far, and once everything was read, what is missing against the closing totals. Every
    /// entry names its file, place and level. An unfinished block of a file that still grows is not in it.
    public var damages: [Damage] {
        var damages = ledger.damages
        for index in files.indices {
            if let tail = tail(index), !isToleratedTail(tail, index) { damages.append(tail) }
        }
        return damages + (ledger.hasRead ? missing(damages) : [])
    }

    /// Whether the file or directory holds an unfinished block at its end.
    public var hasTornTail: Bool { !tornTails.isEmpty }

    /// What crashes left and is no damage: unfinished blocks at the ends of files that were not closed, and lanes that a
    /// reboot took.
    public var tornTails: [Damage] {
        var tails = files.indices.compactMap { index in tail(index).flatMap { isToleratedTail($0, index) ? $0 : nil } }
        for (_, stream) in live.sorted(by: { $0.key < $1.key }) where stream.missingLanes > 0 {
            tails.append(
                Damage(
                    kind: .lanesLost, path: stream.path, offsetBytes: 0, lengthBytes: 0, level: .emitted,
                    message: "\(stream.missingLanes) lanes of a dead process are gone with what was not sealed"))
        }
        return tails
    }

    /// What the mode does not tolerate becomes an error.
    func enforce() throws(TraceError) {
        guard !mode.toleratesDamage, !PlantedBug.isOn(.strictIsLenient) else { return }
        if let damage = damages.first ?? (mode == .strict ? tornTails.first : nil) {
            throw TraceError(
                .corrupt, "expected a session without damage, found: \(damage.message) (\(damage.level.rawValue))",
                path: damage.path, offsetBytes: damage.offsetBytes)
        }
    }

    /// The end of a file, with the sequences that an unfinished block would have held and no other block holds.
    private func tail(_ index: Int) -> Damage? {
        let reader = files[index].reader
        guard var tail = reader.tail else { return nil }
        if let block = reader.tailBlock, block.type == .events {
            tail.incarnation = block.incarnation
            let before = delivered[block.incarnation]?.sequence ?? 0
            if ledger.hasRead, block.lastSequence > before {
                tail.lostSequences = max(before + 1, block.firstSequence)...block.lastSequence
            }
        }
        return tail
    }

    private func isToleratedTail(_ tail: Damage, _ index: Int) -> Bool {
        guard tail.kind == .tornTail, let stream = files[index].stream else { return false }
        // A stream that was closed ends with a synced block. Earlier segments may end torn: a full disk does that.
        return streams[Int(stream)].state != .ended || !isLastSegment(index)
    }

    private func isLastSegment(_ index: Int) -> Bool {
        let path = files[index].reader.path
        return !files.contains { Path.parent($0.reader.path) == Path.parent(path) && $0.reader.path > path }
    }

    /// Events that closing totals speak of and that are neither read nor reported lost by range.
    private func missing(_ known: [Damage]) -> [Damage] {
        guard !PlantedBug.isOn(.totalsIgnored) else { return [] }
        var found: [Damage] = []
        for file in files where file.reader.header.kind == .packed && files.count == 1 {
            let path = file.reader.path
            let counted = ledger.fileCounts[path]?.events ?? 0
            let lost = known.filter { $0.path == path }.lostEvents
            guard let totals = ledger.fileTotals[path] else {
                found.append(
                    Damage(
                        kind: .gap, path: path, offsetBytes: file.reader.sizeBytes, lengthBytes: 0, level: .durable,
                        message: "expected closing totals at the end of the file, found none; "
                            + "\(counted) events are there"))
                continue
            }
            if let gap = gap(path, totals.events, counted, lost, at: file.reader.sizeBytes) { found.append(gap) }
        }
        for (index, stream) in live where stream.state == .ended {
            let lost = known.filter { $0.path.hasPrefix(stream.path) }.lostEvents
            let counted = ledger.readEvents[index] ?? 0
            guard let expected = ledger.streamTotals[index] else {
                found.append(
                    Damage(
                        kind: .gap, path: stream.path, offsetBytes: 0, lengthBytes: 0, level: .durable,
                        message: "expected a closed stream's totals, found none; \(counted) events are there"))
                continue
            }
            if let gap = gap(stream.path, expected, counted, lost, at: 0) { found.append(gap) }
        }
        return found
    }

    private func gap(_ path: String, _ expected: Int, _ counted: Int, _ lost: Int, at offset: Int) -> Damage? {
        guard expected != counted, expected != counted &+ lost else { return nil }
        var damage = Damage(
            kind: .gap, path: path, offsetBytes: offset, lengthBytes: 0, level: .durable,
            message: "expected \(expected) events by the closing totals, found \(counted) and \(lost) reported lost")
        damage.lostUnnumbered = max(0, expected &- counted &- lost)
        return damage
    }
}
