import Foundation
import SpanreelTracing
import Synchronization

/// A process's own thread for what happens by the clock: a memory sample every 250 ms and clock probes every second.
final class Housekeeping: Sendable {
    /// Time between two memory samples.
    static let sampleNanos: Int64 = 250_000_000
    private let recorder: Recorder
    private let gauges: StageGauges?
    private let probes: ClockProbes
    private let isStopped = Atomic<Bool>(false)

    /// Housekeeping of a process; a process without a stage has no gauges.
    init(recorder: Recorder, gauges: StageGauges?, probes: ClockProbes) {
        self.recorder = recorder
        self.gauges = gauges
        self.probes = probes
    }

    /// Starts the thread.
    func start() {
        guard recorder.isEnabled else { return }
        let thread = Thread { [self] in run() }
        thread.name = "housekeeping"
        thread.start()
    }

    /// Ends the thread within a quarter of a second.
    func stop() { isStopped.store(true, ordering: .relaxed) }

    private func run() {
        var host = HostGauges()
        var round = 0
        while !isStopped.load(ordering: .relaxed) {
            sample(&host)
            if round % 4 == 0 { probes.ask() }
            round += 1
            Pause.sleep(nanos: Self.sampleNanos)
        }
    }

    private func sample(_ host: inout HostGauges) {
        let usage = HostGauges.usage()
        let resident = host.residentBytes()
        let used = host.hostUsedBytes()
        let pressure = host.memoryPressure()
        let cpu = host.hostCPU()
        recorder.sample { attributes in
            if let resident { attributes.set(.rssBytes, resident) }
            attributes.set(.peakBytes, usage.peakBytes)
            attributes.set(.processCPUNanos, usage.cpuNanos)
            attributes.set(.hostTotalBytes, host.hostTotalBytes)
            if let used { attributes.set(.hostUsedBytes, used) }
            if let pressure { attributes.set(.memoryPressure, pressure) }
            if let cpu { attributes.set(.hostCPU, cpu) }
            guard let gauges else { return }
            let kv = gauges.kvSizeBytes.load(ordering: .relaxed)
            let cache = gauges.cacheSizeBytes.load(ordering: .relaxed)
            attributes.set(.activeBytes, gauges.weightSizeBytes.load(ordering: .relaxed) + kv + cache)
            attributes.set(.kvSizeBytes, kv)
            attributes.set(.kvSequences, gauges.kvSequences.load(ordering: .relaxed))
            attributes.set(.cacheEntries, gauges.cacheEntries.load(ordering: .relaxed))
            attributes.set(.cacheSizeBytes, cache)
            attributes.set(.requestsWaiting, gauges.waiting.load(ordering: .relaxed))
            attributes.set(.requestsRunning, gauges.running.load(ordering: .relaxed))
        }
    }
}
