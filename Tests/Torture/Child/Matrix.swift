import SpanreelTracing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Small spaces exhaustively: a session damaged at every bit, byte, sector and length. Each damage must be seen, every
/// block that it does not touch must be read, and nothing wrong or twice.
enum Matrix {
    /// A session whose one file of about 64 KiB is damaged, and what was in it.
    final class Victim {
        let place: Workplace
        let session: String
        let file: String
        let bytes: [UInt8]
        let blocks: [BlockMap.Block]
        let events: Int
        private let digests: [UInt64: [UInt64: UInt64]]
        private let descriptor: Int32
        private(set) var cases = 0
        private(set) var failures = 0

        init(isPacked: Bool, seed: UInt64 = 1) throws {
            place = try Workplace()
            session = place("victim.reel")
            try Self.record(session, seed: seed)
            if isPacked { try SessionPacker.pack(path: session) }
            file = isPacked ? session : Self.segment(session)
            bytes = try readFile(file)
            blocks = try BlockMap.blocks(ofFile: file)
            var digests: [UInt64: [UInt64: UInt64]] = [:]
            var count = 0
            let reader = try SessionReader(path: session)
            try reader.poll { batch in
                for event in batch.events {
                    digests[event.incarnation, default: [:]][event.sequence] = Tally.digest(
                        event, batch, reader.symbols)
                    count += 1
                }
            }
            guard reader.damages.isEmpty, count == 28 else { throw Difference("the undamaged session is not whole") }
            self.digests = digests
            events = count
            descriptor = open(file, O_RDWR | O_CLOEXEC)
        }

        deinit { close(descriptor) }

        /// Texts that do not compress: a file of 64 KiB holds few events, and is read in a fraction of a millisecond.
        static func record(_ path: String, seed: UInt64) throws {
            var options = Recorder.Options()
            options.path = path
            options.device = "victim"
            options.laneSlots = 1 << 10
            options.namesBytes = 1 << 12
            options.durability = .none
            let recorder = try Recorder.open(options)
            let role = recorder.role(Role(.layer, layer: 1))
            nonisolated(unsafe) var random = Seeded(seed)
            for round in 0..<7 {
                // Each round another thread: a block of its own in the packed file too.
                nonisolated(unsafe) var isDone = false
                startThread {
                    for _ in 0..<4 {
                        let text = String(
                            decoding: (0..<3_000).map { _ in UInt8(33 + random.below(94)) }, as: UTF8.self)
                        recorder.record(role, from: recorder.now(), parent: nil) { $0.set(.statusMessage, text) }
                    }
                    isDone = true
                }
                while !isDone { usleep(500) }
                usleep(20_000)
                if round % 2 == 0 { try recorder.flush() }
            }
            try recorder.close()
        }

        static func segment(_ session: String) -> String {
            let stream = session + "/streams/" + (names(session + "/streams").first ?? "")
            return stream + "/0000.seg"
        }

        /// Writes `changed` at `offset`, reads, and puts the old bytes back.
        func damage(_ offset: Int, _ changed: [UInt8], _ what: @autoclosure () -> String) throws {
            let old = Array(bytes[offset..<offset + changed.count])
            if old == changed { return }
            // What a change does not alter it does not touch.
            let first = zip(old, changed).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? 0
            pwrite(descriptor, changed, changed.count, off_t(offset))
            judge(touched: [offset + first..<offset + changed.count], what())
            pwrite(descriptor, old, old.count, off_t(offset))
        }

        /// Two places at once.
        func damage(_ a: Int, _ atA: [UInt8], _ b: Int, _ atB: [UInt8], _ what: @autoclosure () -> String) throws {
            let oldA = Array(bytes[a..<a + atA.count])
            let oldB = Array(bytes[b..<b + atB.count])
            if oldA == atA && oldB == atB { return }
            pwrite(descriptor, atA, atA.count, off_t(a))
            pwrite(descriptor, atB, atB.count, off_t(b))
            judge(touched: [a..<a + atA.count, b..<b + atB.count], what())
            pwrite(descriptor, oldA, oldA.count, off_t(a))
            pwrite(descriptor, oldB, oldB.count, off_t(b))
        }

        /// The file cut at `length`, or longer by `extra`.
        func replace(_ content: [UInt8], touched: [Range<Int>], _ what: @autoclosure () -> String) throws {
            ftruncate(descriptor, 0)
            pwrite(descriptor, content, content.count, 0)
            judge(touched: touched, what())
            ftruncate(descriptor, 0)
            pwrite(descriptor, bytes, bytes.count, 0)
        }

        private func judge(touched: [Range<Int>], _ what: @autoclosure () -> String) {
            cases += 1
            do {
                if let finding = try finding(touched) { throw Difference(finding) }
                // Proof is the same reading in another mode; a sample of it is enough.
                if cases % 61 == 0, try SessionVerifier.verify(path: session).isSound {
                    throw Difference("verify says sound")
                }
            } catch {
                failures += 1
                if failures < 6 { complain("\(what()): \(error)") }
            }
        }

