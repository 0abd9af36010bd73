/// The evidence of one direction between two clocks, by their numbers in an epoch.
struct ClockStrand {
    /// Whether a piece of evidence lies before the epoch, in it or after it.
    enum Place { case before, inside, after }

    struct Item {
        var point: ClockBounds.Point
        var place: Place
        /// Whether it is one of the lowest of its epoch, which may be taken out.
        var isLow: Bool
    }

    var from: Int
    var to: Int
    var items: [Item]

    /// What the direction says on the whole: the least bound beside the lowest ones; of few the middle one.
    var typical: Int64? {
        if let least = items.lazy.filter({ !$0.isLow }).map(\.point.bound).min() { return least }
        let sorted = items.map(\.point.bound).sorted()
        return sorted.isEmpty ? nil : sorted[sorted.count / 2]
    }
}
