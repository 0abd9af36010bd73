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
        /// Joins a send to its receive; 0 for none.
        var message: UInt64
    }

    var trace = TraceID.none
    var nodes: ContiguousArray<Node> = []
    /// The request's own span, by place: the root of the path.
    var request: Int32 = -1
    /// Spans that have begun and not ended.
    var open = 0
    /// The latest event's stamp.
    var lastTime = Int64.min

    /// The path, with times on `clocks`.
    ///
    /// A hop's time runs from the send's start to the receive's end, across the two devices, and belongs to whichever of
    /// the two stands higher in the tree: to a send with its receive under it, else to the receive.
    func path(_ clocks: ClockAlignment, _ directory: Directory, _ algorithm: inout CriticalPath)
        -> ContiguousArray<CriticalPath.Piece>
    {
        guard request >= 0 else { return [] }
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
        joinHops(&spans, directory)
        return algorithm.pieces(of: spans, root: request)
    }

    private func joinHops(_ spans: inout ContiguousArray<CriticalPath.Span>, _ directory: Directory) {
        var sends = KeyTable<Int32>(filler: -1)
        for (place, node) in nodes.enumerated() where node.message != 0 {
            let plan = directory.plan(RoleID(node.role))
            guard plan.operation == .hopSend else { continue }
            sends.insert(mixed(node.message, UInt64(UInt32(bitPattern: plan.link))), Int32(place))
        }
        for (place, node) in nodes.enumerated() {
            let plan = directory.plan(RoleID(node.role))
            guard plan.operation == .hopReceive else { continue }
            let parent = Int(spans[place].parent)
            let isUnderSend =
                parent >= 0 && directory.plan(RoleID(nodes[parent].role)).operation == .hopSend
            let found = sends.find(mixed(node.message, UInt64(UInt32(bitPattern: plan.link)))).map { Int($0) }
            guard let send = isUnderSend ? parent : node.message == 0 ? nil : found else { continue }
            // What the sender still does once the message is there, nobody downstream waits for; and the receiver's wait
            // before it was sent is nobody's work.
            if isUnderSend {
                spans[send].end = max(spans[send].start, spans[place].end)
                spans[place].end = spans[place].start
            } else {
                spans[place].start = min(spans[send].start, spans[place].end)
                spans[send].end = spans[send].start
            }
        }
    }
}
