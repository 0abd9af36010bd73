internal import CSpanreel
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// One thread that drains lanes into blocks, keeps lanes ready, and shows that the process is alive.
///
/// A block is written at 64 Ki events, half a lane, or a second; `fdatasync` every second or 4 MiB. It looks at the
/// lanes every 20 ms, every 2 ms while many events come, and at once again while a lane is half full: a ring of 65,536
/// slots holds what one thread can emit in 2 ms, and 3 million events a second in 20. An error does not end it: the lanes keep the events, and the next
/// round tries again.
final class Sealer: Sendable {
    static let idleMicros: UInt32 = 20_000
    static let busyMicros: UInt32 = 2_000
    static let syncBytes = 4 << 20
    static let secondNanos: UInt64 = 1_000_000_000

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
        var lastSync = sp_monotonic_nanos()
        var lastSecond = lastSync
        var nextComparison = lastSync + Self.secondNanos
        var comparisonPause = Self.secondNanos
        var activity = Activity.idle
        while !stopping.load(ordering: .acquiring) {
            store.head.beat()
            let now = sp_monotonic_nanos()
            let isSecond = now - lastSecond >= Self.secondNanos
            if isSecond {
                lastSecond = now
                if store.checkDisk() {
                    Self.warn("spanreel: under 1 GiB free for \(store.path): events are dropped and counted")
                }
            }
            activity = .idle
            attempt { () throws(TraceError) in
                try pool.replenish()
                for box in pool.lanes { activity = max(activity, try tend(box.lane, force: isSecond)) }
                if isSecond { try store.forget() }
                if store.unsyncedBytes >= Self.syncBytes || now - lastSync >= Self.secondNanos {
                    lastSync = now
                    try store.sync()
                }
                if now >= nextComparison {
                    // Often at first, when the rate is known least, then every minute.
                    comparisonPause = min(comparisonPause * 4, 60 * Self.secondNanos)
                    nextComparison = now + comparisonPause
                    let fact = ClockSource.comparison().fact
                    try store.describe(Description(values: [fact.key: fact.value]))
                }
            }
            switch activity {
            case .idle: usleep(Self.idleMicros)
            case .busy: usleep(Self.busyMicros)
            case .flooded: break
            }
        }
        isFinished.store(true, ordering: .releasing)
    }

    /// How much a look at the lanes found to do.
    private enum Activity: Int, Comparable {
        case idle, busy, flooded
        static func < (a: Activity, b: Activity) -> Bool { a.rawValue < b.rawValue }
    }

    /// Drains one lane when it is due, and gives a released one a new life.
    private func tend(_ lane: Lane, force: Bool) throws(TraceError) -> Activity {
        let state = lane.state
        let pendingSlots = lane.publishedHead &- lane.publishedTail
        let pendingEvents = lane.publishedSequence &- lane.sealedSequence
        let isFlooded = pendingSlots >= lane.slots / 2 || pendingEvents >= UInt64(StreamStore.maxBlockEvents)
        let isDue = force || state == .released || isFlooded
        if isDue, pendingSlots > 0 { _ = try store.drain(lane, isPatient: true) }
        if state == .released, lane.publishedHead == lane.publishedTail { lane.reincarnate() }
        return isFlooded ? .flooded : pendingSlots > lane.slots / 16 ? .busy : .idle
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
