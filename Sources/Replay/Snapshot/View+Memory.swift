import SpanreelTracing

/// Memory and CPU: host metrics once per host, process metrics per device.
struct MemoryView {
    let input: SnapshotInput

    /// The resident memory of all devices now.
    var rssBytes: Int64? { sum { $0.rss.last } }
    /// GPU memory of all devices now; where nobody reports it, the framework's active memory (unified memory).
    var gpuBytes: Int64? { sum { $0.gpu ?? $0.active.last } }

    private func sum(_ value: (MemoryFold.Device) -> Int64?) -> Int64? {
        let values = input.fold.memory.devices.compactMap(value)
        return values.isEmpty ? nil : values.reduce(0, &+)
    }

    func write(_ json: inout JSONWriter) {
        let memory = input.fold.memory
        var devicesOfHost: [String: [Int]] = [:]
        var hostNumbers: [String: Int] = [:]
        for (index, device) in memory.devices.enumerated() where device.hasSample {
            let number = input.fold.stream(ofDevice: index).map { Int(input.directory.streamPlans[$0].host) } ?? -1
            let host = number >= 0 && number < input.directory.hosts.count ? input.directory.hosts[number] : ""
            devicesOfHost[host, default: []].append(index)
            hostNumbers[host] = number
        }
        json.array("hosts") { json in
            for host in devicesOfHost.keys.sorted() {
                let number = hostNumbers[host] ?? -1
                let gauges =
                    number >= 0 && number < memory.hosts.count ? memory.hosts[number] : MemoryFold.Host()
                json.object { json in
                    json.field("host", host)
                    json.field("totalBytes", gauges.total)
                    json.field("usedBytes", gauges.used)
                    json.ratio("pressure", gauges.pressure)
                    json.ratio("cpu", gauges.cpu)
                    json.array("devices") { json in
                        let devices = (devicesOfHost[host] ?? []).sorted { input.device($0) < input.device($1) }
                        for index in devices { json.object { write(index, memory.devices[index], &$0) } }
                    }
                }
            }
        }
        json.object("peaks") { json in
            json.field("rssBytes", memory.peakRSS)
            json.field("gpuBytes", memory.peakGPU)
        }
    }

    private func write(_ index: Int, _ device: MemoryFold.Device, _ json: inout JSONWriter) {
        json.field("device", input.device(index))
        json.field("rssBytes", device.rss.last)
        json.field("activeBytes", device.active.last)
        json.field("allocatorCacheBytes", device.allocatorCache.last)
        json.field("peakBytes", device.peak.last)
        json.field("gpuBytes", device.gpu)
        json.field("limitBytes", device.limit)
        json.object("max") { json in
            json.field("rssBytes", device.rss.greatest)
            json.field("activeBytes", device.active.greatest)
            json.field("allocatorCacheBytes", device.allocatorCache.greatest)
            json.field("peakBytes", device.peak.greatest)
        }
        json.ratio("cpu", device.cpuPPM.map { Double($0) / 1e6 })
        let columns = device.series.columns(from: input.firstBucket, to: input.lastBucket, limit: 120)
        json.object("ticks") { json in
            json.field("fromNanos", input.tickClock.start(columns.firstBucket))
            json.field("bucketNanos", input.tickClock.start(columns.width))
            json.array("rssBytes") { json in for column in 0..<columns.count { json.int(columns.value(0, column)) } }
            json.array("activeBytes") { json in for column in 0..<columns.count { json.int(columns.value(1, column)) } }
        }
    }
}
