/// What each device says of its prefix cache; the headline numbers are in the ticks, once per request.
struct CacheFold: Sendable {
    struct Device: Sendable {
        var hits = 0
        var lookups = 0
        var entries: Int64?
        var sizeBytes = Gauge()
        var kvSizeBytes: Int64?
        var kvSequences: Int64?
    }

    private(set) var devices: ContiguousArray<Device> = []
    /// Headline sums over the whole session, once per request at the scheduler.
    var hits = 0
    var lookups = 0
    var hitTokens: Int64 = 0
    var promptTokens: Int64 = 0
    var inserted: Int64 = 0
    var evicted: Int64 = 0
    /// The scheduler's device: the one whose lookups count.
    var scheduler = -1

    mutating func update(_ device: Int, _ body: (inout Device) -> Void) {
        guard device >= 0, device < 65_536 else { return }
        while devices.count <= device { devices.append(Device()) }
        body(&devices[device])
    }
}
