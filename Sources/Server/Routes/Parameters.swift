internal import Hummingbird
internal import HummingbirdCore
internal import SpanreelTracing

/// How far back a view looks, as the API writes it.
enum WindowText: Hashable, Sendable {
    /// The last hundred samples.
    case samples100
    /// The last so many nanoseconds.
    case nanos(Int64)
    /// The whole session.
    case all

    init?(_ text: some StringProtocol) {
        if text == "100" {
            self = .samples100
        } else if text == "all" {
            self = .all
        } else if let nanos = DurationText.nanos(text), nanos > 0 {
            self = .nanos(nanos)
        } else {
            return nil
        }
    }
}

/// Whose clock stamps are shown on.
enum ClockText: String, Hashable, Sendable {
    /// As each process stamped them.
    case raw
    /// Offsets between clock domains removed.
    case aligned
    /// The same, fitted again over the whole session.
    case refit
}

/// The parameters `at`, `window`, `clock` and `cut`, before they are applied to a session.
struct SnapshotParameters: Hashable, Sendable {
    var at = InstantText.live
    var window: WindowText?
    var clock = ClockText.aligned
    var cut: String?

    /// The same with `at` made absolute. Without a window a growing session shows its last hundred samples, and a saved
    /// one all of it: nobody opens a file to see its last hundred seconds.
    func query(start: Timestamp, end: Timestamp, state: SessionPhase) -> SnapshotQuery {
        var query = SnapshotQuery()
        query.at = at.timestamp(start: start, end: end)
        query.window = window ?? (state == .live ? .samples100 : .all)
        query.clock = clock
        query.cut = cut
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
        guard value.utf8.count <= 16384 else { throw .invalid("`\(name)` is too long.") }
        return String(value)
    }

    /// An instant.
    func instant(_ name: String) throws(APIError) -> InstantText? {
        guard let text = try text(name) else { return nil }
        guard let instant = InstantText(text) else {
            throw .invalid("`\(name)` must be live, 12.5s, -5s (from the end) or an RFC 3339 time.")
        }
        return instant
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

    /// `at`, `window`, `clock` and `cut`.
    func snapshot() throws(APIError) -> SnapshotParameters {
        var parameters = SnapshotParameters()
        parameters.at = try instant("at") ?? .live
        if let text = try text("window") {
            guard let window = WindowText(text) else { throw .invalid("`window` must be 100, all or a time such as 1m or 30s.") }
            parameters.window = window
        }
        if let text = try text("clock") {
            guard let clock = ClockText(rawValue: text) else { throw .invalid("`clock` must be raw, aligned or refit.") }
            parameters.clock = clock
        }
        parameters.cut = try text("cut")
        return parameters
    }
}
