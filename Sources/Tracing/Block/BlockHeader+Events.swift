extension BlockHeader {
    /// The header of a block of these events, which are of one incarnation and consecutive.
    init(events: some Collection<Event>, stream: StreamID, epoch: UInt32) {
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
