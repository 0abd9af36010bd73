/// Watches generated text for stop strings. Text that may be the beginning of one is held back until it is decided.
struct StopFilter {
    private let stops: [String]
    private var held = ""

    /// A filter for those strings; none lets everything through at once.
    init(_ stops: [String]) { self.stops = stops.filter { !$0.isEmpty } }

    /// Takes new text; returns what may be shown now, and whether a stop string came (it is not shown).
    mutating func accept(_ text: String) -> (shown: String, stopped: Bool) {
        guard !stops.isEmpty else { return (text, false) }
        held += text
        if let first = stops.compactMap({ held.range(of: $0)?.lowerBound }).min() {
            let shown = String(held[..<first])
            held = ""
            return (shown, true)
        }
        var start = held.startIndex
        while start < held.endIndex, !stops.contains(where: { $0.hasPrefix(held[start...]) }) {
            start = held.index(after: start)
        }
        let shown = String(held[..<start])
        held = String(held[start...])
        return (shown, false)
    }

    /// What was held back, at the end of the generation.
    mutating func finish() -> String {
        defer { held = "" }
        return held
    }
}

extension String {
    /// The first place where `other` stands in this text. O(both).
    fileprivate func range(of other: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(other) { return start..<index(start, offsetBy: other.count) }
            start = index(after: start)
        }
        return nil
    }
}
