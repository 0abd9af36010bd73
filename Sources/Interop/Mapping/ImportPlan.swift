internal import SpanreelTracing

/// One resource of the file: it becomes one stream.
struct PlannedStream {
    /// The resource as it came.
    var resource: OTLPResource
    /// The device label.
    var device: String
    /// Pipeline stage, where the resource or a span says it.
    var stage: Int?
    /// First and last layer that its stage spans name.
    var layers: ClosedRange<Int>?
    /// The model that its spans name.
    var model: String?

    init(_ resource: OTLPResource) {
        self.resource = resource
        let keys = ["device.id", "mlx.device", "host.name", "service.instance.id", "service.name"]
        device = keys.lazy.compactMap { resource.text($0) }.first { !$0.isEmpty } ?? "unknown"
        stage = (resource.text("mlx.rank") ?? resource.text("spanreel.stage")).flatMap { Int($0) }
    }
}

/// The first of two passes: what later spans must know of earlier ones and the other way round.
///
/// A decode step comes before the request that it belongs to, since spans are written when they end. So this pass
/// keeps, per request, which span is whose parent and when the first token came: memory grows with the number of
/// requests, not of spans.
final class ImportPlan: OTLPVisitor {
    private(set) var streams: [PlannedStream] = []
    /// Valid spans met, an upper bound of what the second pass writes.
    private(set) var spans = 0
    private(set) var metrics = 0

    /// Unix nanoseconds at which a request's first token left the server, from its `gen_ai.first_token` event.
    private(set) var firstToken: [SpanID: Int64] = [:]

    private var streamIndex: [[UInt8]: Int] = [:]
    private var current = 0
    private var scope = OTLPScope()
    /// Requests, prefills and decodes with their parents.
    private var parents: [SpanID: (operation: Operation, parent: SpanID)] = [:]
    private var requestOfTrace: [TraceID: SpanID] = [:]
    private var stepParents: Set<SpanID> = []
    private var stepped: Set<SpanID> = []

    func visit(resource: OTLPResource) {
        current = index(of: resource)
    }

    /// The stream of a resource, new or old.
    func index(of resource: OTLPResource) -> Int {
        let key = OTLPEncoder.resource(resource)
        if let index = streamIndex[key] { return index }
        streams.append(PlannedStream(resource))
        streamIndex[key] = streams.count - 1
        return streams.count - 1
    }

    func visit(scope: OTLPScope) { self.scope = scope }

    func visit(metrics: [OTLPMetric]) { self.metrics += metrics.count }

    func visit(span: OTLPSpan, document: Int, offset: Int) {
        guard span.fault == nil else { return }
        spans += 1
        let entry = RoleTable.entry(of: span, scope: scope.name)
        switch entry.operation {
        case .request:
            parents[span.span] = (.request, span.parent)
            if requestOfTrace[span.trace] == nil { requestOfTrace[span.trace] = span.span }
            if let time = firstTokenTime(of: span) { firstToken[span.span] = time }
            if let model = span.text("gen_ai.request.model") ?? span.text("gen_ai.response.model") {
                streams[current].model = model
            }
        case .prefill, .decode: parents[span.span] = (entry.operation, span.parent)
        case .step: stepParents.insert(span.parent)
        case .stage:
            if let first = span.int("mlx.layer.first"), let last = span.int("mlx.layer.last"), 0 <= first,
                first <= last,
                last < 1_000_000
            {
                let old = streams[current].layers
                streams[current].layers =
                    min(old?.lowerBound ?? Int(first), Int(first))...max(old?.upperBound ?? Int(last), Int(last))
            }
            if streams[current].stage == nil { streams[current].stage = span.int("mlx.stage").map { Int($0) } }
        default: break
        }
    }

    /// Ends the pass: names that only some streams know are given to all, steps are joined to their requests.
    func finish() {
        let models = Set(streams.compactMap(\.model))
        if models.count == 1, let model = models.first {
            for index in streams.indices where streams[index].layers != nil { streams[index].model = model }
        }
        for parent in stepParents { if let request = request(above: parent, trace: nil) { stepped.insert(request) } }
        stepParents = []
    }

    /// The request above a span whose parent is `parent`; through prefill and decode, else by the trace.
    func request(above parent: SpanID, trace: TraceID?) -> SpanID? {
        var id = parent
        for _ in 0..<4 {
            guard let node = parents[id] else { break }
            if node.operation == .request { return id }
            id = node.parent
        }
        return trace.flatMap { requestOfTrace[$0] }
    }

    /// Whether scheduler steps below the request were recorded, so that each token's time is known.
    func isStepped(_ request: SpanID) -> Bool { stepped.contains(request) }

    /// When the first token came, by the span's own word: an event, or a duration in an attribute.
    private func firstTokenTime(of span: OTLPSpan) -> Int64? {
        let start = Int64(clamping: span.startNanos)
        if let event = span.events.first(where: { $0.name == "gen_ai.first_token" }),
            let time = Int64(exactly: event.timeNanos), time >= start
        {
            return time
        }
        for key in Self.firstTokenSeconds {
            guard let seconds = span.double(key), seconds >= 0, let nanos = Int64(exactly: (seconds * 1e9).rounded())
            else {
                continue
            }
            let (time, overflow) = start.addingReportingOverflow(nanos)
            if !overflow { return time }
        }
        return nil
    }

    private static let firstTokenSeconds = [
        "gen_ai.latency.time_to_first_token", "gen_ai.server.time_to_first_token",
        "gen_ai.response.time_to_first_chunk",
    ]
}
