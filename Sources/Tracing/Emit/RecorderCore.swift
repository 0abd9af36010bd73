internal import CSpanreel
internal import Synchronization

/// Everything an open stream owns: made by `Recorder.open`, ended by `close`.
final class RecorderCore: Sendable {
    /// The id of a recorder that was closed: no thread's slot ever holds it.
    static let closedID: UInt64 = 1
    private static let nextID = Atomic<UInt64>(2)
    private static let open = Mutex<Set<UInt64>>([])

    let id: UInt64
    let generation: UInt64
    let info: StreamInfo
    let session: SessionInfo
    let calibration: Calibration
    let tracePrefix: UInt64
    let names: Arena
    let contexts: ContextTable
    let store: StreamStore
    let pool: LanePool
    private let sealer: Sealer
    let promptTokensRole: RoleHandle
    let outputTokensRole: RoleHandle
    let sampleRole: RoleHandle
    /// What the emit path reads. Freed with the core, which every ``Recorder`` that points to it holds.
    nonisolated(unsafe) let hot: UnsafeMutablePointer<sp_recorder>
    private let isOpen = Atomic<Bool>(true)

    init(_ options: Recorder.Options) throws(TraceError) {
        guard options.laneSlots >= 64, options.laneSlots & (options.laneSlots - 1) == 0, options.laneSlots <= 1 << 26
        else {
            throw TraceError(
                .invalid, "expected laneSlots as a power of two from 64 to 2^26, found \(options.laneSlots)")
        }
        guard !options.device.isEmpty, options.device.utf8.count <= 200 else {
            throw TraceError(.invalid, "expected a device label of 1 to 200 bytes, found \(options.device.utf8.count)")
        }
        let path = options.path ?? SessionPlace.path(options.name)
        let identity = try SessionDirectory.openOrCreate(path, name: options.path == nil ? options.name : nil)
        session = identity.info
        let (clock, domain) = Self.clock(identity, options)
        calibration = clock.calibration
        let stream = StreamID.random()
        tracePrefix = Random.bits()
        id = Self.nextID.wrappingAdd(1, ordering: .relaxed).oldValue
        generation = sp_fork_generation()
        info = Self.describe(options, stream, clock.name, domain, cost: Self.measureCost(calibration))

        let parts = try Self.makeDirectory(identity.info, info, clock, options)
        names = parts.names
        contexts = parts.contexts
        pool = parts.pool
        promptTokensRole = RoleHandle(arenaID: names.intern(Role(.tokens, phase: .prefill)))
        outputTokensRole = RoleHandle(arenaID: names.intern(Role(.tokens, phase: .decode)))
        sampleRole = RoleHandle(arenaID: names.intern(Role(.memorySample)))
        store = parts.store
        try pool.replenish()
        sealer = Sealer(store: store, pool: pool)
        hot = .allocate(capacity: 1)
        hot.initialize(
            to: sp_recorder(
                id: id, slot_mask: UInt64(pool.slots - 1), lap_shift: UInt64(pool.slots.trailingZeroBitCount),
                contexts: UnsafeRawPointer(contexts.file.base)))
        try sealer.start()
        Self.open.withLock { _ = $0.insert(id) }
    }

    static func isOpen(_ id: UInt64) -> Bool { open.withLock { $0.contains(id) } }

    deinit { hot.deallocate() }

    // The session's one clock where this boot made it and this process stamps with the same; else an own one: after a
    // reboot, on another host, or with another kind of clock.
    private static func clock(_ identity: SessionDirectory.Identity, _ options: Recorder.Options) -> (
        ClockSource, String
    ) {
        let boot = POSIX.bootID()
        var clock = identity.clock
        if identity.bootID != boot || clock.name != ClockSource.currentName { clock = .measure() }
        var domain = "\(boot)/\(clock.name)"
        if let skew = options.skew {
            let now = sp_ticks()
            let factor = 1 + min(max(skew.driftPPM, -100_000), 100_000) / 1e6
            clock.calibration = Calibration(
                ticksAnchor: now, unixAnchor: clock.calibration.unixNanos(now) &+ skew.offsetNanos,
                rate: UInt64((Double(clock.calibration.rate) * factor).rounded()))
            domain += "/skewed-\(options.device)"
        }
        return (clock, domain)
    }

    private static func describe(
        _ options: Recorder.Options, _ stream: StreamID, _ clock: String, _ domain: String, cost: Double
    ) -> StreamInfo {
        var info = StreamInfo(id: stream, device: options.device)
        info.host = options.resource["host.name"] ?? POSIX.hostName()
        info.pid = POSIX.processID()
        info.clockDomain = domain
        info.clockName = clock
        info.clockComparisons = [ClockSource.comparison()]
        info.resource = options.resource
        info.stage = options.stage
        info.firstLayer = options.layers?.lowerBound
        info.lastLayer = options.layers?.upperBound
        info.model = options.model
        info.recordCostNanos = cost
        info.state = .live
        return info
    }

    private struct Parts {
        var names: Arena
        var contexts: ContextTable
        var store: StreamStore
        var pool: LanePool
    }