        private func finding(_ touched: [Range<Int>]) throws -> String? {
            let untouched = blocks.filter { block in !touched.contains { $0.overlaps(block.range) } }
            let reader: SessionReader
            do {
                reader = try SessionReader(path: session)
            } catch {
                return untouched.contains { $0.sequences != nil } ? "refused: \(error)" : nil
            }
            var wrong: String?
            var seen: [UInt64: Set<UInt64>] = [:]
            try reader.poll { batch in
                for event in batch.events {
                    if !seen[event.incarnation, default: []].insert(event.sequence).inserted {
                        wrong = "event \(event.sequence) delivered twice"
                    }
                    let digest = Tally.digest(event, batch, reader.symbols)
                    if self.digests[event.incarnation]?[event.sequence] != digest {
                        wrong = "event \(event.sequence) delivered wrong"
                    }
                }
            }
            if let wrong { return wrong }
            for block in untouched {
                guard let sequences = block.sequences else { continue }
                let found = seen[block.incarnation] ?? []
                for sequence in sequences where !found.contains(sequence) {
                    return "event \(sequence) of an untouched block is missing"
                }
            }
            let damages = reader.damages
            guard !damages.isEmpty else { return "not detected" }
            // The identity, where the block with the closing totals is whole.
            let readable = seen.values.reduce(0) { $0 + $1.count }
            let lost = damages.lostEvents
            let hasTotals = blocks.last.map { last in untouched.contains { $0.range == last.range } } ?? false
            if hasTotals ? readable + lost != events : readable + lost > events {
                return "\(events) emitted, \(readable) readable, \(lost) reported lost: \(damages)"
            }
            return nil
        }

        func finish(_ name: String) -> Never {
            say("\(name) \(cases) failures \(failures) bytes \(bytes.count) blocks \(blocks.count)")
            exit(failures == 0 && cases > 0 ? 0 : 1)
        }
    }

    /// Every bit of a segment, from `shard` in steps of `shards * stride`.
    static func flips(_ shard: Int, _ shards: Int, _ stride: Int) throws {
        let victim = try Victim(isPacked: false)
        for bit in Swift.stride(from: shard, to: victim.bytes.count * 8, by: shards * stride) {
            try victim.damage(bit / 8, [victim.bytes[bit / 8] ^ 1 << UInt8(bit % 8)], "bit \(bit)")
        }
        victim.finish("flips")
    }

    /// Every length of a segment, and of a packed file.
    static func cuts(_ shard: Int, _ shards: Int, _ stride: Int) throws {
        let victim = try Victim(isPacked: shard % 2 == 1)
        for length in Swift.stride(from: shard / 2, to: victim.bytes.count, by: max(1, shards / 2) * stride) {
            try victim.replace(
                Array(victim.bytes.prefix(length)), touched: [length..<victim.bytes.count], "length \(length)")
        }
        victim.finish("cuts")
    }

    /// Bytes and sectors zeroed, set, swapped, copied, or left over from an older file; blocks copied and inserted.
    static func sectors(_ shard: Int, _ shards: Int, _ stride: Int) throws {
        let victim = try Victim(isPacked: shard % 2 == 1)
        let older = try Victim(isPacked: shard % 2 == 1, seed: 2)
        let bytes = victim.bytes
        var turn = 0
        func isMine() -> Bool {
            turn += 1
            return turn % (max(1, shards / 2) * stride) == (shard / 2) % (max(1, shards / 2) * stride)
        }
        for index in bytes.indices {
            if isMine() { try victim.damage(index, [0], "byte \(index) zero") }
            if isMine() { try victim.damage(index, [0xff], "byte \(index) ones") }
        }
        for size in [512, 4096] {
            let starts = Array(Swift.stride(from: 0, to: bytes.count, by: size))
            func sector(_ start: Int) -> [UInt8] { Array(bytes[start..<min(start + size, bytes.count)]) }
            for start in starts {
                let old = sector(start)
                if isMine() { try victim.damage(start, old.map { _ in 0 }, "sector \(start) zero") }
                if isMine() { try victim.damage(start, old.map { _ in 0xff }, "sector \(start) ones") }
                if isMine(), start + old.count <= older.bytes.count {
                    try victim.damage(start, Array(older.bytes[start..<start + old.count]), "sector \(start) stale")
                }
                for other in starts where other != start {
                    let count = min(old.count, sector(other).count)
                    if isMine() {
                        try victim.damage(other, Array(old.prefix(count)), "sector \(start) copied to \(other)")
                    }
                    if other > start, isMine() {
                        try victim.damage(
                            start, Array(sector(other).prefix(count)), other, Array(old.prefix(count)),
                            "sectors \(start) and \(other) swapped")
                    }
                }
            }
        }
        for (index, block) in victim.blocks.enumerated() {
            let copy = Array(bytes[block.range])
            try victim.replace(
                bytes + copy, touched: [bytes.count..<bytes.count + 1], "block \(index) again at the end")
            for (at, place) in victim.blocks.enumerated() where isMine() {
                let inserted = Array(bytes[..<place.range.lowerBound]) + copy + Array(bytes[place.range.lowerBound...])
                try victim.replace(
                    inserted, touched: [place.range.lowerBound..<inserted.count], "block \(index) inserted at \(at)")
            }
            // A whole intact block of another session, where one of ours might be.
            if let stale = older.blocks.dropFirst(index).first {
                try victim.replace(
                    bytes + Array(older.bytes[stale.range]), touched: [bytes.count..<bytes.count + 1],
                    "block \(index) of an older file at the end")
            }
        }
        victim.finish("sectors")
    }
}
