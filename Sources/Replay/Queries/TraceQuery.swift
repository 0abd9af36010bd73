import SpanreelTracing

/// One trace as a tree over devices: the waterfall.
struct TraceQuery {
    /// One span of the waterfall.
    struct Node {
        var id: SpanID
        var parent: SpanID
        var role: RoleID
        var stream: UInt32
        var device = 0
        var start: Int64
        var end: Int64?
        var status = SpanStatus.unset
        var attributes: [Attribute] = []
        var depth = 0
        var selfNanos: Int64 = 0
        var isCritical = false
        var children: [Int] = []
        var parentIndex: Int?

        /// Where it ends, seen at `instant`.
        func effectiveEnd(_ instant: Int64) -> Int64 { max(start, end ?? instant) }
    }

    /// A message from one span to another.
    struct Flow {
        var from: SpanID
        var to: SpanID
        var transit: Int64
        var error: Int64?
    }

    private(set) var nodes: [Node] = []
    private(set) var flows: [Flow] = []
    private(set) var devices: [String] = []
    private(set) var missingParents = 0
    /// Emissions of tokens of the decode phase: stamp, number, clock domain; aligned by `finish`.
    private(set) var emissions: [(time: Int64, tokens: Int64, domain: Int)] = []
    private var indexOfSpan: [UInt64: Int] = [:]
    private let directory: Directory
    private let instant: Int64

    /// Collects from nothing; `instant` closes the spans that are open.
    init(directory: Directory, instant: Timestamp) {
        self.directory = directory
        self.instant = instant.nanos
    }

    /// Takes an event of the trace, in canonical order.
    mutating func add(_ event: Event, in batch: borrowing EventBatch) {
        switch event.kind {
        case .begin, .span:
            guard indexOfSpan[event.span.rawValue] == nil else { return }
            indexOfSpan[event.span.rawValue] = nodes.count
            nodes.append(
                Node(
                    id: event.span, parent: event.parent, role: event.role, stream: event.stream,
                    start: event.start.nanos, end: event.kind == .span ? event.time.nanos : nil, status: event.status,
                    attributes: Array(batch.attributes(of: event))))
        case .end:
            guard let index = indexOfSpan[event.span.rawValue], nodes[index].end == nil else { return }
            nodes[index].end = event.time.nanos
            nodes[index].status = event.status
            for attribute in batch.attributes(of: event) {
                nodes[index].attributes.removeAll { $0.key == attribute.key }
                nodes[index].attributes.append(attribute)
            }
        case .tokens:
            guard directory.plan(event.role).phase == .decode else { return }
            let domain = Int(directory.stream(event.stream).domain)
            emissions.append((event.time.nanos, max(0, event.value), domain))
        case .mark, .sample: break
        }
    }

    /// Builds tree, self times, critical path and flows, with times on `clocks`.
    mutating func finish(clocks: ClockAlignment) {
        for index in nodes.indices {
            let domain = Int(directory.stream(nodes[index].stream).domain)
            nodes[index].start = clocks.aligned(nodes[index].start, domain: domain)
            nodes[index].end = nodes[index].end.map { clocks.aligned($0, domain: domain) }
        }
        for index in emissions.indices {
            emissions[index].time = clocks.aligned(emissions[index].time, domain: emissions[index].domain)
        }
        nodes.sort { ($0.start, $0.id) < ($1.start, $1.id) }
        indexOfSpan = [:]
        for (index, node) in nodes.enumerated() { indexOfSpan[node.id.rawValue] = index }
        nameDevices()
        link()
        for index in nodes.indices { nodes[index].selfNanos = selfTime(index) }
        findFlows(clocks)
        markCriticalPath()
    }

    private mutating func nameDevices() {
        var numbers: [Int32: Int] = [:]
        for index in nodes.indices {
            let device = directory.stream(nodes[index].stream).device
            if let number = numbers[device] {
                nodes[index].device = number
            } else {
                numbers[device] = devices.count
                nodes[index].device = devices.count
                devices.append(directory.devices[Int(device)])
            }
        }
    }

