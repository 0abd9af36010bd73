/// Adopts what dead processes left in their lanes: turns A0 into A2.
public enum SessionSealer {
    /// What sealing found.
    public struct Report: Sendable {
        /// Streams whose owner was gone.
        public var adopted: Int
        /// Events moved from lanes into blocks.
        public var events: Int
        /// Streams that are still written.
        public var live: Int
        /// Streams whose state cannot be read, with the reason. The others are sealed all the same.
        public var unreadable: [TraceError] = []
    }

    /// Seals every dead stream of the session directory at `path`, under the stream's lock. Live ones are left alone.
    @discardableResult
    public static func seal(path: String) throws(TraceError) -> Report {
        let directory = SessionDirectory(path)
        guard POSIX.isDirectory(directory.path) else {
            // A packed session has nothing to seal; whatever else this is, opening it says so.
            _ = try SessionReader(path: path)
            return Report(adopted: 0, events: 0, live: 0)
        }
        let identity = try directory.salvagedIdentity().identity
        var report = Report(adopted: 0, events: 0, live: 0)
        for stream in directory.streams {
            do throws(TraceError) {
                let head = try StreamHead.open(path: Path.join(stream.path, "head"), writable: true)
                defer { head.file.unmap() }
                if head.isEnded { continue }
                report.events += try adopt(stream, identity.info.id, head)
                report.adopted += 1
            } catch {
                // A full disk ends it here; what one power loss left of one stream does not.
                switch error.code {
                case .busy: report.live += 1
                case .corrupt, .unreadable: report.unreadable.append(error)
                default: throw error
                }
            }
        }
        return report
    }

    private static func adopt(
        _ stream: SessionDirectory.Stream, _ session: SessionID, _ head: StreamHead
    ) throws(TraceError) -> Int {
        let path = stream.path
        let names = ArenaReader(
            file: try MappedFile.openForReading(Path.join(path, "names"), minimumBytes: Arena.headerBytes))
        let contexts = ContextReader(
            file: try MappedFile.openForReading(Path.join(path, "contexts"), minimumBytes: ContextLayout.sizeBytes))
        let store = try StreamStore(
            path: path, session: session, stream: stream.id, epoch: stream.epoch, head: head, names: names,
            contexts: contexts, durability: .interval)
        var lanes: [LaneBox] = []
        if let directory = head.laneDirectory {
            for index in 0..<head.laneCount {
                let file = Path.join(directory, LanePool.fileName(index))
                guard let mapped = try? MappedFile.openForWriting(file, minimumBytes: LaneLayout.headerBytes) else {
                    continue
                }
                if let lane = Lane.open(mapped) { lanes.append(LaneBox(file: mapped, lane: lane)) }
            }
        }
        let earlier = try sealed(path)
        store.countEarlier(events: earlier.events)
        var events = 0
        for box in lanes {
            // Killed between writing a block and giving its slots back: the block counts.
            if let last = earlier.last[box.lane.publishedIncarnation], last.sequence > box.lane.sealedSequence,
                !PlantedBug.isOn(.sealedTwice)
            {
                box.lane.advanceTail(to: last.slot, sealed: last.sequence)
            }
            events += try store.drain(box.lane)
        }
        var ending = StreamEnding.description(head: head, lanes: lanes.map(\.lane))
        ending.values["state"] = StreamState.dead.rawValue
        try store.describeEnd(ending)
        try store.sync()
        head.setEnded()
        if let directory = head.sharedLaneDirectory { POSIX.removeTree(directory) }
        return events
    }

    /// What lies in blocks already: the last sequence of each incarnation, and how many events that are in all.
    private static func sealed(_ path: String) throws(TraceError) -> (
        last: [UInt64: LaneDecoder.Position], events: Int
    ) {
        var last: [UInt64: LaneDecoder.Position] = [:]
        var events = 0
        for segment in SessionDirectory.segmentPaths(path) {
            guard let reader = try? BlockFileReader(path: segment) else { continue }
            for block in try reader.newBlocks() where block.header.type == .events {
                let header = block.header
                let before = last[header.incarnation]?.sequence ?? 0
                // A copy: a sync had failed, and the block was written again.
                guard header.lastSequence > before else { continue }
                // Only what can be read counts: the lane may still hold what is damaged here.
                guard try reader.payload(block) != nil else { continue }
                events += Int(clamping: header.lastSequence - max(before, header.firstSequence - 1))
                last[header.incarnation] = LaneDecoder.Position(slot: header.endSlot, sequence: header.lastSequence)
            }
        }
        return (last, events)
    }
}
