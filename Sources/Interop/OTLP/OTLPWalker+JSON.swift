internal import SpanreelTracing

extension OTLPWalker {
    /// JSON's members come in any order, so each level is first laid out (where is what), then read: the resource
    /// before its spans. Only one span at a time is built.
    func walkJSON(_ document: Document, _ visitor: some OTLPVisitor) throws(TraceError) {
        var reader = JSONReader(document.bytes)
        let (top, error) = reader.members()
        if let error { report(error, document) }
        for member in top where Self.resourceKeys.contains(member.key) {
            for place in elements(member.range, document) { try walkResource(place, document, visitor) }
        }
    }

    private static let resourceKeys: Set<String> = [
        "resourceSpans", "resource_spans", "batches", "resourceMetrics", "resource_metrics",
    ]
    private static let scopeKeys: Set<String> = [
        "scopeSpans", "scope_spans", "instrumentationLibrarySpans", "scopeMetrics", "scope_metrics",
    ]

    private func walkResource(
        _ place: Range<Int>, _ document: Document, _ visitor: some OTLPVisitor
    ) throws(TraceError) {
        let parts = members(place, document)
        let schemaURL = value("schemaUrl", parts, document)?.text ?? ""
        var resource = OTLPResource(schemaURL: schemaURL)
        if let json = value("resource", parts, document) {
            do {
                resource = try OTLPJSON.resource(json, schemaURL: schemaURL)
            } catch {
                reportInner(error, document)
            }
        }
        try visitor.visit(resource: resource)
        for part in parts where Self.scopeKeys.contains(part.key) {
            for place in elements(part.range, document) { try walkScope(place, document, visitor) }
        }
    }

    private func walkScope(_ place: Range<Int>, _ document: Document, _ visitor: some OTLPVisitor) throws(TraceError) {
        let parts = members(place, document)
        let schemaURL = value("schemaUrl", parts, document)?.text ?? ""
        let scope = value("scope", parts, document) ?? value("instrumentationLibrary", parts, document)
        visitor.visit(scope: OTLPJSON.scope(scope ?? .null, schemaURL: schemaURL))
        for part in parts where part.key == "spans" {
            for place in elements(part.range, document) {
                let span: OTLPSpan
                do {
                    var reader = JSONReader(document.bytes, in: place)
                    span = try OTLPJSON.span(try reader.value(), offset: place.lowerBound)
                } catch {
                    reportInner(error, document)
                    continue
                }
                try visitor.visit(span: span, document: document.index, offset: document.offset + place.lowerBound)
            }
        }
        var metrics: [OTLPMetric] = []
        for part in parts where part.key == "metrics" {
            for place in elements(part.range, document) {
                do {
                    var reader = JSONReader(document.bytes, in: place)
                    metrics.append(try OTLPJSON.metric(try reader.value(), offset: place.lowerBound))
                } catch {
                    reportInner(error, document)
                }
            }
        }
        if !metrics.isEmpty { try visitor.visit(metrics: metrics) }
    }

    /// A cut is one problem, which the top level has reported already.
    private func reportInner(_ error: WireError, _ document: Document) {
        if error.offset < document.bytes.count { report(error, document) }
    }

    private func members(_ place: Range<Int>, _ document: Document) -> [(key: String, range: Range<Int>)] {
        var reader = JSONReader(document.bytes, in: place)
        let (places, error) = reader.members()
        if let error { reportInner(error, document) }
        return places
    }

    private func elements(_ place: Range<Int>, _ document: Document) -> [Range<Int>] {
        var reader = JSONReader(document.bytes, in: place)
        let (places, error) = reader.elements()
        if let error { reportInner(error, document) }
        return places
    }

    private func value(
        _ key: String, _ parts: [(key: String, range: Range<Int>)], _ document: Document
    ) -> JSONValue? {
        guard let part = parts.first(where: { $0.key == key }) else { return nil }
        do {
            var reader = JSONReader(document.bytes, in: part.range)
            return try reader.value()
        } catch {
            reportInner(error, document)
            return nil
        }
    }
}
