import SpanreelTracing

/// The folds of some requests only that were asked for lately, so that the next question goes on from there: a page that
/// follows a live session with a filter costs each second the events of that second.
///
/// Nothing here decides an answer: a fold is handed out only where it is what folding from the start gives.
struct FilteredFolds {
    private struct Entry {
        var filter: RequestFilter
        /// By number of events.
        var folds: [SessionFold]
        var used: Int
    }

    /// Filters remembered: a split's sixteen values and some; then the one asked for longest ago goes.
    static let filterLimit = 20
    /// Folds of one filter: the newest, and some on the way there for instants of the past.
    static let foldLimit = 6
    /// Folds of all filters, of 2 to 10 MB each; then those asked for longest ago keep their newest only.
    private static let totalLimit = 40

    private var entries: [Entry] = []
    private var clock = 0

    /// Takes the furthest fold out that can go on to `time`; nil when none can.
    mutating func take(_ filter: RequestFilter, at time: Timestamp, _ directory: Directory) -> SessionFold? {
        guard let place = entries.firstIndex(where: { $0.filter == filter }) else { return nil }
        let folds = entries[place].folds
        let usable = folds.lastIndex { fold in
            guard let selector = fold.selector else { return false }
            return !selector.isOutdated(at: time, position: fold.position, directory)
        }
        guard let usable else { return nil }
        // Only the newest is taken out, so that going on copies nothing; one in the middle is where the past begins.
        if usable == folds.count - 1 { entries[place].folds.removeLast() }
        return folds[usable]
    }

    /// Keeps a fold for later.
    mutating func keep(_ fold: SessionFold, _ filter: RequestFilter) {
        clock += 1
        let place: Int
        if let known = entries.firstIndex(where: { $0.filter == filter }) {
            place = known
        } else {
            if entries.count >= Self.filterLimit,
                let oldest = entries.indices.min(by: { entries[$0].used < entries[$1].used })
            {
                entries.remove(at: oldest)
            }
            entries.append(Entry(filter: filter, folds: [], used: 0))
            place = entries.count - 1
        }
        entries[place].used = clock
        let count = fold.eventCount
        let index = entries[place].folds.firstIndex { $0.eventCount >= count } ?? entries[place].folds.count
        if index < entries[place].folds.count, entries[place].folds[index].eventCount == count {
            entries[place].folds[index] = fold
        } else {
            entries[place].folds.insert(fold, at: index)
        }
        thin(place)
    }

    /// Drops the fold whose neighbours are nearest to each other, and what is beyond all bounds.
    private mutating func thin(_ place: Int) {
        let folds = entries[place].folds
        if folds.count > Self.foldLimit {
            let gaps = folds.indices.dropLast().map { index in
                folds[index + 1].eventCount - (index > 0 ? folds[index - 1].eventCount : 0)
            }
            if let least = gaps.indices.min(by: { gaps[$0] < gaps[$1] }) { entries[place].folds.remove(at: least) }
        }
        var total = entries.reduce(0) { $0 + $1.folds.count }
        for index in entries.indices.sorted(by: { entries[$0].used < entries[$1].used }) {
            guard total > Self.totalLimit else { return }
            total -= max(0, entries[index].folds.count - 1)
            entries[index].folds.removeFirst(max(0, entries[index].folds.count - 1))
        }
    }

    /// Some of the stops, evenly.
    static func spread(_ stops: [Timestamp]) -> [Timestamp] {
        let wanted = foldLimit - 2
        guard stops.count > wanted else { return stops }
        return (1...wanted).map { stops[$0 * stops.count / (wanted + 1)] }
    }
}
