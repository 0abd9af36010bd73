import SpanreelTracing

/// Emits a recorded session again and again, each time with redrawn durations (see ``Warp``) behind the time before.
///
/// A span with children is a begin and an end, because they need its id; a span without is one record. Streams, roles,
/// status and attributes are the original's; ids are the recorder's own. Left out is what an importer adds: values under
/// two names (the well-known one stays), what the role says already, the list of derived names, and the remainder.
struct Redraw {
    private let original: Original
    private let recorders: [Recorder]
    private let roles: [RoleHandle]
    private var attributes: AttributePlan
    private var warp: Warp
    private var random: Random
    private var contexts: [SpanContext]
    private var starts: [Int64]
    private(set) var events = 0
    private(set) var spans = 0

    /// Between two flushes: in all streams together well below what one lane holds.
    private static let flushEvents = 8_000

    init(_ original: Original, path: String, seed: Int) throws {
        self.original = original
        recorders = try original.streams.map { try Recorder.open(Self.options($0, path)) }
        let recorders = recorders
        roles = original.items.indices.map {
            recorders[Int(original.items[$0].event.stream)].role(original.role($0))
        }
        attributes = AttributePlan(original, recorders)
        warp = Warp(original)
        random = Random(seed: UInt64(seed))
        contexts = Array(repeating: .none, count: original.items.count)
        starts = Array(repeating: 0, count: original.items.count)
    }

    private static func options(_ stream: StreamInfo, _ path: String) -> Recorder.Options {
        var options = Recorder.Options()
        options.path = path
        options.device = stream.device
        options.stage = stream.stage
        if let first = stream.firstLayer, let last = stream.lastLayer { options.layers = first...last }
        options.model = stream.model
        options.resource = stream.resource.filter { $0.key != "spanreel.otlp.resource" }
        options.durability = .none
        return options
    }

    /// Emits whole repetitions until there are at least `target` events, and closes the streams.
    mutating func run(events target: Int) throws {
        var start = recorders[0].unixNanos(recorders[0].now())
        var repetition = 0
        var flushed = 0
        while events < target {
            start = warp.draw(from: start, &random)
            attributes.begin(repetition)
            var traces: [TraceID: TraceID] = [:]
            for place in original.edges.indices {
                emit(place, &traces)
                if events - flushed >= Self.flushEvents {
                    for recorder in recorders { try recorder.flush() }
                    flushed = events
                }
            }
            repetition += 1
        }
        for recorder in recorders { try recorder.close() }
    }

    /// Emits what happens at an edge. `traces` knows the traces of this repetition by the original's.
    private mutating func emit(_ place: Int, _ traces: inout [TraceID: TraceID]) {
        let edge = original.edges[place]
        let item = original.items[edge.item]
        let event = item.event
        let recorder = recorders[Int(event.stream)]
        let role = roles[edge.item]
        let time = warp.after[place]
        let at = recorder.ticks(unixNanos: time)
        // Some roots share a trace, such as a process's memory samples.
        let parent =
            item.parent.map { contexts[$0] }
            ?? traces[event.trace].map { SpanContext(trace: $0, span: .none) }
        switch edge.side {
        case .begin:
            starts[edge.item] = time
            guard item.hasChildren else { return }
            let moment = AttributePlan.Moment(item: edge.item, part: .begin, start: time, end: time)
            contexts[edge.item] = recorder.begin(role, kind: event.spanKind, parent: parent, at: at) {
                attributes.write(moment, warp, &$0)
            }
            if item.parent == nil { traces[event.trace] = contexts[edge.item].trace }
            spans += 1
        case .end where item.hasChildren:
            let moment = AttributePlan.Moment(item: edge.item, part: .end, start: starts[edge.item], end: time)
            recorder.end(contexts[edge.item], status: event.status, at: at) { attributes.write(moment, warp, &$0) }
        case .end:
            let moment = AttributePlan.Moment(item: edge.item, part: .whole, start: starts[edge.item], end: time)
            let from = recorder.ticks(unixNanos: starts[edge.item])
            let span = recorder.record(
                role, kind: event.spanKind, from: from, to: at, parent: parent, status: event.status
            ) { attributes.write(moment, warp, &$0) }
            if item.parent == nil { traces[event.trace] = span.trace }
            spans += 1
        case .instant:
            let moment = AttributePlan.Moment(item: edge.item, part: .whole, start: time, end: time)
            recorder.tokens(
                Int(event.value), phase: original.role(edge.item).phase, in: parent ?? .none, at: at
            ) { attributes.write(moment, warp, &$0) }
        }
        events += 1
    }
}
