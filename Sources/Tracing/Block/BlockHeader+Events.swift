extension BlockHeader {
    /// The header of a block of a batch, whose events are of one incarnation and consecutive.
    /// It names the stream of the first event; the payload names the others.
    init(batch: borrowing EventBatch, streams: [BlockStream]) {
        let first = Int(batch.events.first?.stream ?? 0)
        let stream = first < streams.count ? streams[first] : BlockStream(id: .none, epoch: 0)
        self.init(events: batch.events, stream: stream.id, epoch: stream.epoch)
        guard let clock = batch.clock else { return }
        minStart = clock.unixNanos(minStart)
        minTime = clock.unixNanos(minTime)
        maxTime = clock.unixNanos(maxTime)
    }

    private init(events: some Collection<Event>, stream: StreamID, epoch: UInt32) {
        self.init(type: .events, stream: stream, epoch: epoch)
        guard let first = events.first else { return }
        incarnation = first.incarnation
        firstSequence = first.sequence
        lastSequence = first.sequence
        minStart = first.start.nanos
        minTime = first.time.nanos
        maxTime = first.time.nanos
        for event in events {
            lastSequence = event.sequence
            minStart = min(minStart, event.start.nanos)
            minTime = min(minTime, event.time.nanos)
            maxTime = max(maxTime, event.time.nanos)
        }
        eventCount = events.count
    }
}
