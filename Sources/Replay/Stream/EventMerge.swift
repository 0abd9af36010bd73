public import SpanreelTracing

/// Brings the events of many writers into the canonical order of the log: (time, incarnation, sequence).
///
/// ```
/// reader.poll -> ingest (one queue per incarnation) -> flush(upTo: watermark) -> fold
/// ```
/// Each incarnation is a queue that is nearly always sorted already, so flushing is a k-way merge that gallops through
/// the runs of one writer. The result does not depend on how the events were cut into batches nor in which order the
/// batches came. What arrives behind the last event handed out is late: it is not handed out but counted, and the
/// caller folds again from an earlier point.
public struct EventMerge {
    /// The place of an event in the canonical order.
    struct Position: Comparable, Sendable {
        var time: Timestamp
        var incarnation: UInt64
        var sequence: UInt64

        init(_ event: Event) {
            time = event.time
            incarnation = event.incarnation
            sequence = event.sequence
        }

        @inline(__always) static func < (a: Position, b: Position) -> Bool {
            if a.time != b.time { return a.time < b.time }
            if a.incarnation != b.incarnation { return a.incarnation < b.incarnation }
            return a.sequence < b.sequence
        }
    }

    private struct Run {
        var batches: ContiguousArray<EventBatch> = []
        var batch = 0
        var event = 0
        var last: Position?

        var isEmpty: Bool { batch >= batches.count }
    }

    private var runs: ContiguousArray<Run> = []
    private var runOfIncarnation = KeyTable<Int32>(filler: -1)
    /// Events that wait for the watermark.
    public private(set) var pendingCount = 0
    /// Events that came behind the last one handed out.
    public private(set) var lateCount = 0
    /// The earliest late event's time since ``clearLate()``.
    public private(set) var earliestLate: Timestamp?
    /// The last event handed out.
    private(set) var frontier: Position?

    /// An empty merge.
    public init() {}

    /// Continues a merge whose earlier part was handed out elsewhere, up to `frontier`.
    init(after frontier: Position?) {
        self.frontier = frontier
    }

    /// Forgets that events were late, once they have been folded in their place.
    public mutating func clearLate() { earliestLate = nil }

    /// Takes a batch of one or several incarnations, in any order. O(events); sorted input costs one comparison each.
    public mutating func ingest(_ batch: borrowing EventBatch) {
        guard let first = batch.events.first else { return }
        var isPlain = true
        var previous = Position(first)
        for event in batch.events.dropFirst() {
            let position = Position(event)
            if position.incarnation != previous.incarnation || !(previous < position) {
                isPlain = false
                break
            }
            previous = position
        }
        if isPlain {
            let run = runIndex(first.incarnation)
            let start = Position(first)
            let followsRun = runs[run].last.map { $0 < start } ?? true
            let followsFrontier = frontier.map { $0 < start } ?? true
            if followsRun && followsFrontier {
                runs[run].batches.append(copy batch)
                runs[run].last = previous
                pendingCount += batch.events.count
                return
            }
        }
        ingestUnsorted(batch)
    }

    /// Hands out every pending event stamped at or before `limit`, in canonical order.
    ///
    /// Returns how many. The batch given with an event is the one that holds its attributes.
    @discardableResult
    public mutating func flush(
        upTo limit: Timestamp, _ body: (Event, borrowing EventBatch) -> Void
    ) -> Int {
        var heap = Heap()
        for run in runs.indices {
            if let head = head(of: run), head.time <= limit { heap.push(head, run) }
        }
        var handedOut = 0
        while let (_, run) = heap.pop() {
            let bound = heap.top
            gallop: while !runs[run].isEmpty {
                let batch = runs[run].batches[runs[run].batch]
                var index = runs[run].event
                let count = batch.events.count
                while index < count {
                    let event = batch.events[index]
                    let position = Position(event)
                    let isOver = position.time > limit
                    if isOver || (bound.map { $0 < position } ?? false) {
                        runs[run].event = index
                        if !isOver { heap.push(position, run) }
                        break gallop
                    }
                    body(event, batch)
                    frontier = position
                    handedOut += 1
                    index += 1
                }
                runs[run].batches[runs[run].batch] = EventBatch()
                runs[run].batch += 1
                runs[run].event = 0
            }
            if runs[run].isEmpty {
                runs[run].batches.removeAll(keepingCapacity: true)
                runs[run].batch = 0
                runs[run].event = 0
            }
        }
        pendingCount -= handedOut
        return handedOut
    }

    private func head(of run: Int) -> Position? {
        guard !runs[run].isEmpty else { return nil }
        return Position(runs[run].batches[runs[run].batch].events[runs[run].event])
    }

    private mutating func runIndex(_ incarnation: UInt64) -> Int {
        if let index = runOfIncarnation.find(incarnation) { return Int(index) }
        runOfIncarnation.insert(incarnation, Int32(truncatingIfNeeded: runs.count))
        runs.append(Run())
        return runs.count - 1
    }

    /// The slow way: several incarnations in one batch, a back-dated stamp, or late events.
    private mutating func ingestUnsorted(_ batch: borrowing EventBatch) {
        var byRun: [Int: [Event]] = [:]
        for event in batch.events {
            if let frontier, !(frontier < Position(event)) {
                lateCount += 1
                if earliestLate.map({ event.time < $0 }) ?? true { earliestLate = event.time }
                continue
            }
            byRun[runIndex(event.incarnation), default: []].append(event)
        }
        for (run, events) in byRun {
            var merged = EventBatch()
            var pending = runs[run]
            while !pending.isEmpty {
                let old = pending.batches[pending.batch]
                for index in pending.event..<old.events.count { merged.append(old.events[index], from: old) }
                pending.batch += 1
                pending.event = 0
            }
            for event in events { merged.append(event, from: batch) }
            merged.events.sort { Position($0) < Position($1) }
            pendingCount += events.count
            runs[run].batches = [merged]
            runs[run].batch = 0
            runs[run].event = 0
            runs[run].last = merged.events.last.map { Position($0) }
        }
    }
}

/// A binary heap of run heads, least position first.
private struct Heap {
    private var entries: ContiguousArray<(position: EventMerge.Position, run: Int)> = []

    var top: EventMerge.Position? { entries.first?.position }

    mutating func push(_ position: EventMerge.Position, _ run: Int) {
        entries.append((position, run))
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].position < entries[parent].position else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    mutating func pop() -> (EventMerge.Position, Int)? {
        guard let first = entries.first else { return nil }
        let last = entries.removeLast()
        guard !entries.isEmpty else { return (first.position, first.run) }
        entries[0] = last
        var parent = 0
        while true {
            var least = parent
            let left = 2 * parent + 1
            if left < entries.count, entries[left].position < entries[least].position { least = left }
            if left + 1 < entries.count, entries[left + 1].position < entries[least].position { least = left + 1 }
            guard least != parent else { return (first.position, first.run) }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}
