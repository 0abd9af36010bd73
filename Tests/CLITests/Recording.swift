import SpanreelTracing

/// A small session through the public API: three requests with layers.
enum Recording {
    /// A session that is being written, nothing in it yet.
    static func open(_ path: String) throws -> Recorder {
        var options = Recorder.Options()
        options.path = path
        options.device = "mini1"
        return try Recorder.open(options)
    }

    static func write(to path: String, packed: Bool = true) throws {
        let recorder = try open(path)
        let request = recorder.role(Role(.request, name: "request"))
        let layer = recorder.role(Role(.layer, phase: .decode, layer: 0, stage: 0))
        for _ in 0..<3 {
            let span = recorder.begin(request, kind: .server)
            for _ in 0..<5 {
                let start = recorder.now()
                recorder.record(layer, from: start, parent: span)
                recorder.tokens(1, phase: .decode, in: span)
            }
            recorder.end(span, status: .ok) { $0.set(.outputTokens, 5) }
        }
        try recorder.close()
        if packed { try SessionPacker.pack(path: path) }
    }
}
