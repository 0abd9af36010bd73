/// What an import has done.
public struct ImportReport: Sendable {
    /// Something in the file that could not be read, and where.
    public struct Problem: Sendable {
        /// The request within the file, from 0.
        public var document: Int
        /// Where in the file's content (after decompression).
        public var offsetBytes: Int
        /// A short phrase: what stood there.
        public var what: String
    }

    /// Spans imported, each with its own id and parent.
    public var spans = 0
    /// Readings of metrics imported, one per resource and instant.
    public var samples = 0
    /// Facts derived from spans beside them: tokens, memory samples.
    public var derived = 0
    /// All events written.
    public var events = 0
    /// The streams written: device labels in the order of their first appearance.
    public var devices: [String] = []
    /// Requests (server side) met.
    public var requests = 0
    /// Output tokens of the derived facts.
    public var tokens = 0
    /// Spans that came twice, by trace and span id; the first is kept.
    public var duplicates = 0
    /// Attribute values and span events left out because they were longer than a block of the log can hold.
    public var leftOutValues = 0
    /// Histograms and summaries, which have no place in a session.
    public var unreadMetrics = 0
    /// Spans, metrics or stretches of the file that could not be read.
    public var problemCount = 0
    /// The first ten of them.
    public var problems: [Problem] = []
}

/// How far an import is.
public struct ImportProgress: Sendable {
    /// From 0 to 1: the file is read twice.
    public var fraction: Double
    /// Spans written so far.
    public var spans: Int
}

/// Counts what could not be read and keeps the first ten places.
final class ImportProblems {
    private(set) var count = 0
    private(set) var first: [ImportReport.Problem] = []

    func add(document: Int, offset: Int, what: String) {
        count += 1
        if first.count < 10 { first.append(.init(document: document, offsetBytes: offset, what: what)) }
    }
}
