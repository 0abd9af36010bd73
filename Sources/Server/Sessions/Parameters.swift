internal import Hummingbird
internal import HummingbirdCore
internal import SpanreelReplay
internal import SpanreelTracing

/// The parameters `at`, `window`, `clock`, `cut`, `model`, `variant` and `split`, before they are applied to a session.
struct SnapshotParameters: Sendable {
    var at = "live"
    var window: String?
    var clock = ClockMode.aligned
    var cut: String?
    var filter = RequestFilter()
    var split: RequestFilter.Dimension?

    /// The same with `at` made absolute. Without a window a growing session shows its last hundred samples, and a saved
    /// one all of it: nobody opens a file to see its last hundred seconds.
    func query(start: Timestamp, end: Timestamp, state: SessionPhase) throws(ReplayError) -> SnapshotQuery {
        var query = SnapshotQuery()
        query.at = try Parameters.timestamp(at, start: start, end: end)
        query.window = window ?? (state == .live ? "100" : "all")
        query.clock = clock
        query.cut = cut
        query.filter = filter
        query.split = split
        return query
    }
}

/// The query part of a request's target, with one sentence for each way to get it wrong.
struct Parameters {
    private let values: FlatDictionary<Substring, Substring>

    init(_ request: Request) { values = request.uri.queryParameters }

    /// The value as text; nil when absent or empty.
    func text(_ name: String) throws(APIError) -> String? {
        guard let value = values[name[...]], !value.isEmpty else { return nil }
        guard value.utf8.count <= 32768 else { throw .invalid("`\(name)` is too long.") }
        return String(value)
    }

    /// The text of an instant, proved to be one; which instant depends on the session.
    func instant(_ name: String) throws -> String? {
        guard let text = try text(name) else { return nil }
        _ = try TimeText.instant(text, start: Timestamp(nanos: 0), end: Timestamp(nanos: 0))
        return text
    }

    /// A whole number within a range.
    func integer(_ name: String, _ range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let text = try text(name) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw .invalid("`\(name)` must be a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    /// A number within a range.
    func number(_ name: String, _ range: ClosedRange<Double>) throws(APIError) -> Double? {
        guard let text = try text(name) else { return nil }
        guard let value = Double(text), range.contains(value) else {
            throw .invalid("`\(name)` must be a number from \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    /// `model` and `variant`.
    func filter() throws(APIError) -> RequestFilter {
        RequestFilter(model: try text("model"), variant: try text("variant"))
    }

    /// `at`, `window`, `clock`, `cut`, `model` and `variant`; of views `split` too.
    func snapshot(splits: Bool = false) throws -> SnapshotParameters {
        var parameters = SnapshotParameters()
        parameters.at = try instant("at") ?? "live"
        parameters.window = try text("window")
        _ = try ViewQuery.WindowChoice(parsing: parameters.window ?? "")
        parameters.clock = try ClockMode(parsing: try text("clock") ?? "")
        parameters.cut = try text("cut")
        parameters.filter = try filter()
        if let dimension = try text("split") {
            guard splits else { throw APIError.invalid("Views and streams can be `split`, nothing else.") }
            parameters.split = try RequestFilter.Dimension(parsing: dimension)
        }
        return parameters
    }

    /// The same for the dashboard, whose own `timestamp` is in Unix seconds: a plain number that large is one.
    static func dashboardTimestamp(_ text: String?, start: Timestamp, end: Timestamp) throws(ReplayError) -> Timestamp?
    {
        if let text, let seconds = Double(text), (1e8...9e9).contains(seconds) {
            return Timestamp(nanos: Int64((seconds * 1e9).rounded()))
        }
        return try timestamp(text, start: start, end: end)
    }

    /// The instant that a text means in a session of those bounds; nil for the newest.
    static func timestamp(_ text: String?, start: Timestamp, end: Timestamp) throws(ReplayError) -> Timestamp? {
        guard let text, case .instant(let timestamp) = try TimeText.instant(text, start: start, end: end) else {
            return nil
        }
        return max(timestamp, start)
    }
}
