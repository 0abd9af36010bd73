import SpanreelTracing

/// What each device did: computing, sending, and how long its stage takes per step.
struct DeviceFold: Sendable {
    struct Device: Sendable {
        var hasStage = false
        var stage: Int32 = -1
        var firstLayer = Int.max
        var lastLayer = -1
        /// Channel 0: nanoseconds computing, channel 1: nanoseconds sending, channel 2: nanoseconds of stage spans.
        var series = Series(channels: 3)
        var busy = IntervalUnion()
        var sending = IntervalUnion()
        var decodeStage = Observations()
        var decodeHead = Observations()
        var decodeEmbed = Observations()
        var decodeSampling = Observations()
        /// Of every phase.
        var head = Observations()
        var sampling = Observations()
    }

    private(set) var devices: ContiguousArray<Device> = []

    private mutating func device(_ index: Int32) -> Int? {
        guard index >= 0, index < 65_536 else { return nil }
        while devices.count <= Int(index) { devices.append(Device()) }
        return Int(index)
    }

    /// A piece of computing: stage, embedding, head or sampling.
    mutating func compute(_ span: FinishedSpan, ticks: TickClock) {
        guard let index = device(span.stream.device) else { return }
        let isPrefill = span.plan.phase == .prefill
        switch span.plan.operation {
        case .stage:
            devices[index].hasStage = true
            if span.plan.stage >= 0 { devices[index].stage = span.plan.stage }
            if !isPrefill { devices[index].decodeStage.add(span.nanos, at: span.end) }
            ticks.forEachTick(span.start, span.end) { devices[index].series.add($1, bucket: $0, channel: 2) }
        case .head:
            devices[index].head.add(span.nanos, at: span.end)
            if !isPrefill { devices[index].decodeHead.add(span.nanos, at: span.end) }
        case .embed: if !isPrefill { devices[index].decodeEmbed.add(span.nanos, at: span.end) }
        case .sampling:
            devices[index].sampling.add(span.nanos, at: span.end)
            if !isPrefill { devices[index].decodeSampling.add(span.nanos, at: span.end) }
        default: break
        }
        addBusy(index, span, ticks)
    }

    /// A layer: computing of its own only where nobody records stages.
    mutating func layer(_ span: FinishedSpan, ticks: TickClock) {
        guard let index = device(span.stream.device) else { return }
        let layer = Int(span.plan.layer)
        if layer >= 0 {
            devices[index].firstLayer = min(devices[index].firstLayer, layer)
            devices[index].lastLayer = max(devices[index].lastLayer, layer)
        }
        if !devices[index].hasStage { addBusy(index, span, ticks) }
    }

    /// A send: the device waits for the next one while it cannot hand over.
    mutating func sent(_ span: FinishedSpan, ticks: TickClock) {
        guard let index = device(span.stream.device) else { return }
        var union = devices[index].sending
        devices[index].sending = IntervalUnion()
        union.add(span.start, span.end) { from, to in
            ticks.forEachTick(from, to) { devices[index].series.add($1, bucket: $0, channel: 1) }
        }
        devices[index].sending = union
    }

    private mutating func addBusy(_ index: Int, _ span: FinishedSpan, _ ticks: TickClock) {
        // Moved out and back: the closure below writes into the same element.
        var union = devices[index].busy
        devices[index].busy = IntervalUnion()
        union.add(span.start, span.end) { from, to in
            ticks.forEachTick(from, to) { devices[index].series.add($1, bucket: $0, channel: 0) }
        }
        devices[index].busy = union
    }
}
