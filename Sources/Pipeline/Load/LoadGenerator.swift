import Foundation
import SpanreelTracing
import Synchronization

/// The load of the demo: a process of its own, labelled `client1`, that asks over real HTTP.
public enum LoadGenerator {
    /// Requests that it has open at most; arrivals beyond wait for a free client.
    static let clients = 16

    /// Sends the planned requests until the configured duration or number is reached, the supervisor ends, or SIGTERM
    /// comes; then waits up to 15 s for what is open (not after SIGTERM), hangs up the rest, closes the recording and
    /// returns.
    public static func run(configuration: PipelineConfiguration) async throws(PipelineError) {
        let lifeline = Lifeline()
        let recorder = try PipelineWorker.openRecorder(
            device: PipelineConfiguration.clientDevice, configuration: configuration, service: "spanreel-load")
        guard let peers = PipelineWorker.peers(from: lifeline) else { return PipelineWorker.close(recorder) }
        lifeline.watch()
        let first = configuration.deviceNames.first ?? "mini1"
        let probes = try ClockProbes(
            recorder: recorder, peers: peers.probePorts.prefix(1).map { (first, $0) }, answering: nil)
        let housekeeping = Housekeeping(recorder: recorder, gauges: nil, probes: probes)
        housekeeping.start()
        let client = LoadClient(recorder: recorder, configuration: configuration, port: peers.inferencePort)
        let pool = ClientPool(client: client, threads: clients)

        await withTaskGroup(of: Void.self) { group in
            group.addTask { await send(configuration, to: pool) }
            group.addTask { await lifeline.waitForStop() }
            await group.next()
            group.cancelAll()
        }
        pool.close()
        for _ in 0..<1500 where !pool.isIdle && !lifeline.isStopping { try? await Task.sleep(for: .milliseconds(10)) }
        pool.discard()
        client.hangUpAll()
        for _ in 0..<40 where !pool.isIdle { try? await Task.sleep(for: .milliseconds(10)) }
        housekeeping.stop()
        PipelineWorker.close(recorder)
    }

    /// Hands each request to the pool when it is due.
    private static func send(_ configuration: PipelineConfiguration, to pool: ClientPool) async {
        let start = ContinuousClock.now
        for request in LoadPlan(seed: configuration.seed, rate: configuration.rate) {
            if let limit = configuration.requests, request.index >= limit { return }
            if let limit = configuration.durationSeconds, request.dueSeconds > limit { break }
            do { try await Task.sleep(until: start + .seconds(request.dueSeconds)) } catch { return }
            pool.submit(request)
        }
        // The last gap too belongs to the duration asked for.
        if let limit = configuration.durationSeconds { try? await Task.sleep(until: start + .seconds(limit)) }
    }
}

/// A fixed number of threads that play requests: a thread's lane in the log is claimed once, not once per request.
private final class ClientPool: Sendable {
    private let inbox: Inbox<PlannedRequest>
    private let open = Atomic<Int>(0)
    // Read by the threads between two requests; a request that slips through is hung up.
    private let isDiscarding = Atomic<Bool>(false)

    init(client: LoadClient, threads: Int) {
        inbox = Inbox(now: { Ticks(0) })
        for number in 1...threads {
            let thread = Thread { [self] in
                while let request = inbox.take() {
                    if !isDiscarding.load(ordering: .relaxed) { client.play(request) }
                    open.wrappingSubtract(1, ordering: .relaxed)
                }
            }
            thread.name = "client-\(number)"
            thread.stackSize = 512 << 10
            thread.start()
        }
    }

    /// Gives a request to a free thread, or to the first that gets free.
    func submit(_ request: PlannedRequest) {
        open.wrappingAdd(1, ordering: .relaxed)
        inbox.put(request)
    }

    /// Takes no more.
    func close() { inbox.close() }

    /// Lets nobody begin what is still queued.
    func discard() { isDiscarding.store(true, ordering: .relaxed) }

    /// Whether every request has been played.
    var isIdle: Bool { open.load(ordering: .relaxed) == 0 }
}
