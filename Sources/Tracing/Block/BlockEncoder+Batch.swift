extension BlockEncoder {
    /// Encodes a batch whose events are of one incarnation, with consecutive sequences.
    ///
    /// - Parameter streams: what the events' `stream` numbers.
    func encode(
        _ batch: borrowing EventBatch, effort: BlockEffort, others: [Incarnation] = [], streams: [BlockStream] = [],
        symbols: Symbols
    ) -> BlockPayload {
        let first = batch.events.first
        begin(
            incarnation: first?.incarnation ?? 0, firstSequence: first?.sequence ?? 1,
            clock: batch.clock ?? .unixNanos, effort: effort, others: others)
        batch.attributes.withUnsafeBufferPointer { attributes in
            for event in batch.events {
                let start = Int(event.attributeStart)
                let end = start + Int(event.attributeCount)
                let row = BlockRow(
                    stream: event.stream, fact: Fact.pack(event.kind, event.status, event.spanKind),
                    role: event.role.index,
                    start: event.start.nanos, time: event.time.nanos, span: event.span.rawValue,
                    parent: event.parent.rawValue, trace: event.trace, value: event.value)
                append(
                    row,
                    end <= attributes.count
                        ? UnsafeBufferPointer(rebasing: attributes[start..<end])
                        : UnsafeBufferPointer(start: nil, count: 0))
            }
        }
        return finish(symbols: symbols, streams: streams)
    }
}
