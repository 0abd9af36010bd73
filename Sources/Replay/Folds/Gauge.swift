/// A reading that comes again and again: the last one and the greatest.
struct Gauge: Sendable {
    /// Nil before the first.
    private(set) var last: Int64?
    private(set) var greatest: Int64?

    mutating func read(_ value: Int64) {
        last = value
        greatest = max(greatest ?? value, value)
    }
}
