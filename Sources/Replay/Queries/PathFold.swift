import SpanreelTracing

/// Critical paths of all requests that ended in a window, summed by role: takes events in canonical order, holds a trace
/// until its request is over, and forgets it then.
struct PathFold {
    /// What one role on one device contributed.
    struct Sum {
        var role: UInt32
        var device: Int32
        var nanos: Int64 = 0
        /// Pieces of paths; a span that waits for children in between has several.
        var pieces = 0
    }

    /// Spans held at once; then the largest trace without a request is given up, else the largest.
    static let nodeLimit = 4 << 20
    /// A trace is over when its request has ended, nothing in it is open, and so long nothing came.
    private static let quietNanos: Int64 = 1_000_000_000

    private(set) var sums: ContiguousArray<Sum> = []
    /// Requests whose path is in the sums, and the sum of their durations.
    private(set) var requests = 0
    private(set) var totalNanos: Int64 = 0
    /// Traces given up for their size.
    private(set) var notHeld = 0
    /// Requests still open at the end.
    private(set) var openRequests = 0

    private let directory: Directory
    private let clocks: ClockAlignment
    private let window: ClosedRange<Int64>
    /// The requests that count; nil for all.
    private var selector: RequestSelector?
    private var traces: ContiguousArray<PathTrace> = []
    private var free: [Int32] = []
    private var slots = KeyTable<Int32>(filler: -1)
    private var keys: ContiguousArray<UInt64> = []
    /// Open spans, by id: the trace's slot above, the place below.
    private var open = KeyTable<UInt64>(filler: 0)
    private(set) var held = 0
    private let nodeLimit: Int
    /// Traces that may be over, by the time when they have been quiet long enough.
    private var quiet: ContiguousArray<(due: Int64, slot: Int32, key: UInt64)> = []
    private var firstQuiet = 0
    private var lastTrace = TraceID.none
    private var lastSlot: Int32 = -1
    private var places = KeyTable<Int32>(filler: -1)
    private var lastKey = UInt64.max
    private var lastSum: Int32 = 0
    private var algorithm = CriticalPath()

    /// - Parameter window: the requests that end in it count, by the stamps of their own clock.
    init(
        directory: Directory, clocks: ClockAlignment, window: ClosedRange<Int64>, selector: RequestSelector? = nil,
        nodeLimit: Int = Self.nodeLimit
    ) {
        self.nodeLimit = nodeLimit
        self.selector = selector
        self.directory = directory
        self.clocks = clocks
        self.window = window
    }

    /// Takes an event. O(1), and O(n log n) in a trace's spans when it is over.
    mutating func add(_ event: Event, in batch: borrowing EventBatch) {
        if firstQuiet < quiet.count, quiet[firstQuiet].due < event.time.nanos { settle(event.time.nanos) }
        guard event.kind == .begin || event.kind == .span || event.kind == .end, !event.span.isNone else { return }
        if event.kind == .end {
            end(event)
            return
        }
        guard !event.trace.isNone else { return }
        let slot = Int(self.slot(event.trace))
        let plan = directory.plan(event.role)
        var node = PathTrace.Node(
            id: event.span.rawValue, parent: event.parent.rawValue, start: event.start.nanos,
            end: event.kind == .span ? event.time.nanos : .max, role: event.role.index, stream: event.stream,
            sum: sum(event.role, event.stream), message: 0)
        if plan.operation == .hopSend || plan.operation == .hopReceive {
            node.message = messageKey(event, in: batch)
        }
        let place = traces[slot].nodes.count
        if plan.operation == .request { traces[slot].requests.append(Int32(place)) }
        traces[slot].nodes.append(node)
        traces[slot].lastTime = event.time.nanos
        held += 1
        if event.kind == .begin {
            traces[slot].open += 1
            open.insert(node.id, UInt64(slot) << 32 | UInt64(place))
        } else if plan.operation == .request {
            noteIfOver(slot)
        }
        if held > nodeLimit { giveUp() }
    }

    /// Ends: what is complete counts.
    mutating func finish() {
        for slot in traces.indices {
            close(slot)
            for root in traces[slot].requests {
                let request = traces[slot].nodes[Int(root)]
                if request.end == .max, wants(request, traces[slot].trace) { openRequests += 1 }
            }
        }
    }

    private mutating func end(_ event: Event) {
        guard let found = open.remove(event.span.rawValue) else { return }
        let (slot, place) = (Int(found >> 32), Int(found & 0xFFFF_FFFF))
        guard slot < traces.count, place < traces[slot].nodes.count,
            traces[slot].nodes[place].id == event.span.rawValue
        else { return }
        traces[slot].nodes[place].end = event.time.nanos
        traces[slot].lastTime = event.time.nanos
        traces[slot].open -= 1
        noteIfOver(slot)
    }

