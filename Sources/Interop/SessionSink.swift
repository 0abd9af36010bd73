internal import SpanreelTracing

/// Writes an import into a packed session.
final class SessionSink: ImportSink {
    let symbols = Symbols()
    private let path: String
    private let name: String
    private var writer: SessionWriter?

    init(path: String, name: String) {
        self.path = path
        self.name = name
    }

    /// Begins the file. Until ``finish()`` it lies under a temporary name and goes with this object.
    func open() throws(TraceError) {
        writer = try SessionWriter(path: path, name: name, symbols: symbols)
    }

    func addStream(_ stream: PlannedStream) throws(TraceError) -> UInt32 {
        guard let writer else { throw TraceError(.invalid, "The session was not opened", path: path) }
        return try writer.addStream(stream.info)
    }

    func append(_ batch: borrowing EventBatch) throws(TraceError) { try writer?.append(batch) }

    func finish() throws(TraceError) { try writer?.finish() }
}

extension PlannedStream {
    /// The stream as the session describes it. The resource is kept twice: readable, and exact in
    /// `spanreel.otlp.resource` (Base64 of a canonical `ResourceSpans` without spans).
    var info: StreamInfo {
        let id = StreamID.random()
        var info = StreamInfo(id: id, device: device)
        info.host = resource.text("host.name") ?? ""
        info.pid = resource.text("process.pid").flatMap { Int($0) } ?? 0
        // Nothing in OTLP says whether two resources share a clock, so each has its own and offsets are estimated.
        info.clockDomain = "import-\(id)"
        info.stage = stage
        info.firstLayer = layers?.lowerBound
        info.lastLayer = layers?.upperBound
        info.model = model
        info.isImported = true
        for attribute in resource.attributes {
            switch attribute.value {
            case .string(let text): info.resource[attribute.key] = text
            case .int(let number): info.resource[attribute.key] = String(number)
            case .double(let number): info.resource[attribute.key] = "\(number)"
            case .bool(let flag): info.resource[attribute.key] = String(flag)
            case .empty, .bytes, .array, .map: break
            }
        }
        info.resource["spanreel.otlp.resource"] = Base64.encode(OTLPEncoder.resource(resource))
        return info
    }
}
