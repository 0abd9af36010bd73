import SpanreelTracing

/// Durations per (layer, device, phase), and their means over time for the heat map.
struct LayerFold: Sendable {
    struct Group: Sendable {
        var layer: Int
        var device: Int
        var phase: Phase
        var durations = Observations()
        /// CPU time of the thread that ran the layer, where the log says it.
        var cpu = Observations()
        /// Channel 0: nanoseconds, channel 1: count.
        var series = Series(channels: 2)
    }

    /// Groups held; layers beyond are counted, not held.
    static let groupLimit = 16_384
    /// Layers of groups beyond the bound.
    private(set) var notHeld = 0
    private(set) var groups: ContiguousArray<Group> = []
    private var index = KeyTable<Int32>(filler: -1)

    mutating func finish(_ span: FinishedSpan, cpuNanos: Int64?, ticks: TickClock) {
        guard span.plan.layer >= 0 else { return }
        let key =
            UInt64(UInt32(bitPattern: span.plan.layer)) << 24 | UInt64(UInt32(bitPattern: span.stream.device) & 0xFFFFF)
            << 2
            | UInt64(span.plan.phase.rawValue)
        let group: Int
        if let found = index.find(key) {
            group = Int(found)
        } else {
            guard groups.count < Self.groupLimit else {
                notHeld &+= 1
                return
            }
            group = groups.count
            index.insert(key, Int32(group))
            groups.append(
                Group(layer: Int(span.plan.layer), device: Int(span.stream.device), phase: span.plan.phase))
        }
        let bucket = ticks.bucket(span.end)
        groups[group].durations.add(span.nanos, at: span.end)
        if let cpuNanos { groups[group].cpu.add(cpuNanos, at: span.end) }
        groups[group].series.add(span.nanos, bucket: bucket, channel: 0)
        groups[group].series.add(1, bucket: bucket, channel: 1)
    }
}
