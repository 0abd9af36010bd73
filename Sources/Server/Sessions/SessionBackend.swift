internal import SpanreelReplay
internal import SpanreelTracing

/// What the server needs of one session: the folds and queries behind one consumer.
///
/// Not `Sendable`: a ``SessionHandle`` owns it. Every result is the canonical JSON, ready to be sent.
protocol SessionBackend {
    /// Whether it still grows.
    var state: SessionPhase { get }
    /// Whether something may still be added: a directory, where a process can join even after all have ended.
    var canGrow: Bool { get }
    /// The first and the last instant seen so far.
    var bounds: (start: Timestamp, end: Timestamp) { get }
    /// Takes in what was written since the last call.
    mutating func refresh() throws
    /// One view under `data`, several under `views`.
    mutating func views(_ names: [ViewName], _ query: SnapshotQuery) throws -> [UInt8]
    /// The newest requests up to an instant.
    mutating func traces(limit: Int, _ query: SnapshotQuery) throws -> [UInt8]
    /// One trace's spans.
    mutating func trace(_ id: TraceID, _ query: SnapshotQuery) throws -> [UInt8]
    /// Where the time of requests went, by role.
    mutating func path(_ query: SnapshotQuery) throws -> [UInt8]
    /// Where the time of one request went, token by token.
    mutating func tokens(_ id: TraceID, _ query: SnapshotQuery) throws -> [UInt8]
    /// Spans of all devices, as many as so many pixels can show.
    mutating func timeline(from: Timestamp, to: Timestamp, pixels: Int, _ query: SnapshotQuery) throws -> [UInt8]
    /// The alerts up to an instant; window and clock do not matter to them.
    mutating func alerts(_ query: SnapshotQuery) throws -> [UInt8]
    /// The alerts as they stand, for who watches them.
    mutating func alertStatus() throws -> AlertStatus
    /// `GET /api/metrics`.
    mutating func dashboardMetrics(_ filter: RequestFilter) throws -> [UInt8]
    /// `GET /api/layers`.
    mutating func dashboardLayers(_ filter: RequestFilter) throws -> [UInt8]
    /// `GET /api/history`.
    mutating func dashboardHistory(from: Timestamp?, to: Timestamp?, limit: Int?, _ filter: RequestFilter) throws
        -> [UInt8]
}

/// Whether a session grows, ended well, or was cut off.
enum SessionPhase: String, Sendable {
    /// A process still writes.
    case live
    /// Every process ended its stream.
    case saved
    /// No process writes, and at least one died.
    case crashed
}

/// The parameters that every view takes. Equal queries have equal answers until the next refresh.
struct SnapshotQuery: Hashable, Sendable {
    /// The instant; nil means the newest.
    var at: Timestamp?
    /// How far back.
    var window = "100"
    /// Whose clock.
    var clock = ClockMode.aligned
    /// Which events, as an earlier envelope named them.
    var cut: String?
    /// Which requests.
    var filter = RequestFilter()
    /// Whether once per model or variant.
    var split: RequestFilter.Dimension?

    /// The newest instant and the defaults.
    init() {}
}

/// How the server gets at sessions; tests give it others.
struct SessionSource: Sendable {
    /// Reads headers only.
    var describe: @Sendable (_ path: String) throws -> SessionDescription
    /// Opens the session for views.
    var open: @Sendable (_ path: String) throws -> any SessionBackend
    /// What `spanreel diff --json` prints.
    var diff: @Sendable (_ before: String, _ after: String) throws -> [UInt8]
}

/// A row of `GET /api/sessions`.
struct SessionDescription: Sendable, Equatable {
    /// Thirty-two hexadecimal digits.
    var id: String
    /// The name given, else the file's.
    var name: String
    /// Whether it grows.
    var state: SessionPhase
    /// Unix nanoseconds.
    var createdUnixNanos: Int64
    /// All files.
    var sizeBytes: Int

    /// `{"id":…,"name":…,"state":…,"createdUnixNanos":…,"sizeBytes":…}`.
    var json: String {
        "{\"id\":\(SafeText.json(id)),\"name\":\(SafeText.json(name)),\"state\":\"\(state.rawValue)\","
            + "\"createdUnixNanos\":\"\(createdUnixNanos)\",\"sizeBytes\":\(sizeBytes)}"
    }
}

/// What the monitor needs of a session.
struct AlertStatus: Sendable {
    var session: SessionInfo
    var start: Timestamp
    var report: AlertReport
    /// Whether no alert of it changes any more.
    var isFinal: Bool
}
