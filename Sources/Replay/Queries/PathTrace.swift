import SpanreelTracing

/// The spans of one trace, as its critical path needs them.
struct PathTrace {
    /// One span.
    struct Node: BitwiseCopyable {
        var id: UInt64
        var parent: UInt64
        var start: Int64
        /// `.max` while it is open.
        var end: Int64
        var role: UInt32
        var stream: UInt32
        /// Where its time is added up.
        var sum: Int32
        /// Of a hop: joins a send to its receive; 0 for none.
        var message: Int64
    }

    /// Both sides of a message, by place.
    struct Hop {
        var send: Int
        var receive: Int
    }

    var trace = TraceID.none
    var nodes: ContiguousArray<Node> = []
    /// The requests' own spans, by place: each is the root of a path. Mostly one.
    var requests: ContiguousArray<Int32> = []
    /// Spans that have begun and not ended.
    var open = 0
    /// The latest event's stamp.
    var lastTime = Int64.min

    /// Whether there was a request, and nothing is under way any more.
    var isOver: Bool { open == 0 && !requests.isEmpty }

    /// Forgets the trace; memory of the usual size stays for the next one.
    mutating func clear() {
        nodes.removeAll(keepingCapacity: nodes.count < 1 << 16)
        requests.removeAll(keepingCapacity: true)
        (trace, open, lastTime) = (.none, 0, .min)
    }

    /// The path under a span, with times on `clocks`.
    ///
    /// A hop's time runs from the send's start to the receive's end, across the two devices, and belongs to whichever of
    /// the two stands higher in the tree: to a send with its receive under it, else to the receive.
    func path(
        from root: Int32, _ clocks: ClockAlignment, _ directory: Directory, _ algorithm: inout CriticalPath
    ) -> ContiguousArray<CriticalPath.Piece> {
        var spans: ContiguousArray<CriticalPath.Span> = []
        spans.reserveCapacity(nodes.count)
        var places = KeyTable<Int32>(filler: -1, capacity: nodes.count)
        for (place, node) in nodes.enumerated() {
            places.insert(node.id, Int32(place))
            var start = node.start
            var end = node.end == .max ? lastTime : node.end
            if !clocks.isIdentity {
                let domain = Int(directory.stream(node.stream).domain)
                start = clocks.aligned(start, domain: domain)
                end = clocks.aligned(end, domain: domain)
            }
            spans.append(CriticalPath.Span(start: start, end: max(start, end), parent: -1))
        }
        // Siblings mostly come one after the other.
        var (lastParent, lastPlace): (UInt64, Int32) = (0, -1)
        for (place, node) in nodes.enumerated() where node.parent != 0 {
            if node.parent != lastParent { (lastParent, lastPlace) = (node.parent, places.find(node.parent) ?? -1) }
            if lastPlace != Int32(place) { spans[place].parent = lastPlace }
        }
        for hop in hops(directory, parent: { Int(spans[$0].parent) }) {
            // What the sender still does once the message is there, nobody downstream waits for; and the receiver's wait
            // before it was sent is nobody's work.
            if spans[hop.receive].parent == Int32(hop.send) {
                spans[hop.send].end = max(spans[hop.send].start, spans[hop.receive].end)
                spans[hop.receive].end = spans[hop.receive].start
            } else {
                spans[hop.receive].start = min(spans[hop.send].start, spans[hop.receive].end)
                spans[hop.send].end = spans[hop.send].start
            }
        }
        return algorithm.pieces(of: spans, root: root)
    }

    /// Joins each receive to its send: by link and message, else to the send that encloses it.
    func hops(_ directory: Directory, parent: (Int) -> Int) -> ContiguousArray<Hop> {
        func key(_ node: Node, _ link: Int32) -> UInt64 {
            mixed(UInt64(bitPattern: node.message), UInt64(UInt32(bitPattern: link)))
        }
        var sends = KeyTable<Int32>(filler: -1)
        var receives: ContiguousArray<(place: Int, link: Int32)> = []
        for (place, node) in nodes.enumerated() {
            let plan = directory.plan(RoleID(node.role))
            if plan.operation == .hopSend, node.message != 0 {
                sends.insert(key(node, plan.link), Int32(place))
            } else if plan.operation == .hopReceive {
                receives.append((place, plan.link))
            }
        }
        var hops: ContiguousArray<Hop> = []
        for (place, link) in receives {
            var send = nodes[place].message == 0 ? nil : sends.find(key(nodes[place], link)).map { Int($0) }
            let parent = parent(place)
            if send == nil, parent >= 0, directory.plan(RoleID(nodes[parent].role)).operation == .hopSend {
                send = parent
            }
            if let send { hops.append(Hop(send: send, receive: place)) }
        }
        return hops
    }
}
