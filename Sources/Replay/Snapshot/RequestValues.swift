import SpanreelTracing

/// The models or variants of a fold's requests: what a split has one part for, and what a filter may ask for.
struct RequestValues {
    /// Values given one by one.
    static let limit = 16

    /// At most ``limit`` values, those with most requests, by name; requests without one stand last.
    let listed: [RequestValue]
    /// Values beyond these.
    let more: Int
    private let counts: [String: Int]
    private let isComplete: Bool

    /// The values of the requests that `filter` selects. A model that only streams declare counts with 0 requests.
    init(_ fold: SessionFold, by dimension: RequestFilter.Dimension, filter: RequestFilter = RequestFilter()) {
        let symbols = fold.directory.symbols
        func text(_ id: UInt32) -> String { id == 0 ? RequestFilter.none : symbols.string(StringID(id)) }
        var counts: [String: Int] = [:]
        for (label, count) in fold.requests.labelCounts where count > 0 {
            let value = RequestFilter(model: text(label.model), variant: text(label.variant))
            guard value.narrowed(by: filter) != nil else { continue }
            counts[value[dimension] ?? RequestFilter.none, default: 0] += count
        }
        if dimension == .model, filter.variant == nil {
            for (index, plan) in fold.directory.streamPlans.enumerated() where plan.model != 0 {
                guard index < fold.processes.streams.count, fold.processes.streams[index].events > 0 else { continue }
                let model = text(plan.model)
                if filter.model.map({ $0 == model }) ?? true, counts[model] == nil { counts[model] = 0 }
            }
        }
        let ranked = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        listed = ranked.prefix(Self.limit).map { RequestValue(value: $0.key, requests: $0.value) }
            .sorted { a, b in
                let (last, other) = (a.value == RequestFilter.none, b.value == RequestFilter.none)
                return last == other ? a.value < b.value : other
            }
        isComplete = fold.requests.labelsNotHeld == 0
        more = max(0, ranked.count - Self.limit) + (isComplete ? 0 : 1)
        self.counts = counts
    }

    /// Whether a request may have that value.
    func mayHave(_ value: String) -> Bool { !isComplete || counts[value] != nil }

    /// `a, b, (none) and 3 more`, names made visible.
    var words: String {
        let names = listed.map { Human.safe($0.value) }.joined(separator: ", ")
        return more > 0 ? "\(names) and \(more) more" : names
    }
}
