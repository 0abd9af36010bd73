import SpanreelTracing

/// Values of devices, hosts and links.
extension AlertReadings {
    // MARK: Devices

    func devices(_ rule: AlertRule) -> [Reading] {
        let all: [Reading]
        switch rule.metric {
        case .silence: all = silences
        case .droppedEvents: all = drops
        case .busyRatio: all = busy(rule)
        default:
            all = fold.memory.devices.enumerated().compactMap { index, device in
                guard device.hasSample, let value = Self.memory(rule.metric, device) else { return nil }
                return (index, value)
            }
        }
        guard let wanted = rule.filter.device else { return all }
        return all.filter { fold.directory.name(ofDevice: $0.subject) == wanted }
    }

    private static func memory(_ metric: AlertMetric, _ device: MemoryFold.Device) -> Double? {
        // Unified memory: what the framework holds stands for the GPU's where nobody reports that.
        let gpu = device.gpu ?? device.active.last
        switch metric {
        case .rssBytes: return device.rss.last.map(Double.init)
        case .gpuBytes: return gpu.map(Double.init)
        case .cpuRatio: return device.cpuPPM.map { Double($0) / 1e6 }
        case .memoryRatio:
            guard let gpu, let limit = device.limit, limit > 0 else { return nil }
            return Double(gpu) / Double(limit)
        default: return nil
        }
    }

    /// By how long a device's next sample is overdue: since its last event, less the mean distance of its samples.
    ///
    /// Only of streams that sampled three times: of another one nobody can tell idle from dead by the log. A stream that
    /// was closed is not silent; one whose process died is. Of several streams of a device the one heard of last counts.
    private var silences: [Reading] {
        var least: [Int: Int64] = [:]
        for (index, stream) in fold.processes.streams.enumerated() {
            guard stream.samples >= 3, index < fold.directory.streamPlans.count else { continue }
            let device = Int(fold.directory.streamPlans[index].device)
            let interval = max(0, stream.lastSample &- stream.firstSample) / Int64(stream.samples - 1)
            var overdue = max(0, (time &- stream.lastTime) &- interval)
            if let ending = fold.directory.streams[index].ending, !ending.isDeath,
                time > (ending.time?.nanos ?? stream.lastTime)
            {
                overdue = 0
            }
            least[device] = min(least[device] ?? .max, overdue)
        }
        return least.map { ($0.key, Double($0.value)) }
    }

    /// Events that a device's streams dropped. The log tells their number when a stream ends, and not before.
    private var drops: [Reading] {
        var sums: [Int: UInt64] = [:]
        for (index, stream) in fold.processes.streams.enumerated()
        where stream.events > 0 && index < fold.directory.streamPlans.count {
            guard let ending = fold.directory.streams[index].ending, ending.dropped > 0,
                time > (ending.time?.nanos ?? stream.lastTime)
            else { continue }
            sums[Int(fold.directory.streamPlans[index].device), default: 0] &+= ending.dropped
        }
        return sums.map { ($0.key, Double($0.value)) }
    }

    private func busy(_ rule: AlertRule) -> [Reading] {
        let tick = fold.directory.ticks.tickNanos
        // A device's series holds so many ticks one by one.
        let count = max(1, min(bucket + 1, 600, Int(clamping: rule.windowNanos / tick)))
        return fold.devices.devices.enumerated().compactMap { index, device in
            guard device.series.fineRange.count > 0 else { return nil }
            let nanos = device.series.total(0, from: bucket - count + 1, to: bucket)
            return (index, min(1, Double(nanos) / (Double(count) * Double(tick))))
        }
    }

    // MARK: Hosts

    func hosts(_ rule: AlertRule) -> [Reading] {
        let names = fold.directory.names(.host)
        return fold.memory.hosts.enumerated().compactMap { index, host in
            if let wanted = rule.filter.host, names(index) != wanted { return nil }
            let value: Double?
            switch rule.metric {
            case .memoryPressure: value = host.pressure
            case .hostCPU: value = host.cpu
            default:
                value = host.used.flatMap { used in
                    host.total.flatMap { $0 > 0 ? Double(used) / Double($0) : nil }
                }
            }
            return value.map { (index, $0) }
        }
    }