    private static func retention(_ options: Recorder.Options) throws(TraceError) -> Retention {
        if let retention = options.retention { return retention }
        guard let text = POSIX.environment("SPANREEL_KEEP") else { return .unbounded }
        return try Retention(parsing: text)
    }

    /// Builds the stream's directory aside, locked and described, and renames it into place: no reader meets half of it.
    private static func makeDirectory(
        _ session: SessionInfo, _ info: StreamInfo, _ clock: ClockSource, _ options: Recorder.Options
    ) throws(TraceError) -> Parts {
        let streams = SessionDirectory(session.path).streamsPath
        let temporary = Path.join(streams, ".\(info.id)")
        let final = Path.join(streams, "\(info.id)-1")
        try POSIX.makeDirectories(temporary)
        let laneDirectory = LanePlace.choose(
            options.lanePlacement, stream: info.id, streamPath: final, laneBytes: options.laneSlots * 32)
        do throws(TraceError) {
            try POSIX.makeDirectories(laneDirectory.isShared ? laneDirectory.path : Path.join(temporary, "lanes"))
            let head = try StreamHead.create(
                path: Path.join(temporary, "head"), calibration: clock.calibration, step: clock.step,
                laneDirectory: laneDirectory.path)
            let names = try Arena(path: Path.join(temporary, "names"), sizeBytes: options.namesBytes)
            let contexts = try ContextTable(path: Path.join(temporary, "contexts"))
            let store = try StreamStore(
                path: temporary, session: session.id, stream: info.id, epoch: 1, head: head,
                names: ArenaReader(file: names.file), contexts: ContextReader(file: contexts.file),
                durability: options.durability, retention: try retention(options))
            try store.describe(info.description)
            try store.move(to: final)
            let pool = LanePool(directory: laneDirectory.path, slots: options.laneSlots, head: head)
            return Parts(names: names, contexts: contexts, store: store, pool: pool)
        } catch {
            POSIX.removeTree(temporary)
            if laneDirectory.isShared { POSIX.removeTree(laneDirectory.path) }
            throw error
        }
    }

    /// What one one-record span costs: two clock reads and a record, median of batches, in a ring of plain memory.
    private static func measureCost(_ calibration: Calibration) -> Double {
        let slots = 1024
        let memory = UnsafeMutableRawPointer.allocate(byteCount: LaneLayout.sizeBytes(slots: slots), alignment: 64)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: LaneLayout.sizeBytes(slots: slots))
        let lane = Lane.format(memory, slots: UInt64(slots))
        var rounds: [Double] = []
        for _ in 0..<15 {
            let begin = sp_ticks()
            for _ in 0..<256 {
                let start = sp_ticks()
                _ = lane.emit(
                    fact: Fact.pack(.span, .unset, .internal), context: 1, time: start,
                    value: UInt32(truncatingIfNeeded: sp_ticks() - start), role: 1, span: 1
                ) { _ in }
            }
            rounds.append(Double(calibration.nanos(from: begin, to: sp_ticks())) / 256)
            lane.advanceTail(to: lane.publishedHead, sealed: lane.publishedSequence)
        }
        return rounds.sorted()[rounds.count / 2]
    }

    func tokenRole(_ phase: Phase) -> RoleHandle { phase == .prefill ? promptTokensRole : outputTokensRole }

    // MARK: Lanes

    /// Gives the calling thread a lane: its first emit, or its first after another recorder's. Nil when the recorder
    /// was closed, when this is a forked child, or when no lane is ready: counted by reason.
    func claimLane() -> Lane? {
        guard isOpen.load(ordering: .relaxed) else { return refuse(.closed) }
        guard generation == sp_fork_generation() else { return refuse(.forked) }
        let thread = ThreadLanes.current
        var lane = thread.lane(of: id)
        if lane == nil {
            guard let box = pool.claim() else { return refuse(.poolEmpty) }
            thread.add(box, recorder: id, isOpen: Self.isOpen)
            lane = box.lane
        }
        sp_set_thread_lane(id, lane?.base)
        return lane
    }

    private func refuse(_ reason: DropReason) -> Lane? {
        store.head.countDrop(reason)
        return nil
    }

    // MARK: Flush and end

    /// Seals everything emitted so far.
    func flush() throws(TraceError) {
        for box in pool.lanes { _ = try store.drain(box.lane) }
        try store.sync()
    }

    /// Drains, says goodbye, removes what only a growing stream needs. Once.
    func close() throws(TraceError) {
        guard isOpen.exchange(false, ordering: .acquiringAndReleasing) else { return }
        sp_store_release(hot, Self.closedID)
        guard generation == sp_fork_generation() else { return }
        sealer.stop()
        try flush()
        var ending = StreamEnding.description(head: store.head, lanes: pool.lanes.map(\.lane))
        let comparison = ClockSource.comparison().fact
        ending.values[comparison.key] = comparison.value
        try store.describeEnd(ending)
        try store.sync()
        store.head.setEnded()
        pool.remove()
        Self.open.withLock { _ = $0.remove(id) }
    }
}
