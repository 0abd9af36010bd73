internal import SpanreelTracing

/// The keys that the mapping writes, interned once.
struct MappedKeys {
    /// `spanreel.derived`: true on a fact that was derived from a span; on a span, the comma-separated names of the
    /// attributes that were derived from others.
    let derived: AttributeKey

    init(_ symbols: Symbols) {
        derived = symbols.key("spanreel.derived")
    }
}

/// Builds the attributes of one event from a span.
///
/// Order: the span's own, then the derived ones, then their list, then the remainder. The remainder is a canonical
/// `ScopeSpans` with the scope and one span that holds all of the original that has no column: trace state, flags,
/// events, links, dropped counts, and the original of an attribute whose place a derived one took. Its attributes
/// win over the event's of the same name when the span is put together again.
///
/// A value of more than ``valueBytesMax``, or what comes after ``listBytesMax`` in all, is left out and counted in the
/// span's own dropped counts, as an OpenTelemetry SDK with limits does: a block of the log holds 64 MiB.
struct AttributeList {
    static let valueBytesMax = 1 << 20
    static let listBytesMax = 8 << 20

    /// Values left out because they were too long.
    private(set) var leftOut = 0
    private var bytes = 0
    private let symbols: Symbols
    private let keys: MappedKeys
    private var list: [Attribute] = []
    private var derivedNames: [String] = []
    private var rest: OTLPSpan
    private let scope: OTLPScope

    init(span: OTLPSpan, scope: OTLPScope, operation: Operation, keys: MappedKeys, _ symbols: Symbols) {
        self.symbols = symbols
        self.keys = keys
        self.scope = scope
        rest = span
        // What has a column.
        rest.trace = .none
        rest.span = .none
        rest.parent = .none
        rest.name = ""
        rest.startNanos = 0
        rest.endNanos = 0
        rest.attributes = []
        if rest.kind <= 5 { rest.kind = 0 }
        if rest.statusCode <= 2 { rest.statusCode = 0 }
        rest.statusMessage = ""

        list.reserveCapacity(span.attributes.count * 2 + 2)
        for pair in span.attributes { keep(pair) }
        for pair in span.attributes where Self.size(pair.value) <= Self.valueBytesMax {
            guard let entry = AttributeTable.entries[pair.key],
                let value = AttributeTable.scaled(pair.value, by: entry.factor)
            else { continue }
            derive(entry.key, value)
        }
        if !span.statusMessage.isEmpty, span.statusMessage.utf8.count <= Self.valueBytesMax {
            list.append(attribute(.statusMessage, .string(span.statusMessage)))
        }
        if operation == .request || operation == .clientRequest, let reason = Self.finishReason(of: span) {
            replace(.finishReason, .string(reason))
        }
    }

    /// Adds the list of derived names and the remainder, and hands the attributes over.
    mutating func finish() -> [Attribute] {
        if !derivedNames.isEmpty {
            list.append(attribute(keys.derived, .string(derivedNames.joined(separator: ","))))
        }
        var blob = OTLPEncoder.scopeSpans(scope, span: OTLPEncoder.span(rest))
        if blob.count > Self.listBytesMax {
            leftOut += rest.events.count + rest.links.count + rest.attributes.count
            rest.droppedEvents = UInt32(clamping: Int(rest.droppedEvents) + rest.events.count)
            rest.droppedLinks = UInt32(clamping: Int(rest.droppedLinks) + rest.links.count)
            rest.droppedAttributes = UInt32(clamping: Int(rest.droppedAttributes) + rest.attributes.count)
            rest.events = []
            rest.links = []
            rest.attributes = []
            rest.unknown = []
            rest.traceState = ""
            blob = OTLPEncoder.scopeSpans(scope, span: OTLPEncoder.span(rest))
            if blob.count > Self.listBytesMax { blob = [] }
        }
        if !blob.isEmpty {
            list.append(Attribute(key: .otlpRemainder, type: .blob, bits: UInt64(symbols.intern(blob: blob))))
        }
        return list
    }

