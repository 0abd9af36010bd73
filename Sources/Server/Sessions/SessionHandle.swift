internal import Dispatch
internal import Hummingbird
internal import SpanreelReplay
internal import SpanreelTracing

/// One open session: the only owner of its backend, on a queue of its own.
///
/// Freshness is on demand: whoever asks for the newest instant makes the backend take in what is new, at most every
/// ``refreshInterval``. Between two refreshes equal questions get the same bytes, so that any number of people who watch
/// the same view cost one fold.
actor SessionHandle {
    /// Least time between two refreshes of a growing session.
    static let refreshInterval: Duration = .milliseconds(100)
    /// The same for a session that nobody writes, but might.
    private static let quietInterval: Duration = .seconds(1)
    /// Answers kept until the next refresh.
    private static let cacheEntries = 32
    private static let cacheBytes = 32 << 20

    private enum Key: Hashable {
        case views([ViewName], SnapshotQuery)
        case traces(Int, SnapshotQuery)
        case alerts(SnapshotQuery)
        case path(SnapshotQuery)
        case metrics(RequestFilter), layers(RequestFilter)
    }

    private let executor: QueueExecutor
    private var backend: any SessionBackend
    private var refreshed: ContinuousClock.Instant?
    private var cache: [Key: ByteBuffer] = [:]
    private var cachedBytes = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Opens the session at `path`, on the handle's own queue.
    static func open(_ path: String, _ source: SessionSource) async throws -> SessionHandle {
        let executor = QueueExecutor(label: "spanreel.session")
        return try await Opener(executor).open(path, source)
    }

    private init(executor: QueueExecutor, backend: sending any SessionBackend) {
        self.executor = executor
        self.backend = backend
    }

    /// Opening reads headers, perhaps of many blocks: not on the shared pool either.
    private actor Opener {
        let executor: QueueExecutor
        init(_ executor: QueueExecutor) { self.executor = executor }
        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

        func open(_ path: String, _ source: SessionSource) throws -> SessionHandle {
            SessionHandle(executor: executor, backend: try source.open(path))
        }
    }

    // MARK: Questions

    /// Where the session begins and ends now, and whether it grows.
    func extent() throws -> (start: Timestamp, end: Timestamp, state: SessionPhase) {
        try refreshIfDue()
        return (backend.bounds.start, backend.bounds.end, backend.state)
    }

    /// The query with its instant made absolute.
    func resolve(_ parameters: SnapshotParameters) throws -> SnapshotQuery {
        try refreshIfDue()
        return try parameters.query(start: backend.bounds.start, end: backend.bounds.end, state: backend.state)
    }

    /// One or more views.
    func views(_ names: [ViewName], _ query: SnapshotQuery) throws -> ByteBuffer {
        try answer(.views(names, query)) { try $0.views(names, query) }
    }

    /// The newest requests.
    func traces(limit: Int, _ query: SnapshotQuery) throws -> ByteBuffer {
        try answer(.traces(limit, query)) { try $0.traces(limit: limit, query) }
    }

    /// One trace.
    func trace(_ id: TraceID, _ query: SnapshotQuery) throws -> ByteBuffer {
        try answer(nil) { try $0.trace(id, query) }
    }

    /// Where the time of requests went.
    func path(_ query: SnapshotQuery) throws -> ByteBuffer { try answer(.path(query)) { try $0.path(query) } }

    /// One request's tokens.
    func tokens(_ id: TraceID, _ query: SnapshotQuery) throws -> ByteBuffer {
        try answer(nil) { try $0.tokens(id, query) }
    }

    /// All spans of a stretch of time.
    func timeline(from: String?, to: String?, pixels: Int, _ query: SnapshotQuery) throws -> ByteBuffer {
        try refreshIfDue()
        let (start, end) = backend.bounds
        let first = try Parameters.timestamp(from, start: start, end: end) ?? start
        let last = try Parameters.timestamp(to, start: start, end: end) ?? end
        guard first <= last else { throw APIError.invalid("`from` must not lie after `to`.") }
        return try answer(nil) { try $0.timeline(from: first, to: last, pixels: pixels, query) }
    }

    /// The alerts.
    func alerts(_ query: SnapshotQuery) throws -> ByteBuffer { try answer(.alerts(query)) { try $0.alerts(query) } }

    /// The alerts as they stand.
    func alertStatus() throws -> AlertStatus {
        try refreshIfDue()
        return try backend.alertStatus()
    }

    /// The dashboard's metrics.
    func dashboardMetrics(_ filter: RequestFilter) throws -> ByteBuffer {
        try answer(.metrics(filter)) { try $0.dashboardMetrics(filter) }
    }

    /// The dashboard's layers.
    func dashboardLayers(_ filter: RequestFilter) throws -> ByteBuffer {
        try answer(.layers(filter)) { try $0.dashboardLayers(filter) }
    }

    /// The dashboard's history.
    func dashboardHistory(from: String?, to: String?, limit: Int?, _ filter: RequestFilter) throws -> ByteBuffer {
        try refreshIfDue()
        let (start, end) = backend.bounds
        let first = try Parameters.dashboardTimestamp(from, start: start, end: end)
        let last = try Parameters.dashboardTimestamp(to, start: start, end: end)
        return try answer(nil) { try $0.dashboardHistory(from: first, to: last, limit: limit, filter) }
    }

    // MARK: Freshness

    private func refreshIfDue() throws {
        let now = ContinuousClock.now
        if let refreshed {
            guard backend.canGrow else { return }
            let interval = backend.state == .live ? Self.refreshInterval : Self.quietInterval
            guard now - refreshed >= interval else { return }
        }
        try backend.refresh()
        refreshed = now
        cache.removeAll(keepingCapacity: true)
        cachedBytes = 0
    }

    private func answer(
        _ key: Key?, _ compute: (inout any SessionBackend) throws -> [UInt8]
    ) throws -> ByteBuffer {
        try refreshIfDue()
        if let key, let bytes = cache[key] { return bytes }
        let bytes = ByteBuffer(bytes: try compute(&backend))
        guard let key, bytes.readableBytes <= Self.cacheBytes else { return bytes }
        if cache.count >= Self.cacheEntries || cachedBytes + bytes.readableBytes > Self.cacheBytes {
            cache.removeAll(keepingCapacity: true)
            cachedBytes = 0
        }
        cache[key] = bytes
        cachedBytes += bytes.readableBytes
        return bytes
    }
}
