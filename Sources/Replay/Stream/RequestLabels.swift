import SpanreelTracing

/// A request's model and variant as string ids of the reader; 0 for what it does not say.
struct RequestLabel: Hashable, Sendable {
    var model: UInt32 = 0
    var variant: UInt32 = 0
}

/// What requests said of themselves, so that a fact can be filed under its request's model and variant.
///
/// A request may say it at its end only, long after its tokens; so this is looked up when facts are folded again, not as
/// they come. It stands outside the folds, as names do: append-only in canonical order, each statement with its place
/// in that order, so that what was known at any (cut, T) is known for ever. 72 bytes a statement and some 70 a request.
struct RequestLabels {
    /// One request's words: a begin or an end with a model or a variant.
    struct Statement: Sendable {
        /// The request's trace, as a key.
        var key: UInt64
        var span: UInt64
        var start: Int64
        var position: EventMerge.Position
        var label: RequestLabel
        /// The request's statement before this one; -1 when there is none.
        fileprivate var previous: Int32 = -1
    }

    /// Up to where statements are known: those stamped at or before the instant, inside the cut.
    struct Horizon {
        var instant = Int64.max
        var cut: Cut?

        func sees(_ position: EventMerge.Position) -> Bool {
            position.time.nanos <= instant
                && (cut.map { $0.sequence(of: position.incarnation).map { position.sequence <= $0 } ?? false } ?? true)
        }
    }

    /// The label of a fact's request, and when the last word of it was said.
    struct Finding {
        var label: RequestLabel
        var said: Int64
    }

    private struct Request {
        var key: UInt64
        var start: Int64
        /// The newest statement.
        var newest: Int32
    }

    /// Statements held; then the older half goes.
    static let limit = 1 << 20

    private(set) var statements: ContiguousArray<Statement> = []
    private var requests: ContiguousArray<Request> = []
    private var bySpan = KeyTable<Int32>(filler: -1)
    /// The newest request of a trace.
    private var byTrace = KeyTable<Int32>(filler: -1)
    /// Of traces with several requests all of them, by start.
    private var several: [UInt64: [Int32]] = [:]

    /// The key of a trace; of what belongs to none the key of its span.
    static func key(trace: TraceID, span: SpanID) -> UInt64 {
        trace.isNone ? mixed(span.rawValue, 5) : mixed(trace.high, trace.low)
    }

    /// A request says its model or variant. What was said before is not said again: events that are folded a second time
    /// change nothing. O(1) amortised.
    mutating func say(trace: TraceID, span: SpanID, start: Int64, position: EventMerge.Position, label: RequestLabel) {
        if let last = statements.last, !(last.position < position) { return }
        if statements.count >= Self.limit { keep(ContiguousArray(statements.suffix(Self.limit / 2))) }
        insert(
            Statement(
                key: Self.key(trace: trace, span: span), span: span.rawValue, start: start, position: position,
                label: label))
    }

    /// Forgets what was said at or after `time`: events came that lie before it. O(statements).
    mutating func forget(from time: Timestamp) {
        guard let last = statements.last, last.position.time >= time else { return }
        keep(statements.filter { $0.position.time < time })
    }

    private mutating func keep(_ kept: ContiguousArray<Statement>) {
        self = RequestLabels()
        for statement in kept { insert(statement) }
    }

    private mutating func insert(_ statement: Statement) {
        var statement = statement
        statement.previous = -1
        let number = Int32(truncatingIfNeeded: statements.count)
        if let known = bySpan.find(statement.span), requests[Int(known)].key == statement.key {
            statement.previous = requests[Int(known)].newest
            requests[Int(known)].newest = number
        } else {
            let request = Int32(truncatingIfNeeded: requests.count)
            requests.append(Request(key: statement.key, start: statement.start, newest: number))
            bySpan.insert(statement.span, request)
            if let other = byTrace.find(statement.key) { add(request, beside: other, statement.key) }
            byTrace.insert(statement.key, request)
        }
        statements.append(statement)
    }

    private mutating func add(_ request: Int32, beside other: Int32, _ key: UInt64) {
        var all = several[key] ?? [other]
        let start = requests[Int(request)].start
        all.insert(request, at: all.firstIndex { requests[Int($0)].start > start } ?? all.count)
        several[key] = all
    }

    /// The label of the request that a fact belongs to: itself, else its parent, else of its trace's requests the last
    /// that had begun, else the first. Nil while none has said anything. O(1), O(log n) in a trace of n requests.
    func find(trace: TraceID, span: SpanID, parent: SpanID, at time: Int64, _ horizon: Horizon) -> Finding? {
        guard !requests.isEmpty else { return nil }
        let key = trace.isNone ? nil : Self.key(trace: trace, span: .none)
        return find(key, span: span.rawValue, parent: parent.rawValue, at: time, horizon)
    }

    /// The label that facts of the request that speaks here have.
    func find(_ said: Statement, _ horizon: Horizon) -> Finding? {
        find(said.key, span: said.span, parent: 0, at: said.start, horizon)
    }

    private func find(_ key: UInt64?, span: UInt64, parent: UInt64, at time: Int64, _ horizon: Horizon) -> Finding? {
        for id in [span, parent] where id != 0 {
            guard let number = bySpan.find(id), key.map({ $0 == requests[Int(number)].key }) ?? true else { continue }
            if let found = finding(Int(number), horizon) { return found }
        }
        guard let key, let newest = byTrace.find(key) else { return nil }
        guard let all = several[key] else { return finding(Int(newest), horizon) }
        var low = 0
        var high = all.count
        while low < high {
            let middle = (low + high) / 2
            if requests[Int(all[middle])].start <= time { low = middle + 1 } else { high = middle }
        }
        for number in all[..<low].reversed() {
            if let found = finding(Int(number), horizon) { return found }
        }
        for number in all[low...] {
            if let found = finding(Int(number), horizon) { return found }
        }
        return nil
    }

    /// What a request has said by then: of each the newest word.
    private func finding(_ request: Int, _ horizon: Horizon) -> Finding? {
        var found: Finding?
        var number = requests[request].newest
        while number >= 0 {
            let statement = statements[Int(number)]
            number = statement.previous
            guard horizon.sees(statement.position) else { continue }
            var next = found ?? Finding(label: RequestLabel(), said: .min)
            if next.label.model == 0 { next.label.model = statement.label.model }
            if next.label.variant == 0 { next.label.variant = statement.label.variant }
            if next.label != found?.label { next.said = max(next.said, statement.position.time.nanos) }
            found = next
        }
        return found
    }

    /// The statements stamped after `time`, up to and including `end`. O(log n) and their number.
    func said(after time: Int64, through end: Int64) -> Slice<ContiguousArray<Statement>> {
        var low = 0
        var high = statements.count
        while low < high {
            let middle = (low + high) / 2
            if statements[middle].position.time.nanos <= time { low = middle + 1 } else { high = middle }
        }
        var last = low
        while last < statements.count, statements[last].position.time.nanos <= end { last += 1 }
        return Slice(base: statements, bounds: low..<last)
    }
}