    private mutating func slot(_ trace: TraceID) -> Int32 {
        if trace == lastTrace, lastSlot >= 0 { return lastSlot }
        let key = mixed(trace.high, trace.low)
        let slot: Int32
        if let known = slots.find(key) {
            slot = known
        } else if let reused = free.popLast() {
            slot = reused
            keys[Int(slot)] = key
            traces[Int(slot)].trace = trace
            slots.insert(key, slot)
        } else {
            slot = Int32(traces.count)
            traces.append(PathTrace(trace: trace))
            keys.append(key)
            slots.insert(key, slot)
        }
        (lastTrace, lastSlot) = (trace, slot)
        return slot
    }

    // MARK: The end of a trace

    /// A trace that may be over is looked at again when it has been quiet long enough.
    private mutating func noteIfOver(_ slot: Int) {
        guard traces[slot].isOver else { return }
        let due = traces[slot].lastTime.addingReportingOverflow(Self.quietNanos)
        quiet.append((due.overflow ? .max : due.partialValue, Int32(slot), keys[slot]))
    }

    private mutating func settle(_ now: Int64) {
        while firstQuiet < quiet.count, quiet[firstQuiet].due < now {
            let (slot, key) = (Int(quiet[firstQuiet].slot), quiet[firstQuiet].key)
            firstQuiet += 1
            // Since then the place may be another trace's, or one that has just begun anew.
            guard keys[slot] == key, traces[slot].isOver else { continue }
            // Something came since: it is asked again once that is as old.
            if traces[slot].lastTime &+ Self.quietNanos >= now {
                noteIfOver(slot)
                continue
            }
            close(slot)
            release(slot)
        }
        if firstQuiet > 4096 {
            quiet.removeFirst(firstQuiet)
            firstQuiet = 0
        }
    }

    /// Adds up the requests of a trace that have ended.
    private mutating func close(_ slot: Int) {
        let trace = traces[slot]
        for root in trace.requests {
            let request = trace.nodes[Int(root)]
            guard request.end != .max, window.contains(request.end), wants(request, trace.trace) else { continue }
            requests += 1
            add(trace.path(from: root, clocks, directory, &algorithm), of: trace)
        }
    }

    private mutating func add(_ pieces: ContiguousArray<CriticalPath.Piece>, of trace: PathTrace) {
        var total: Int64 = 0
        trace.nodes.withUnsafeBufferPointer { nodes in
            sums.withUnsafeMutableBufferPointer { sums in
                for piece in pieces {
                    let nanos = piece.end &- piece.start
                    let sum = Int(nodes[Int(piece.span)].sum)
                    total &+= nanos
                    sums[sum].nanos &+= nanos
                    sums[sum].pieces &+= 1
                }
            }
        }
        totalNanos &+= total
    }

    /// The place of what a role on a stream's device contributes.
    private mutating func sum(_ role: RoleID, _ stream: UInt32) -> Int32 {
        let key = UInt64(role.index) << 32 | UInt64(stream)
        if key == lastKey { return lastSum }
        lastKey = key
        if let known = places.find(key) {
            lastSum = known
        } else {
            lastSum = Int32(sums.count)
            places.insert(key, lastSum)
            sums.append(Sum(role: role.index, device: directory.stream(stream).device))
        }
        return lastSum
    }

    private mutating func wants(_ request: PathTrace.Node, _ trace: TraceID) -> Bool {
        selector?.counts(
            .request, trace: trace, span: SpanID(request.id), parent: SpanID(request.parent), stream: request.stream,
            at: request.start, directory) ?? true
    }

    private mutating func release(_ slot: Int) {
        held -= traces[slot].nodes.count
        for node in traces[slot].nodes where node.end == .max { _ = open.remove(node.id) }
        traces[slot].clear()
        _ = slots.remove(keys[slot])
        keys[slot] = 0
        free.append(Int32(slot))
        (lastTrace, lastSlot) = (.none, -1)
    }

    private mutating func giveUp() {
        func rank(_ slot: Int) -> (Int, Int) { (traces[slot].requests.isEmpty ? 1 : 0, traces[slot].nodes.count) }
        let largest = traces.indices.filter { !traces[$0].nodes.isEmpty }.max { rank($0) < rank($1) }
        guard let largest else { return }
        notHeld += 1
        release(largest)
    }
}
