/// One pass over everything that a session holds, by columns, on as many threads as wanted.
///
/// The blocks are those that the reader knew when the pass was made, and what lanes held beyond them, put into blocks
/// of the same kind; the order is the log's own, not that of time.
// @unchecked: immutable, and files are read by `pread`.
package struct ColumnPass: @unchecked Sendable {
    fileprivate enum Source {
        /// A block of a file, and copies of it to turn to when it is damaged.
        case stored(BlockFileReader, BlockReference, copies: [(BlockFileReader, BlockReference)])
        /// What a lane held.
        case fresh(BlockPayload, BlockHeader)
    }

    fileprivate let sources: [Source]

    /// Blocks.
    package var count: Int { sources.count }

    /// The events of a block, by its header.
    package func eventCount(_ index: Int) -> Int {
        guard sources.indices.contains(index) else { return 0 }
        return switch sources[index] {
        case .stored(_, let block, _): block.header.eventCount
        case .fresh(_, let header): header.eventCount
        }
    }

    /// The least start of any event, by the blocks' headers; nil without events.
    package var start: Timestamp? {
        sources.map { source in
            switch source {
            case .stored(_, let block, _): block.header.minStart
            case .fresh(_, let header): header.minStart
            }
        }.min().map(Timestamp.init(nanos:))
    }

    /// One thread's part: names, streams and memory of its own.
    package final class Worker {
        /// The names that groups refer to.
        package let symbols = Symbols()
        /// The streams that groups number.
        package private(set) var streams: [(id: StreamID, epoch: Int)] = []
        private var numbers: [BlockStream: UInt32] = [:]
        private let block = ColumnBlock()
        private var header: BlockHeader?
        private let memory = PayloadMemory()
        private let pass: ColumnPass

        /// A worker of `pass`; used by one thread at a time.
        package init(_ pass: ColumnPass) { self.pass = pass }

        /// The block with that number, valid until the next one is loaded; nil when no copy of it is whole.
        ///
        /// - Throws: ``TraceError`` `unreadable` or `system` when the file cannot be read.
        package func load(_ index: Int) throws(TraceError) -> ColumnBlock? {
            guard pass.sources.indices.contains(index) else { return nil }
            // The block lets go of the memory that the next payload goes to.
            block.clear()
            switch pass.sources[index] {
            case .fresh(let payload, let header): return take(payload, header) ? block : nil
            case .stored(let file, let place, let copies):
                if let payload = try file.payload(place, in: memory), take(payload, place.header) { return block }
                for (file, place) in copies {
                    if let payload = try file.payload(place), take(payload, place.header) { return block }
                }
                return nil
            }
        }

        /// Every event of the block that was loaded last, without attributes; nil when it contradicts the format.
        package func events() -> EventBatch? {
            guard let header else { return nil }
            return BlockDecoder.decode(block.payload, header: header, symbols: symbols, isBare: true, number: number)
        }

        private func take(_ payload: BlockPayload, _ header: BlockHeader) -> Bool {
            self.header = header
            return block.load(payload, header: header, symbols: symbols, number: number)
        }

        private func number(_ stream: BlockStream) -> UInt32 {
            if let number = numbers[stream] { return number }
            let number = UInt32(streams.count)
            numbers[stream] = number
            streams.append((stream.id, Int(stream.epoch)))
            return number
        }
    }
}

extension SessionReader {
    /// A pass over the session as it stands now.
    ///
    /// - Throws: ``TraceError`` as `poll` does.
    package func columnPass() throws(TraceError) -> ColumnPass {
        let fresh = try settle()
        var sources = known.map { place in
            ColumnPass.Source.stored(
                files[place.file].reader, place.block,
                copies: copies(of: place).map { (files[$0.file].reader, $0.block) })
        }
        let streams = streams.map { BlockStream(id: $0.id, epoch: UInt32(truncatingIfNeeded: $0.epoch)) }
        let encoder = try BlockEncoder()
        for batch in fresh {
            for part in batch.parts(of: BlockLimits.maxEvents) {
                sources.append(
                    .fresh(
                        encoder.encode(part, effort: .fast, streams: streams, symbols: symbols),
                        BlockHeader(batch: part, streams: streams)))
            }
        }
        return ColumnPass(sources: sources)
    }
}

extension EventBatch {
    /// The same events in batches of at most so many.
    fileprivate func parts(of limit: Int) -> [EventBatch] {
        stride(from: 0, to: events.count, by: limit).map { start in
            var part = EventBatch()
            for event in events[start..<min(start + limit, events.count)] { part.append(event, from: self) }
            return part
        }
    }
}
