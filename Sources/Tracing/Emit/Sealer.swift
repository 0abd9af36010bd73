internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// One thread that drains lanes into blocks, keeps lanes ready, and shows that the process is alive.
///
/// A block is written at 64 Ki events, half a lane, or a second; the heartbeat every 10 ms; `fdatasync` every second or
/// 4 MiB. An error does not end it: the lanes keep the events, and the next round tries again.
final class Sealer: Sendable {
    static let tickMicros: UInt32 = 10_000
    static let syncBytes = 4 << 20

    private let store: StreamStore
    private let pool: LanePool
    private let stopping = Atomic<Bool>(false)
    private let isFinished = Atomic<Bool>(false)
    private let complained = Atomic<Bool>(false)

    init(store: StreamStore, pool: LanePool) {
        self.store = store
        self.pool = pool
    }

    /// Starts the thread.
    func start() throws(TraceError) {
        let pointer = Unmanaged.passRetained(self).toOpaque()
        #if canImport(Glibc)
            var thread = pthread_t()
            let code = pthread_create(&thread, nil, { Sealer.main($0) }, pointer)
            if code == 0 { pthread_detach(thread) }
        #else
            var thread: pthread_t?
            let code = pthread_create(&thread, nil, { Sealer.main($0) }, pointer)
            if code == 0, let thread { pthread_detach(thread) }
        #endif
        guard code == 0 else {
            Unmanaged<Sealer>.fromOpaque(pointer).release()
            throw .system("cannot start the sealer's thread", store.path, code: code)
        }
    }

    /// Asks the thread to end and waits until it has.
    func stop() {
        stopping.store(true, ordering: .releasing)
        while !isFinished.load(ordering: .acquiring) { usleep(1000) }
    }

    private static func main(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let pointer else { return nil }
        let sealer = Unmanaged<Sealer>.fromOpaque(pointer).takeRetainedValue()
        // Signals are the application's: none is delivered to this thread.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        sealer.run()
        return nil
    }

    private func run() {
        var lastSync = Ticks.now()
        var lastDrain = Ticks.now()
        while !stopping.load(ordering: .acquiring) {
            store.head.beat()
            let now = Ticks.now()
            let isSecond = now.rawValue - lastDrain.rawValue >= 1_000_000_000
            if isSecond {
                lastDrain = now
                if store.checkDisk() {
                    Self.warn("spanreel: under 1 GiB free for \(store.path): events are dropped and counted")
                }
            }
            attempt { () throws(TraceError) in
                try pool.replenish()
                for box in pool.lanes { try tend(box.lane, force: isSecond) }
                if isSecond { try store.forget() }
                if store.unsyncedBytes >= Self.syncBytes || now.rawValue - lastSync.rawValue >= 1_000_000_000 {
                    lastSync = now
                    try store.sync()
                }
            }
            usleep(Self.tickMicros)
        }
        isFinished.store(true, ordering: .releasing)
    }

    /// Drains one lane when it is due, and gives a released one a new life.
    private func tend(_ lane: Lane, force: Bool) throws(TraceError) {
        let state = lane.state
        let pendingSlots = lane.publishedHead &- lane.publishedTail
        let pendingEvents = lane.publishedSequence &- lane.sealedSequence
        let isDue =
            force || state == .released || pendingSlots >= lane.slots / 2
            || pendingEvents >= UInt64(StreamStore.maxBlockEvents)
        if isDue, pendingSlots > 0 { _ = try store.drain(lane, isPatient: true) }
        if state == .released, lane.publishedHead == lane.publishedTail { lane.reincarnate() }
    }

    private func attempt(_ body: () throws(TraceError) -> Void) {
        do throws(TraceError) {
            try body()
            complained.store(false, ordering: .relaxed)
        } catch {
            // Said once until it works again; the count of what is lost follows from the lanes.
            if !complained.exchange(true, ordering: .relaxed) { Self.warn("spanreel: \(error); trying again") }
        }
    }

    private static func warn(_ text: String) {
        let line = Array((text + "\n").utf8)
        _ = write(2, line, line.count)
    }
}
