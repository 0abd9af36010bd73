internal import SpanreelTracing

/// Decodes OTLP's messages from protobuf. Field numbers: opentelemetry-proto `common.proto`,
/// `resource.proto`, `trace.proto`, `metrics.proto`.
enum OTLPProtobuf {
    /// `AnyValue` nested deeper is refused.
    static let depthMax = 32

    static func resource(_ reader: ProtobufReader) throws(WireError) -> OTLPResource {
        var reader = reader
        var resource = OTLPResource()
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let range)): resource.attributes.append(try keyValue(.init(reader.bytes, in: range)))
            case (2, .varint(let value)): resource.droppedAttributes = UInt32(clamping: value)
            default: resource.unknown.append(contentsOf: reader.bytes[field.raw])
            }
        }
        return resource
    }

    static func scope(_ reader: ProtobufReader) throws(WireError) -> OTLPScope {
        var reader = reader
        var scope = OTLPScope()
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let range)): scope.name = text(reader, range)
            case (2, .bytes(let range)): scope.version = text(reader, range)
            case (3, .bytes(let range)): scope.attributes.append(try keyValue(.init(reader.bytes, in: range)))
            case (4, .varint(let value)): scope.droppedAttributes = UInt32(clamping: value)
            default: break
            }
        }
        return scope
    }

    static func span(_ reader: ProtobufReader) throws(WireError) -> OTLPSpan {
        var reader = reader
        var span = OTLPSpan()
        span.attributes.reserveCapacity(8)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let range)): span.trace = try traceID(reader.bytes, range)
            case (2, .bytes(let range)): span.span = try spanID(reader.bytes, range, "a span id")
            case (3, .bytes(let range)): span.traceState = text(reader, range)
            case (4, .bytes(let range)): span.parent = try spanID(reader.bytes, range, "a parent id")
            case (5, .bytes(let range)): span.name = text(reader, range)
            case (6, .varint(let value)): span.kind = value
            case (7, .fixed64(let value)): span.startNanos = value
            case (8, .fixed64(let value)): span.endNanos = value
            case (9, .bytes(let range)): span.attributes.append(try keyValue(.init(reader.bytes, in: range)))
            case (10, .varint(let value)): span.droppedAttributes = UInt32(clamping: value)
            case (11, .bytes(let range)): span.events.append(try event(.init(reader.bytes, in: range)))
            case (12, .varint(let value)): span.droppedEvents = UInt32(clamping: value)
            case (13, .bytes(let range)): span.links.append(try link(.init(reader.bytes, in: range)))
            case (14, .varint(let value)): span.droppedLinks = UInt32(clamping: value)
            case (15, .bytes(let range)): try status(.init(reader.bytes, in: range), into: &span)
            case (16, .fixed32(let value)): span.flags = value
            default: span.unknown.append(contentsOf: reader.bytes[field.raw])
            }
        }
        return span
    }

    static func keyValue(_ reader: ProtobufReader, depth: Int = 0) throws(WireError) -> OTLPKeyValue {
        var reader = reader
        var pair = OTLPKeyValue(key: "", value: .empty)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let range)): pair.key = text(reader, range)
            case (2, .bytes(let range)): pair.value = try value(.init(reader.bytes, in: range), depth: depth)
            default: break
            }
        }
        return pair
    }

    static func value(_ reader: ProtobufReader, depth: Int) throws(WireError) -> OTLPValue {
        guard depth < depthMax else {
            throw WireError(what: "a value nested deeper than \(depthMax)", offset: reader.position)
        }
        var reader = reader
        var value = OTLPValue.empty
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let range)): value = .string(text(reader, range))
            case (2, .varint(let bits)): value = .bool(bits != 0)
            case (3, .varint(let bits)): value = .int(Int64(bitPattern: bits))
            case (4, .fixed64(let bits)): value = .double(Double(bitPattern: bits))
            case (5, .bytes(let range)):
                var inner = ProtobufReader(reader.bytes, in: range)
                var elements: [OTLPValue] = []
                while let field = try inner.next() {
                    guard field.number == 1, case .bytes(let range) = field.value else { continue }
                    elements.append(try self.value(.init(inner.bytes, in: range), depth: depth + 1))
                }
                value = .array(elements)
            case (6, .bytes(let range)):
                var inner = ProtobufReader(reader.bytes, in: range)
                var pairs: [OTLPKeyValue] = []
                while let field = try inner.next() {
                    guard field.number == 1, case .bytes(let range) = field.value else { continue }
                    pairs.append(try keyValue(.init(inner.bytes, in: range), depth: depth + 1))
                }
                value = .map(pairs)
            case (7, .bytes(let range)): value = .bytes(Array(reader.bytes[range]))
            default: break
            }
        }
        return value
    }

    private static func event(_ reader: ProtobufReader) throws(WireError) -> OTLPEvent {
        var reader = reader
        var event = OTLPEvent()
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .fixed64(let value)): event.timeNanos = value
            case (2, .bytes(let range)): event.name = text(reader, range)
            case (3, .bytes(let range)): event.attributes.append(try keyValue(.init(reader.bytes, in: range)))
            case (4, .varint(let value)): event.droppedAttributes = UInt32(clamping: value)
            default: break
            }
        }
        return event
    }

    private static func link(_ reader: ProtobufReader) throws(WireError) -> OTLPLink {
        var reader = reader
        var link = OTLPLink()
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let range)): link.trace = Array(reader.bytes[range])
            case (2, .bytes(let range)): link.span = Array(reader.bytes[range])
            case (3, .bytes(let range)): link.traceState = text(reader, range)
            case (4, .bytes(let range)): link.attributes.append(try keyValue(.init(reader.bytes, in: range)))
            case (5, .varint(let value)): link.droppedAttributes = UInt32(clamping: value)
            case (6, .fixed32(let value)): link.flags = value
            default: break
            }
        }
        return link
    }

    private static func status(_ reader: ProtobufReader, into span: inout OTLPSpan) throws(WireError) {
        var reader = reader
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (2, .bytes(let range)): span.statusMessage = text(reader, range)
            case (3, .varint(let value)): span.statusCode = value
            default: break
            }
        }
    }

    /// Text that is not UTF-8 is repaired with U+FFFD rather than refused: a cut prompt must not cost its span.
    static func text(_ reader: ProtobufReader, _ range: Range<Int>) -> String {
        String(decoding: reader.bytes[range], as: UTF8.self)
    }

    private static func traceID(_ bytes: [UInt8], _ range: Range<Int>) throws(WireError) -> TraceID {
        guard range.count == 16 else {
            throw WireError(what: "a trace id of \(range.count) bytes", offset: range.lowerBound)
        }
        return TraceID(high: big(bytes, range.lowerBound), low: big(bytes, range.lowerBound + 8))
    }

    private static func spanID(_ bytes: [UInt8], _ range: Range<Int>, _ what: String) throws(WireError) -> SpanID {
        if range.isEmpty { return .none }
        guard range.count == 8 else {
            throw WireError(what: "\(what) of \(range.count) bytes", offset: range.lowerBound)
        }
        return SpanID(big(bytes, range.lowerBound))
    }

    /// Eight bytes, most significant first; the caller has checked that they are there.
    private static func big(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in offset..<offset + 8 { value = value << 8 | UInt64(bytes[index]) }
        return value
    }
}
