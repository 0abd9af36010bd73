internal import SpanreelTracing

/// What an import writes to: a session, or a list in a test.
protocol ImportSink: AnyObject {
    var symbols: Symbols { get }
    /// A new stream; its index.
    func addStream(_ stream: PlannedStream) throws(TraceError) -> UInt32
    /// Events of one stream in ascending sequence.
    func append(_ batch: borrowing EventBatch, stream: UInt32) throws(TraceError)
}

/// Puts the events of one stream in the order of their times before they are written.
///
/// Exporters write spans in batches of about half a second, so a window of some hundred thousand events holds all
/// that can be out of place. What comes later still is written where it came: readers merge by time anyway.
struct StreamBuffer {
    /// Events per written batch.
    static let batchEvents = 16_384

    let stream: UInt32
    /// The random base of the stream's one incarnation.
    let incarnation: UInt64
    private(set) var pending = EventBatch()
    private var sequence: UInt64 = 0

    init(stream: UInt32) {
        self.stream = stream
        incarnation = UInt64.random(in: 1...UInt64.max)
    }

    var count: Int { pending.events.count }

    /// Takes an event and its attributes.
    mutating func add(_ event: Event, _ attributes: [Attribute]) {
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
            let end = min(start + Self.batchEvents, written)
            var batch = EventBatch()
            batch.events.reserveCapacity(end - start)
            for (_, index) in order[start..<end] {
                sequence += 1
                batch.append(pending.events[index], from: pending)
                batch.events[batch.events.count - 1].sequence = sequence
            }
            try sink.append(batch, stream: stream)
            start = end
        }
        var rest = EventBatch()
        for (_, index) in order[written...] { rest.append(pending.events[index], from: pending) }
        pending = rest
    }
}