    /// How a generation ended: the first of `gen_ai.response.finish_reasons`; else from status codes.
    static func finishReason(of span: OTLPSpan) -> String? {
        if span.text("error.type") == "cancelled_by_client" { return "cancelled" }
        switch span.value("gen_ai.response.finish_reasons") {
        case .array(let reasons):
            if case .string(let reason)? = reasons.first { return reason == "abort" ? "cancelled" : reason }
        case .string(let reason): return reason == "abort" ? "cancelled" : reason
        default: break
        }
        switch span.int("http.response.status_code") ?? span.int("http.status_code") {
        case 499?: return "cancelled"
        case .some(400..<500): return "rejected"
        default: return nil
        }
    }

    private mutating func keep(_ pair: OTLPKeyValue) {
        let size = pair.key.utf8.count + Self.size(pair.value)
        guard size <= Self.valueBytesMax, bytes + size <= Self.listBytesMax else {
            leftOut += 1
            rest.droppedAttributes = UInt32(clamping: Int(rest.droppedAttributes) + 1)
            return
        }
        bytes += size
        let key = symbols.key(pair.key)
        if key == .otlpRemainder || key == keys.derived || list.count >= 1_000 {
            // Ours by name but not by origin, or too many for columns: kept where it cannot be mistaken.
            rest.attributes.append(pair)
            return
        }
        list.append(attribute(key, pair.value))
    }

    /// Bytes of a value; near enough for the bound.
    private static func size(_ value: OTLPValue) -> Int {
        switch value {
        case .empty, .bool, .int, .double: 8
        case .string(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        case .array, .map: OTLPEncoder.value(value).count
        }
    }

    private mutating func derive(_ key: AttributeKey, _ value: OTLPValue) {
        guard !list.contains(where: { $0.key == key }) else { return }
        list.append(attribute(key, value))
        derivedNames.append(symbols.name(of: key))
    }

    /// Puts a derived value in the place of one of the same name, whose original goes to the remainder.
    private mutating func replace(_ key: AttributeKey, _ value: OTLPValue) {
        let new = attribute(key, value)
        if let index = list.firstIndex(where: { $0.key == key }) {
            let old = list[index]
            if old.type == new.type, old.bits == new.bits { return }
            if old.type == .blob, let original = blobValue(old) {
                rest.attributes.append(OTLPKeyValue(key: symbols.name(of: key), value: original))
            } else if old.type == .string {
                rest.attributes.append(
                    OTLPKeyValue(
                        key: symbols.name(of: key),
                        value: .string(symbols.string(StringID(UInt32(truncatingIfNeeded: old.bits))))))
            } else {
                return
            }
            list.remove(at: index)
        }
        list.append(new)
        derivedNames.append(symbols.name(of: key))
    }

    private func blobValue(_ attribute: Attribute) -> OTLPValue? {
        let index = Int(truncatingIfNeeded: attribute.bits)
        guard index < symbols.blobs.count else { return nil }
        return try? OTLPProtobuf.value(ProtobufReader(symbols.blobs[index]), depth: 0)
    }

    private func attribute(_ key: AttributeKey, _ value: OTLPValue) -> Attribute {
        Attribute(key: key, value, symbols)
    }
}

extension Attribute {
    /// An attribute with a value of OTLP: scalars in their own type, all else as canonical protobuf.
    init(key: AttributeKey, _ value: OTLPValue, _ symbols: Symbols) {
        switch value {
        case .int(let number): self.init(key: key, type: .int, bits: UInt64(bitPattern: number))
        case .double(let number): self.init(key: key, type: .double, bits: number.bitPattern)
        case .bool(let flag): self.init(key: key, type: .bool, bits: flag ? 1 : 0)
        case .string(let text): self.init(key: key, type: .string, bits: UInt64(symbols.intern(text).index))
        case .empty, .bytes, .array, .map:
            self.init(key: key, type: .blob, bits: UInt64(symbols.intern(blob: OTLPEncoder.value(value))))
        }
    }
}
