import SpanreelTracing

/// Counts blocks into a part: which columns of which groups matter.
struct ScanCounter {
    private(set) var part: ScanPart
    private let worker: ColumnPass.Worker
    private let device: (StreamID, Int) -> String
    private let trace: TraceID?
    private var roles: [Role] = []
    /// By the worker's number of the stream.
    private var devices: [String] = []

    init(
        _ worker: ColumnPass.Worker, origin: Int64, trace: TraceID?, device: @escaping (StreamID, Int) -> String
    ) {
        self.worker = worker
        self.device = device
        self.trace = trace
        part = ScanPart(origin: origin)
    }

    /// Counts one block.
    mutating func count(_ block: ColumnBlock) {
        part.quality.events &+= block.count
        for group in block.groups {
            let role = role(group.role)
            switch (role.operation, group.kind) {
            case (.layer, .span): layer(group, role, block)
            // A duration told by two facts is joined by the views, not here.
            case (.layer, .end): part.quality.layersInTwoFacts &+= group.count
            case (_, .tokens): tokens(group, role, block)
            case (.hopSend, .span), (.hopSend, .begin), (.hopSend, .end): sends(group, role, block)
            case (.cacheLookup, .span), (.cacheLookup, .end): lookups(group, block)
            default: break
            }
        }
        if let trace, block.traces.contains(trace) { facts(of: trace, block) }
    }

    /// Counts the events of a block that nobody can read.
    mutating func miss(_ events: Int) { part.quality.lost &+= events }

    /// Ends the count.
    mutating func finish() { part.finish() }

    private mutating func role(_ id: RoleID) -> Role {
        if Int(id.index) >= roles.count { roles = worker.symbols.roles }
        return Int(id.index) < roles.count ? roles[Int(id.index)] : Role(.other)
    }

    private mutating func device(_ stream: UInt32) -> String {
        for stream in worker.streams.dropFirst(devices.count) { devices.append(device(stream.id, stream.epoch)) }
        return Int(stream) < devices.count ? devices[Int(stream)] : ""
    }

    private mutating func layer(_ group: ColumnBlock.Group, _ role: Role, _ block: ColumnBlock) {
        guard let layer = role.layer, let durations = block.durations(group) else {
            part.quality.unreadable &+= group.count
            return
        }
        let key = ScanPart.LayerKey(device: device(group.stream), layer: layer, phase: role.phase)
        part.quality.negativeDurations &+= part.layers[key, default: ScanDurations()].add(durations)
    }

    private mutating func tokens(_ group: ColumnBlock.Group, _ role: Role, _ block: ColumnBlock) {
        guard let times = block.times(group), let counts = block.tokens(group) else {
            part.quality.unreadable &+= group.count
            return
        }
        guard role.phase == .decode else {
            for row in 0..<group.count { part.prompt.add(counts[row], at: times[row]) }
            return
        }
        for row in 0..<group.count {
            part.generated.add(counts[row], at: times[row])
            part.emissions.append(times[row])
        }
    }

    private mutating func sends(_ group: ColumnBlock.Group, _ role: Role, _ block: ColumnBlock) {
        guard block.has(.sizeBytes, group) else { return }
        guard let link = role.link, let times = block.times(group), let sizes = block.integers(.sizeBytes, group) else {
            part.quality.unreadable &+= group.count
            return
        }
        let empty = part.generated.empty
        var sends = part.links.removeValue(forKey: link) ?? .init(atBegin: empty, atEnd: empty)
        if group.kind == .end {
            for row in 0..<group.count { sends.atEnd.add(sizes[row], at: times[row]) }
        } else {
            for row in 0..<group.count { sends.atBegin.add(sizes[row], at: times[row]) }
        }
        part.links[link] = sends
    }

    private mutating func lookups(_ group: ColumnBlock.Group, _ block: ColumnBlock) {
        guard let times = block.times(group) else {
            part.quality.unreadable &+= group.count
            return
        }
        // Without a word of its own a lookup hit when it found tokens.
        let hits = block.integers(.cacheHit, group) ?? block.integers(.cacheHitTokens, group)
        let device = device(group.stream)
        let empty = ScanSeries(origin: part.generated.origin, widthNanos: ScanReport.cacheNanos)
        var lookups = part.lookups.removeValue(forKey: device) ?? .init(all: empty, hits: empty)
        for row in 0..<group.count {
            lookups.all.add(1, at: times[row])
            if let hits, hits[row] != 0 { lookups.hits.add(1, at: times[row]) }
        }
        part.lookups[device] = lookups
    }

    private mutating func facts(of trace: TraceID, _ block: ColumnBlock) {
        guard let batch = worker.events() else { return }
        for event in batch.events where event.trace == trace {
            part.trace.append(.init(event: event, role: role(event.role), device: device(event.stream)))
        }
    }
}
