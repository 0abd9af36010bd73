internal import SpanreelTracing

/// What an import writes to: a session, or a list in a test.
protocol ImportSink: AnyObject {
    var symbols: Symbols { get }
    /// A new stream; its index.
    func addStream(_ stream: PlannedStream) throws(TraceError) -> UInt32
    /// Events of one incarnation in ascending sequence, each with the index of its stream.
    func append(_ batch: borrowing EventBatch) throws(TraceError)
}

/// Puts the events of an import in order before they are written.
///
/// Exporters write spans in batches of about half a second, so a window of some hundred thousand events holds all
/// that can be out of place. What comes later still is written where it came: readers merge by time anyway.
///
/// All streams share one incarnation and so one block, which holds a stretch of time, stream by stream: an id that one
/// device gave and another names, as every hop does, is written once.
struct EventBuffer {
    /// Events of a block: of a stretch of time.
    static let chunkEvents = 65_536

    /// The random base of the import's one incarnation.
    private let incarnation = UInt64.random(in: 1...UInt64.max)
    private var pending = EventBatch()
    private var sequence: UInt64 = 0

    var count: Int { pending.events.count }

    /// Takes an event of a stream, and its attributes.
    mutating func add(_ event: Event, stream: UInt32, _ attributes: [Attribute]) {
        var event = event
        event.stream = stream
        event.incarnation = incarnation
        event.attributeStart = UInt32(truncatingIfNeeded: pending.attributes.count)
        event.attributeCount = UInt16(clamping: attributes.count)
        pending.attributes.append(contentsOf: attributes.prefix(Int(UInt16.max)))
        pending.events.append(event)
    }

    /// Writes the earliest events and keeps the latest `keep`.
    mutating func flush(keep: Int, to sink: some ImportSink) throws(TraceError) {
        guard pending.events.count > keep else { return }
        // Stable: of equal times, the one that came first.
        var order = pending.events.indices.map { (time: pending.events[$0].time.nanos, index: $0) }
        order.sort { $0.time != $1.time ? $0.time < $1.time : $0.index < $1.index }
        let written = order.count - max(0, keep)
        var start = 0
        while start < written {
            let end = min(start + Self.chunkEvents, written)
            try write(order[start..<end].map(\.index), to: sink)
            start = end
        }
        var rest = EventBatch()
        for (_, index) in order[written...] { rest.append(pending.events[index], from: pending) }
        pending = rest
    }

    private mutating func write(_ chunk: [Int], to sink: some ImportSink) throws(TraceError) {
        var batch = EventBatch()
        batch.events.reserveCapacity(chunk.count)
        var byStream: [UInt32: [Int]] = [:]
        for index in chunk { byStream[pending.events[index].stream, default: []].append(index) }
        for (_, indices) in byStream.sorted(by: { $0.key < $1.key }) {
            for index in indices {
                sequence += 1
                batch.append(pending.events[index], from: pending)
                batch.events[batch.events.count - 1].sequence = sequence
            }
        }
        try sink.append(batch)
    }
}
