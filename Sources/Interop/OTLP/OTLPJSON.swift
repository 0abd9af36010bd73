internal import SpanreelTracing

/// Decodes OTLP's JSON: camel-case names, ids in hexadecimal, 64-bit integers as strings, enums as numbers
/// ([OTLP, JSON Protobuf encoding](https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding)).
/// Snake-case names and enum names, which some exporters write, are read too.
enum OTLPJSON {
    static func resource(_ json: JSONValue, schemaURL: String) throws(WireError) -> OTLPResource {
        OTLPResource(
            attributes: attributes(json["attributes"]), droppedAttributes: dropped(json, "droppedAttributesCount"),
            schemaURL: schemaURL)
    }

    static func scope(_ json: JSONValue, schemaURL: String) -> OTLPScope {
        OTLPScope(
            name: json["name"]?.text ?? "", version: json["version"]?.text ?? "",
            attributes: attributes(json["attributes"]), droppedAttributes: dropped(json, "droppedAttributesCount"),
            schemaURL: schemaURL)
    }

    static func span(_ json: JSONValue, offset: Int) throws(WireError) -> OTLPSpan {
        guard case .object = json else { throw WireError(what: "a span that is no object", offset: offset) }
        var span = OTLPSpan()
        guard let trace = member(json, "traceId", "trace_id")?.text, let trace = TraceID(hex: trace) else {
            throw WireError(what: "a trace id that is not 32 hexadecimal digits", offset: offset)
        }
        guard let id = member(json, "spanId", "span_id")?.text, let id = SpanID(hex: id) else {
            throw WireError(what: "a span id that is not 16 hexadecimal digits", offset: offset)
        }
        span.trace = trace
        span.span = id
        if let parent = member(json, "parentSpanId", "parent_span_id")?.text, !parent.isEmpty {
            guard let parent = SpanID(hex: parent) else {
                throw WireError(what: "a parent id that is not 16 hexadecimal digits", offset: offset)
            }
            span.parent = parent
        }
        span.traceState = member(json, "traceState", "trace_state")?.text ?? ""
        span.name = json["name"]?.text ?? ""
        span.kind = code(json["kind"], kinds)
        span.startNanos = member(json, "startTimeUnixNano", "start_time_unix_nano")?.unsigned ?? 0
        span.endNanos = member(json, "endTimeUnixNano", "end_time_unix_nano")?.unsigned ?? 0
        span.attributes = attributes(json["attributes"])
        span.droppedAttributes = dropped(json, "droppedAttributesCount")
        span.events = (json["events"]?.elements ?? []).map { event in
            OTLPEvent(
                timeNanos: member(event, "timeUnixNano", "time_unix_nano")?.unsigned ?? 0,
                name: event["name"]?.text ?? "", attributes: attributes(event["attributes"]),
                droppedAttributes: dropped(event, "droppedAttributesCount"))
        }
        span.droppedEvents = dropped(json, "droppedEventsCount")
        span.links = (json["links"]?.elements ?? []).map { link in
            OTLPLink(
                trace: hex(member(link, "traceId", "trace_id")?.text),
                span: hex(member(link, "spanId", "span_id")?.text),
                traceState: member(link, "traceState", "trace_state")?.text ?? "",
                attributes: attributes(link["attributes"]),
                droppedAttributes: dropped(link, "droppedAttributesCount"),
                flags: UInt32(clamping: link["flags"]?.unsigned ?? 0))
        }
        span.droppedLinks = dropped(json, "droppedLinksCount")
        span.statusCode = code(json["status"]?["code"], statusCodes)
        span.statusMessage = json["status"]?["message"]?.text ?? ""
        span.flags = UInt32(clamping: json["flags"]?.unsigned ?? 0)
        return span
    }

    static func attributes(_ json: JSONValue?) -> [OTLPKeyValue] {
        (json?.elements ?? []).map { OTLPKeyValue(key: $0["key"]?.text ?? "", value: value($0["value"])) }
    }

    /// `AnyValue`. The reader has limited the nesting.
    static func value(_ json: JSONValue?) -> OTLPValue {
        guard case .object(let members)? = json, let member = members.first else { return .empty }
        switch member.key {
        case "stringValue", "string_value": return .string(member.value.text ?? "")
        case "boolValue", "bool_value": return .bool(member.value.bool ?? false)
        case "intValue", "int_value": return .int(member.value.integer ?? 0)
        case "doubleValue", "double_value": return .double(member.value.double ?? 0)
        case "bytesValue", "bytes_value": return .bytes(Base64.decode(member.value.text ?? "") ?? [])
        case "arrayValue", "array_value": return .array((member.value["values"]?.elements ?? []).map { value($0) })
        case "kvlistValue", "kvlist_value": return .map(attributes(member.value["values"]))
        default: return .empty
        }
    }

    static func metric(_ json: JSONValue, offset: Int) throws(WireError) -> OTLPMetric {
        guard case .object = json, let name = json["name"]?.text else {
            throw WireError(what: "a metric without a name", offset: offset)
        }
        var metric = OTLPMetric(
            name: name, description: json["description"]?.text ?? "", unit: json["unit"]?.text ?? "")
        guard let data = json["gauge"] ?? json["sum"] else {
            metric.isUnread = true
            return metric
        }
        if json["gauge"] == nil {
            metric.sum = .init(
                temporality: code(data["aggregationTemporality"], temporalities),
                isMonotonic: data["isMonotonic"]?.bool ?? false)
        }
        metric.points = (member(data, "dataPoints", "data_points")?.elements ?? []).map { json in
            var value = OTLPValue.empty
            if let int = member(json, "asInt", "as_int")?.integer {
                value = .int(int)
            } else if let double = member(json, "asDouble", "as_double")?.double {
                value = .double(double)
            }
            return OTLPMetric.Point(
                timeNanos: member(json, "timeUnixNano", "time_unix_nano")?.unsigned ?? 0,
                startNanos: member(json, "startTimeUnixNano", "start_time_unix_nano")?.unsigned ?? 0, value: value,
                attributes: attributes(json["attributes"]), flags: UInt32(clamping: json["flags"]?.unsigned ?? 0))
        }
        return metric
    }

    // MARK: Parts

    private static let kinds = [
        "SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER",
        "SPAN_KIND_CONSUMER",
    ]
    private static let statusCodes = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"]
    private static let temporalities = [
        "AGGREGATION_TEMPORALITY_UNSPECIFIED", "AGGREGATION_TEMPORALITY_DELTA", "AGGREGATION_TEMPORALITY_CUMULATIVE",
    ]

    private static func member(_ json: JSONValue, _ camel: String, _ snake: String) -> JSONValue? {
        json[camel] ?? json[snake]
    }

    private static func dropped(_ json: JSONValue, _ key: String) -> UInt32 {
        UInt32(clamping: json[key]?.unsigned ?? 0)
    }

    private static func code(_ json: JSONValue?, _ names: [String]) -> UInt64 {
        if let text = json?.text, let index = names.firstIndex(of: text) { return UInt64(index) }
        return json?.unsigned ?? 0
    }

    /// Bytes of a hexadecimal id; anything else gives none.
    private static func hex(_ text: String?) -> [UInt8] {
        guard let text, text.utf8.count % 2 == 0 else { return [] }
        var bytes: [UInt8] = []
        var rest = text[...]
        while !rest.isEmpty {
            guard let byte = Hex.parse(rest.prefix(2)) else { return [] }
            bytes.append(UInt8(truncatingIfNeeded: byte))
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
