internal import SpanreelTracing

/// Encodes OTLP's messages as canonical protobuf: fields by number, defaults left out, attributes in their
/// order. Equal models give equal bytes, so that the log keeps equal remainders once.
enum OTLPEncoder {
    static func value(_ value: OTLPValue) -> [UInt8] {
        var writer = ProtobufWriter()
        switch value {
        case .empty: break
        case .string(let text): writer.string(1, text, evenEmpty: true)
        case .bool(let flag): writer.present(varint: flag ? 1 : 0, 2)
        case .int(let number): writer.present(varint: UInt64(bitPattern: number), 3)
        case .double(let number): writer.fixed64(4, number.bitPattern, evenZero: true)
        case .array(let elements):
            var inner = ProtobufWriter()
            for element in elements { inner.bytes(1, self.value(element), evenEmpty: true) }
            writer.bytes(5, inner.bytes, evenEmpty: true)
        case .map(let pairs):
            var inner = ProtobufWriter()
            attributes(pairs, 1, into: &inner)
            writer.bytes(6, inner.bytes, evenEmpty: true)
        case .bytes(let bytes): writer.bytes(7, bytes, evenEmpty: true)
        }
        return writer.bytes
    }

    static func attributes(_ pairs: [OTLPKeyValue], _ field: Int, into writer: inout ProtobufWriter) {
        for pair in pairs {
            var inner = ProtobufWriter()
            inner.string(1, pair.key)
            inner.bytes(2, value(pair.value), evenEmpty: true)
            writer.bytes(field, inner.bytes, evenEmpty: true)
        }
    }

    /// `ResourceSpans` without spans.
    static func resource(_ resource: OTLPResource) -> [UInt8] {
        var inner = ProtobufWriter()
        attributes(resource.attributes, 1, into: &inner)
        inner.varint(2, UInt64(resource.droppedAttributes))
        inner.append(fields: resource.unknown)
        var writer = ProtobufWriter()
        writer.bytes(1, inner.bytes, evenEmpty: true)
        writer.string(3, resource.schemaURL)
        return writer.bytes
    }

    static func scope(_ scope: OTLPScope) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.string(1, scope.name)
        writer.string(2, scope.version)
        attributes(scope.attributes, 3, into: &writer)
        writer.varint(4, UInt64(scope.droppedAttributes))
        return writer.bytes
    }

    /// `ScopeSpans` around one span, or around what is left of one.
    static func scopeSpans(_ scope: OTLPScope, span: [UInt8]) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.bytes(1, self.scope(scope))
        writer.bytes(2, span)
        writer.string(3, scope.schemaURL)
        return writer.bytes
    }

    static func span(_ span: OTLPSpan) -> [UInt8] {
        var writer = ProtobufWriter()
        if !span.trace.isNone { writer.bytes(1, big(span.trace.high) + big(span.trace.low)) }
        if !span.span.isNone { writer.bytes(2, big(span.span.rawValue)) }
        writer.string(3, span.traceState)
        if !span.parent.isNone { writer.bytes(4, big(span.parent.rawValue)) }
        writer.string(5, span.name)
        writer.varint(6, span.kind)
        writer.fixed64(7, span.startNanos)
        writer.fixed64(8, span.endNanos)
        attributes(span.attributes, 9, into: &writer)
        writer.varint(10, UInt64(span.droppedAttributes))
        for event in span.events {
            var inner = ProtobufWriter()
            inner.fixed64(1, event.timeNanos)
            inner.string(2, event.name)
            attributes(event.attributes, 3, into: &inner)
            inner.varint(4, UInt64(event.droppedAttributes))
            writer.bytes(11, inner.bytes, evenEmpty: true)
        }
        writer.varint(12, UInt64(span.droppedEvents))
        for link in span.links {
            var inner = ProtobufWriter()
            inner.bytes(1, link.trace)
            inner.bytes(2, link.span)
            inner.string(3, link.traceState)
            attributes(link.attributes, 4, into: &inner)
            inner.varint(5, UInt64(link.droppedAttributes))
            inner.fixed32(6, link.flags)
            writer.bytes(13, inner.bytes, evenEmpty: true)
        }
        writer.varint(14, UInt64(span.droppedLinks))
        var status = ProtobufWriter()
        status.string(2, span.statusMessage)
        status.varint(3, span.statusCode)
        writer.bytes(15, status.bytes)
        writer.fixed32(16, span.flags)
        writer.append(fields: span.unknown)
        return writer.bytes
    }

    private static func big(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
    }
}
