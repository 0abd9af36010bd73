import SpanreelTracing

/// The last gauges per device and host, and resident and active memory over time.
struct MemoryFold: Sendable {
    struct Device: Sendable {
        var hasSample = false
        var rss = Gauge()
        var active = Gauge()
        var allocatorCache = Gauge()
        var peak = Gauge()
        var gpu: Int64?
        var limit: Int64?
        var cpuNanos: Int64?
        var cpuAt: Int64 = 0
        /// Of one core, in parts per million.
        var cpuPPM: Int64?
        var waiting: Int64?
        var running: Int64?
        /// Channel 0: rss, 1: active, 2: GPU, 3: host CPU in parts per million; the greatest of each tick.
        var series = Series(channels: 4, fineLimit: Tick.limit, combine: .max)
    }

    struct Host: Sendable {
        var total: Int64?
        var used: Int64?
        var pressure: Double?
        var cpu: Double?
    }

    private(set) var devices: ContiguousArray<Device> = []
    private(set) var hosts: ContiguousArray<Host> = []
    /// Greatest sum over all devices of one instant.
    private(set) var peakRSS: Int64 = 0
    /// Greatest GPU memory (or, without it, active memory) summed over all devices.
    private(set) var peakGPU: Int64 = 0

    mutating func sample(
        _ event: Event, in batch: borrowing EventBatch, stream: Directory.StreamPlan, ticks: TickClock
    ) {
        let index = Int(stream.device)
        guard index >= 0, index < 65_536 else { return }
        while devices.count <= index { devices.append(Device()) }
        let bucket = ticks.bucket(event.time.nanos)
        devices[index].hasSample = true
        for attribute in batch.attributes(of: event) {
            guard attribute.type == .int || attribute.type == .double else { continue }
            let number: Double
            let integer: Int64
            if attribute.type == .int {
                integer = Int64(bitPattern: attribute.bits)
                number = Double(integer)
            } else {
                number = Double(bitPattern: attribute.bits)
                integer = number.isFinite ? Int64(exactly: number.rounded()) ?? 0 : 0
            }
            switch attribute.key {
            case .rssBytes:
                devices[index].rss.read(integer)
                devices[index].series.add(integer, bucket: bucket, channel: 0)
            case .activeBytes:
                devices[index].active.read(integer)
                devices[index].series.add(integer, bucket: bucket, channel: 1)
            case .gpuBytes:
                devices[index].gpu = integer
                devices[index].series.add(integer, bucket: bucket, channel: 2)
            case .allocatorCacheBytes: devices[index].allocatorCache.read(integer)
            case .peakBytes: devices[index].peak.read(integer)
            case .limitBytes: devices[index].limit = integer
            case .requestsWaiting: devices[index].waiting = integer
            case .requestsRunning: devices[index].running = integer
            case .processCPUNanos: noteCPU(integer, device: index, at: event.time.nanos)
            case .hostTotalBytes: host(stream.host) { $0.total = integer }
            case .hostUsedBytes: host(stream.host) { $0.used = integer }
            case .memoryPressure where number.isFinite: host(stream.host) { $0.pressure = number }
            case .hostCPU where number.isFinite:
                host(stream.host) { $0.cpu = number }
                devices[index].series.add(Statistics.rounded(number * 1e6), bucket: bucket, channel: 3)
            default: break
            }
        }
        var rss: Int64 = 0
        var gpu: Int64 = 0
        for device in devices {
            rss = rss &+ (device.rss.last ?? 0)
            gpu = gpu &+ (device.gpu ?? device.active.last ?? 0)
        }
        peakRSS = max(peakRSS, rss)
        peakGPU = max(peakGPU, gpu)
    }

    private mutating func noteCPU(_ nanos: Int64, device: Int, at time: Int64) {
        if let before = devices[device].cpuNanos {
            let elapsed = time &- devices[device].cpuAt
            // Shorter than 100 ms says more about the tick of the kernel's accounting than about the process.
            guard elapsed >= 100_000_000 else { return }
            let used = nanos &- before
            if used >= 0 {
                let (scaled, overflow) = used.multipliedReportingOverflow(by: 1_000_000)
                devices[device].cpuPPM = overflow ? nil : scaled / elapsed
            }
        }
        devices[device].cpuNanos = nanos
        devices[device].cpuAt = time
    }

    private mutating func host(_ host: Int32, _ body: (inout Host) -> Void) {
        let index = Int(host)
        guard index >= 0, index < 65_536 else { return }
        while hosts.count <= index { hosts.append(Host()) }
        body(&hosts[index])
    }
}
