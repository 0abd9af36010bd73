internal import CSpanreel
internal import Synchronization

/// Everything an open stream owns: made by `Recorder.open`, ended by `close`.
final class RecorderCore: Sendable {
    private static let nextID = Atomic<UInt64>(1)
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
    let isOpen = Atomic<Bool>(true)

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
        let (calibration, domain) = Self.clock(identity, options)
        self.calibration = calibration
        let stream = StreamID.random()
        tracePrefix = Random.bits()
        id = Self.nextID.wrappingAdd(1, ordering: .relaxed).oldValue
        generation = sp_fork_generation()
        info = Self.describe(options, stream, domain, cost: Self.measureCost())

        let parts = try Self.makeDirectory(identity.info, stream, calibration, options)
        names = parts.names
        contexts = parts.contexts
        pool = parts.pool
        promptTokensRole = RoleHandle(arenaID: names.intern(Role(.tokens, phase: .prefill)))
        outputTokensRole = RoleHandle(arenaID: names.intern(Role(.tokens, phase: .decode)))
        sampleRole = RoleHandle(arenaID: names.intern(Role(.memorySample)))
        store = try StreamStore(
            path: parts.path, session: identity.info.id, stream: stream, epoch: 1, head: parts.head,
            names: ArenaReader(file: names.file), contexts: ContextReader(file: contexts.file),
            durability: options.durability, retention: try Self.retention(options))
        try store.describe(info.description)
        try pool.replenish()
        sealer = Sealer(store: store, pool: pool)
        try sealer.start()
        Self.open.withLock { _ = $0.insert(id) }
    }

    static func isOpen(_ id: UInt64) -> Bool { open.withLock { $0.contains(id) } }

    // The one anchor of the session where this boot made it; an own one after a reboot or on another host.
    private static func clock(_ identity: SessionDirectory.Identity, _ options: Recorder.Options) -> (
        Calibration, String
    ) {
        let boot = POSIX.bootID()
        var calibration = identity.anchor
        if identity.bootID != boot {
            calibration = Calibration(
                ticksAnchor: sp_monotonic_nanos(), unixAnchor: sp_wall_nanos(), rate: Calibration.unitRate)
        }
        var domain = "\(boot)/monotonic"
        if let skew = options.skew {
            let now = sp_monotonic_nanos()
            let rate = 1 + min(max(skew.driftPPM, -100_000), 100_000) / 1e6
            calibration = Calibration(
                ticksAnchor: now, unixAnchor: calibration.unixNanos(now) &+ skew.offsetNanos,
                rate: UInt64((Double(Calibration.unitRate) * rate).rounded()))
            domain += "/skewed-\(options.device)"
        }
        return (calibration, domain)
    }

    private static func describe(
        _ options: Recorder.Options, _ stream: StreamID, _ domain: String, cost: Double
    ) -> StreamInfo {
        var info = StreamInfo(id: stream, device: options.device)
        info.host = options.resource["host.name"] ?? POSIX.hostName()
        info.pid = POSIX.processID()
        info.clockDomain = domain
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
        var path: String
        var head: StreamHead
        var names: Arena
        var contexts: ContextTable
        var pool: LanePool
    }

    private static func retention(_ options: Recorder.Options) throws(TraceError) -> Retention {
        if let retention = options.retention { return retention }
        guard let text = POSIX.environment("SPANREEL_KEEP") else { return .unbounded }
        return try Retention(parsing: text)
    }

    /// Builds the stream's directory aside and renames it into place, so that no reader meets half of it.
    private static func makeDirectory(
        _ session: SessionInfo, _ stream: StreamID, _ calibration: Calibration, _ options: Recorder.Options
    ) throws(TraceError) -> Parts {
        let streams = SessionDirectory(session.path).streamsPath
        let temporary = Path.join(streams, ".\(stream)")
        let final = Path.join(streams, "\(stream)-1")
        try POSIX.makeDirectories(temporary)
        let laneDirectory = LanePlace.choose(stream: stream, streamPath: final, laneBytes: options.laneSlots * 32)
        do throws(TraceError) {
            try POSIX.makeDirectories(laneDirectory.isShared ? laneDirectory.path : Path.join(temporary, "lanes"))
            let head = try StreamHead.create(
                path: Path.join(temporary, "head"), calibration: calibration, laneDirectory: laneDirectory.path)
            let names = try Arena(path: Path.join(temporary, "names"), sizeBytes: options.namesBytes)
            let contexts = try ContextTable(path: Path.join(temporary, "contexts"))
            guard POSIX.rename(temporary, final) else { throw .system("cannot create the stream", final) }
            let pool = LanePool(directory: laneDirectory.path, slots: options.laneSlots, head: head)
            return Parts(path: final, head: head, names: names, contexts: contexts, pool: pool)
        } catch {
            POSIX.removeTree(temporary)
            if laneDirectory.isShared { POSIX.removeTree(laneDirectory.path) }
            throw error
        }
    }

    /// What one one-record span costs: two clock reads and a record, median of batches, in a ring of plain memory.
    private static func measureCost() -> Double {
        let slots = 1024
        let memory = UnsafeMutableRawPointer.allocate(byteCount: LaneLayout.sizeBytes(slots: slots), alignment: 64)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: LaneLayout.sizeBytes(slots: slots))
        let lane = Lane.format(memory, slots: UInt64(slots))
        var rounds: [Double] = []
        for _ in 0..<15 {
            let begin = sp_monotonic_nanos()
            for _ in 0..<256 {
                let start = sp_monotonic_nanos()
                let end = sp_monotonic_nanos()
                _ = lane.emit(
                    fact: EventKind.span.rawValue, context: 1, time: start,
                    value: UInt32(truncatingIfNeeded: end - start),
                    role: 1, span: 1
                ) { _ in }
            }
            rounds.append(Double(sp_monotonic_nanos() - begin) / 256)
            lane.advanceTail(to: lane.publishedHead, sealed: lane.publishedSequence)
        }
        return rounds.sorted()[rounds.count / 2]
    }

    func tokenRole(_ phase: Phase) -> RoleHandle { phase == .prefill ? promptTokensRole : outputTokensRole }

    // MARK: Lanes

    /// The calling thread's lane, claimed on the first emit; nil when none is ready.
    @inline(__always) var lane: Lane? {
        if let known = sp_thread_lane(id) { return Lane(base: known, slots: UInt64(pool.slots)) }
        return claimLane()
    }

    @inline(never) private func claimLane() -> Lane? {
        guard generation == sp_fork_generation() else { return nil }
        let thread = ThreadLanes.current
        var lane = thread.lane(of: id)
        if lane == nil {
            guard let box = pool.claim() else {
                store.head.countDrop(.poolEmpty)
                return nil
            }
            thread.add(box, recorder: id, isOpen: Self.isOpen)
            lane = box.lane
        }
        sp_set_thread_lane(id, lane?.base)
        return lane
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
        guard generation == sp_fork_generation() else { return }
        sealer.stop()
        try flush()
        try store.describeEnd(StreamEnding.description(head: store.head, lanes: pool.lanes.map(\.lane)))
        try store.sync()
        store.head.setEnded()
        pool.remove()
        Self.open.withLock { _ = $0.remove(id) }
    }
}