    // MARK: Links

    func links(_ rule: AlertRule) -> [Reading] {
        let readings: [Reading]
        switch rule.metric {
        case .wrongLink:
            readings = carrying.map { ($0.index, Self.isWrong(interface(of: $0.state)) ? 1 : 0) }
        case .gigabytesPerSecond:
            readings = carrying.compactMap { link in bytesPerSecond(link.state, rule).map { (link.index, $0 / 1e9) } }
        case .linkRatio: readings = ratios(rule)
        default:
            readings = carrying.compactMap { link in
                let values = transits(link.state, rule)
                guard values.count >= Self.leastCount else { return nil }
                return Statistics.percentile(rule.metric == .linkP50 ? 50 : 95, of: values)
                    .map { (link.index, Double($0)) }
            }
        }
        return readings.filter { reading in
            guard let link = fold.directory.link(reading.subject) else { return false }
            return (rule.filter.from ?? link.from) == link.from && (rule.filter.to ?? link.to) == link.to
        }
    }

    private var carrying: [(index: Int, state: LinkFold.State)] {
        fold.links.links.filter { $0.transfers + $0.receives > 0 }.map { ($0.link, $0) }
    }

    private func interface(of link: LinkFold.State) -> String {
        link.interface == 0 ? "" : fold.directory.symbols.string(StringID(link.interface))
    }

    /// Whether an interface is Wi-Fi or a tunnel by its name. A Mac's Wi-Fi is `en0` or `en1`, which may be anything.
    static func isWrong(_ interface: String) -> Bool {
        let name = interface.lowercased()
        return ["wl", "wifi", "wi-fi", "utun", "tun", "tap", "tailscale", "wg", "zt", "ppp", "ipsec", "awdl", "llw"]
            .contains { name.hasPrefix($0) }
    }

    /// Transits of the window in ascending order, on the clocks as they are known by then; decode unless prefill is asked for.
    private func transits(_ link: LinkFold.State, _ rule: AlertRule) -> [Int64] {
        let slot = rule.filter.phase == .prefill ? 1 : 0
        guard slot < link.transits.count else { return [] }
        var values: [Int64] = []
        let clocks = fold.clocks.running
        link.transits[slot].forEach(in: window(rule)) { observation in
            values.append(
                LinkFold.aligned(observation, from: link.fromDomain, to: link.toDomain, clocks: clocks).transit)
        }
        return values.sorted()
    }

    /// Mean size over mean transit, both phases.
    private func bytesPerSecond(_ link: LinkFold.State, _ rule: AlertRule) -> Double? {
        var rule = rule
        var values = transits(link, rule)
        rule.filter.phase = .prefill
        values += transits(link, rule)
        guard values.count >= Self.leastCount, link.transfers > 0 else { return nil }
        let mean = Double(values.reduce(0, &+)) / Double(values.count)
        return mean > 0 ? Double(link.sizeBytes) / Double(link.transfers) * 1e9 / mean : nil
    }

    /// A hop's median transit over the median of the others with messages of similar size; at least 200 us more.
    private func ratios(_ rule: AlertRule) -> [Reading] {
        let measured = carrying.compactMap { link -> (index: Int, median: Int64, size: Double)? in
            let values = transits(link.state, rule)
            guard values.count >= Self.leastCount, let median = Statistics.percentile(50, of: values) else {
                return nil
            }
            return (link.index, median, max(1, Double(link.state.sizeBytes) / Double(max(1, link.state.transfers))))
        }
        return measured.compactMap { link in
            let others = measured.filter {
                $0.index != link.index && $0.size <= 4 * link.size && link.size <= 4 * $0.size
            }
            guard let reference = Statistics.percentile(50, of: others.map(\.median).sorted()),
                link.median &- reference > 200_000
            else { return nil }
            return (link.index, Double(link.median) / Double(max(1, reference)))
        }
    }
}
