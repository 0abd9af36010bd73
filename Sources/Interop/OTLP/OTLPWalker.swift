internal import SpanreelTracing

/// What receives the content of OTLP requests.
protocol OTLPVisitor: AnyObject {
    /// The spans and metrics that follow are of this resource.
    func visit(resource: OTLPResource) throws(TraceError)
    /// The spans and metrics that follow are of this scope.
    func visit(scope: OTLPScope)
    func visit(span: OTLPSpan, document: Int, offset: Int) throws(TraceError)
    /// All metrics of one scope, so that readings of one instant meet.
    func visit(metrics: [OTLPMetric]) throws(TraceError)
}

/// Walks one OTLP request, in either encoding. A span or metric that cannot be decoded is counted in `problems`
/// and costs nothing but itself.
struct OTLPWalker {
    let problems: ImportProblems

    /// Hands everything in `document` to `visitor`.
    func walk(_ document: Document, _ visitor: some OTLPVisitor) throws(TraceError) {
        switch document.encoding {
        case .protobuf: try walkProtobuf(document, visitor)
        case .json: try walkJSON(document, visitor)
        }
    }

    func report(_ error: WireError, _ document: Document) {
        problems.add(document: document.index, offset: document.offset + error.offset, what: error.what)
    }

    // MARK: Protobuf

    private func walkProtobuf(_ document: Document, _ visitor: some OTLPVisitor) throws(TraceError) {
        var request = ProtobufReader(document.bytes)
        while let range = nested(1, &request, document) {
            let parts = fields(ProtobufReader(document.bytes, in: range), document)
            var resource = OTLPResource()
            if let range = parts.first {
                do {
                    resource = try OTLPProtobuf.resource(.init(document.bytes, in: range))
                } catch {
                    report(error, document)
                }
            }
            resource.schemaURL = parts.third
            try visitor.visit(resource: resource)
            for range in parts.second { try walkScope(range, document, visitor) }
        }
    }

    private func walkScope(_ range: Range<Int>, _ document: Document, _ visitor: some OTLPVisitor) throws(TraceError) {
        let parts = fields(ProtobufReader(document.bytes, in: range), document)
        var scope = OTLPScope()
        if let range = parts.first {
            do {
                scope = try OTLPProtobuf.scope(.init(document.bytes, in: range))
            } catch {
                report(error, document)
            }
        }
        scope.schemaURL = parts.third
        visitor.visit(scope: scope)
        var metrics: [OTLPMetric] = []
        for item in parts.second {
            let reader = ProtobufReader(document.bytes, in: item)
            var span: OTLPSpan?
            do {
                if Self.isMetric(reader) {
                    metrics.append(try OTLPProtobuf.metric(reader))
                } else {
                    span = try OTLPProtobuf.span(reader)
                }
            } catch {
                report(error, document)
            }
            guard let span else { continue }
            try visitor.visit(span: span, document: document.index, offset: document.offset + item.lowerBound)
        }
        if !metrics.isEmpty { try visitor.visit(metrics: metrics) }
    }

    /// A `Span` has its times as fixed64 in fields 7 and 8; a `Metric` has messages where a span has a name (5),
    /// times (7), attributes (9) or counts (10), and no ids.
    private static func isMetric(_ reader: ProtobufReader) -> Bool {
        var reader = reader
        var ids = 0
        var hasData = false
        while let field = try? reader.next() {
            switch (field.number, field.value) {
            case (6, .varint), (7, .fixed64), (8, .fixed64): return false
            case (7, .bytes): return true
            case (1, .bytes(let range)) where range.count == 16: ids += 1
            case (2, .bytes(let range)) where range.count == 8: ids += 1
            case (5, .bytes), (9, .bytes), (10, .bytes), (11, .bytes): hasData = true
            default: continue
            }
        }
        return hasData && ids < 2
    }

    /// The next length-delimited field of that number.
    private func nested(_ number: Int, _ reader: inout ProtobufReader, _ document: Document) -> Range<Int>? {
        do {
            while let field = try reader.next() {
                if field.number == number, case .bytes(let range) = field.value { return range }
            }
        } catch {
            report(error, document)
        }
        return nil
    }

    /// `ResourceSpans` and `ScopeSpans` are alike: 1 = whose, 2 = what, repeated, 3 = schema URL; in any order.
    private func fields(
        _ reader: ProtobufReader, _ document: Document
    ) -> (first: Range<Int>?, second: [Range<Int>], third: String) {
        var reader = reader
        var first: Range<Int>?
        var second: [Range<Int>] = []
        var third = ""
        do {
            while let field = try reader.next() {
                switch (field.number, field.value) {
                case (1, .bytes(let range)): first = range
                case (2, .bytes(let range)): second.append(range)
                case (3, .bytes(let range)): third = OTLPProtobuf.text(reader, range)
                default: break
                }
            }
        } catch {
            report(error, document)
        }
        return (first, second, third)
    }
}