    private mutating func link() {
        for index in nodes.indices {
            let parent = nodes[index].parent
            guard !parent.isNone else { continue }
            if let parentIndex = indexOfSpan[parent.rawValue], parentIndex != index {
                nodes[index].parentIndex = parentIndex
                nodes[parentIndex].children.append(index)
            } else {
                missingParents += 1
            }
        }
        // Depth from the roots; what a cycle keeps from every root becomes a root itself.
        var seen = [Bool](repeating: false, count: nodes.count)
        func descend(from root: Int, _ nodes: inout [Node]) {
            var stack = [(root, 0)]
            seen[root] = true
            while let (index, depth) = stack.popLast() {
                nodes[index].depth = depth
                for child in nodes[index].children where !seen[child] {
                    seen[child] = true
                    stack.append((child, depth + 1))
                }
            }
        }
        for index in nodes.indices where nodes[index].parentIndex == nil { descend(from: index, &nodes) }
        for index in nodes.indices where !seen[index] {
            if let parent = nodes[index].parentIndex { nodes[parent].children.removeAll { $0 == index } }
            nodes[index].parentIndex = nil
            descend(from: index, &nodes)
        }
    }

    /// Duration less the time that children cover.
    private func selfTime(_ index: Int) -> Int64 {
        let node = nodes[index]
        let end = node.effectiveEnd(instant)
        var covered: Int64 = 0
        var cursor = node.start
        // Children are in order of start, since nodes are.
        for child in node.children {
            let low = max(cursor, nodes[child].start)
            let high = min(end, nodes[child].effectiveEnd(instant))
            if low < high {
                covered = covered &+ (high &- low)
                cursor = high
            }
        }
        return max(0, end &- node.start &- covered)
    }

    /// The critical path under a node, with times as they are now.
    func path(from root: Int) -> ContiguousArray<CriticalPath.Piece> {
        var algorithm = CriticalPath()
        return pathTrace.path(from: Int32(root), .identity, directory, &algorithm)
    }

    private var pathTrace: PathTrace {
        var trace = PathTrace()
        trace.lastTime = instant
        for node in nodes {
            trace.nodes.append(
                PathTrace.Node(
                    id: node.id.rawValue, parent: node.parentIndex == nil ? 0 : node.parent.rawValue, start: node.start,
                    end: node.effectiveEnd(instant), role: node.role.index, stream: node.stream, sum: 0,
                    message: messageKey(node.attributes.first { $0.key == .messageID })))
        }
        return trace
    }

    /// Marks the spans whose delay would delay the end: those with a piece of the path under the longest root, what
    /// encloses them, and both sides of a hop.
    private mutating func markCriticalPath() {
        let roots = nodes.indices.filter { nodes[$0].parentIndex == nil }
        guard
            let root = roots.max(by: {
                nodes[$0].effectiveEnd(instant) &- nodes[$0].start < nodes[$1].effectiveEnd(instant) &- nodes[$1].start
            })
        else { return }
        nodes[root].isCritical = true
        for piece in path(from: root) {
            var next: Int? = Int(piece.span)
            while let index = next, !nodes[index].isCritical {
                nodes[index].isCritical = true
                next = nodes[index].parentIndex
            }
        }
        for flow in flows {
            guard let send = indexOfSpan[flow.from.rawValue], let receive = indexOfSpan[flow.to.rawValue] else {
                continue
            }
            let isCritical = nodes[send].isCritical || nodes[receive].isCritical
            (nodes[send].isCritical, nodes[receive].isCritical) = (isCritical, isCritical)
        }
    }

    /// A flow for each message of which both sides are there and the receive has ended.
    private mutating func findFlows(_ clocks: ClockAlignment) {
        for hop in pathTrace.hops(directory, parent: { nodes[$0].parentIndex ?? -1 }) {
            let (send, receive) = (nodes[hop.send], nodes[hop.receive])
            guard let end = receive.end else { continue }
            let from = Int(directory.stream(send.stream).domain)
            let to = Int(directory.stream(receive.stream).domain)
            let a = clocks.offset(domain: from, at: send.start).error
            let b = clocks.offset(domain: to, at: end).error
            flows.append(
                Flow(
                    from: send.id, to: receive.id, transit: end &- send.start,
                    // Of raw stamps nothing is known.
                    error: from == to ? 0 : clocks.isIdentity ? nil : a.flatMap { a in b.map { a &+ $0 } }))
        }
    }
}
