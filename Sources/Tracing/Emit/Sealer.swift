internal import CSpanreel
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// One thread that drains lanes into blocks, keeps lanes ready, and shows that the process is alive.
///
/// A block is written at 16 Ki events, half a lane, or after a second; `fdatasync` every second or 4 MiB. So many records
/// still lie in the processor's caches: four times as many took twice as long each. It sleeps until the first block is
/// expected to be due, 2 to 20 ms; where a lane fills noticeably half of that, and 2 ms at most. A ring of 65,536 slots
/// so holds 2.3 million events a second from a standing start. An error does not end it: the lanes keep the events, and
/// the next round tries again.
final class Sealer: Sendable {
    static let longestPauseNanos: UInt64 = 20_000_000
    /// Once a lane takes in more than a sixteenth of its slots in the longest pause: the rate may double at any time.
    static let busyPauseNanos: UInt64 = 2_000_000
    /// Less is not worth going to sleep for.
    static let shortestPauseNanos: UInt64 = 200_000
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
        var pace = Pace()
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
            attempt { () throws(TraceError) in
                // Without room for another lane, those that there are must be drained all the same.
                var noLane: TraceError?
                do throws(TraceError) { try pool.replenish() } catch { noLane = error }
                for box in pool.lanes { try tend(box.lane, force: isSecond) }
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
                if let noLane { throw noLane }
            }
            let pause = pace.pauseNanos(pool.lanes, now: sp_monotonic_nanos())
            if pause >= Self.shortestPauseNanos { usleep(UInt32(pause / 1000)) }
        }
        isFinished.store(true, ordering: .releasing)
    }

    /// How long the sealer may sleep, by what came since its last look.
    private struct Pace {
        private var heads: [UInt64] = []
        private var last: UInt64 = 0

        mutating func pauseNanos(_ lanes: [LaneBox], now: UInt64) -> UInt64 {
            let elapsed = max(1, now &- last)
            var pause = Sealer.longestPauseNanos
            for (index, box) in lanes.enumerated() {
                let lane = box.lane
                let head = lane.publishedHead
                if index == heads.count { heads.append(head) }
                let arrived = head &- heads[index]
                heads[index] = head
                guard arrived > 0 else { continue }
                let pending = head &- lane.publishedTail
                let due = Sealer.dueSlots(lane)
                let room = pending < due ? due - pending : 0
                // Both below 2^32 in any but a hostile lane, whose pause does not matter.
                let untilDue = room &* elapsed / arrived
                let isBusy = arrived &* Sealer.longestPauseNanos / elapsed > lane.slots / 16
                // A quiet lane has room to spare: that its block is a moment late costs less than waking up for it.
                pause = min(
                    pause, isBusy ? min(untilDue / 2, Sealer.busyPauseNanos) : max(untilDue, Sealer.busyPauseNanos))
            }
            last = now
            return pause
        }
    }

    /// How many slots make a block due. Records of more than one slot make it sooner.
    private static func dueSlots(_ lane: Lane) -> UInt64 { min(lane.slots / 2, UInt64(StreamStore.maxBlockEvents)) }

    /// Drains one lane when it is due, and gives a released one a new life.
    private func tend(_ lane: Lane, force: Bool) throws(TraceError) {
        let state = lane.state
        let pendingSlots = lane.publishedHead &- lane.publishedTail
        let isDue = force || state == .released || pendingSlots >= Self.dueSlots(lane)
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
