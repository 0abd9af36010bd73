internal import SpanreelTracing

// OpenTelemetry's data model as OTLP carries it (opentelemetry-proto 1.x), whatever the encoding: the
// protobuf and the JSON decoder fill these, the mapping reads them, the encoder writes them back.

/// `AnyValue`.
indirect enum OTLPValue: Equatable {
    case empty
    case string(String)
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case bytes([UInt8])
    case array([OTLPValue])
    case map([OTLPKeyValue])
}

/// `KeyValue`.
struct OTLPKeyValue: Equatable {
    var key: String
    var value: OTLPValue
}

/// `Resource`, with the schema URL of what contains it.
struct OTLPResource: Equatable {
    var attributes: [OTLPKeyValue] = []
    var droppedAttributes: UInt32 = 0
    var schemaURL = ""
    /// Fields that this version does not know, as they came.
    var unknown: [UInt8] = []

    /// The string, or the text of the integer, under that key.
    func text(_ key: String) -> String? {
        switch attributes.first(where: { $0.key == key })?.value {
        case .string(let text): text
        case .int(let value): String(value)
        default: nil
        }
    }
}

/// `InstrumentationScope`, with the schema URL of what contains it.
struct OTLPScope: Equatable {
    var name = ""
    var version = ""
    var attributes: [OTLPKeyValue] = []
    var droppedAttributes: UInt32 = 0
    var schemaURL = ""
}

/// `Span.Event`.
struct OTLPEvent: Equatable {
    var timeNanos: UInt64 = 0
    var name = ""
    var attributes: [OTLPKeyValue] = []
    var droppedAttributes: UInt32 = 0
}

/// `Span.Link`.
struct OTLPLink: Equatable {
    var trace: [UInt8] = []
    var span: [UInt8] = []
    var traceState = ""
    var attributes: [OTLPKeyValue] = []
    var droppedAttributes: UInt32 = 0
    var flags: UInt32 = 0
}

/// `Span`.
struct OTLPSpan: Equatable {
    var trace = TraceID.none
    var span = SpanID.none
    var parent = SpanID.none
    var traceState = ""
    var name = ""
    /// OTLP's number; beyond 5 it comes from a newer version.
    var kind: UInt64 = 0
    var startNanos: UInt64 = 0
    var endNanos: UInt64 = 0
    var attributes: [OTLPKeyValue] = []
    var droppedAttributes: UInt32 = 0
    var events: [OTLPEvent] = []
    var droppedEvents: UInt32 = 0
    var links: [OTLPLink] = []
    var droppedLinks: UInt32 = 0
    /// OTLP's number; beyond 2 it comes from a newer version.
    var statusCode: UInt64 = 0
    var statusMessage = ""
    var flags: UInt32 = 0
    /// Fields that this version does not know, as they came.
    var unknown: [UInt8] = []

    /// The value of the first attribute with that key.
    func value(_ key: String) -> OTLPValue? { attributes.first { $0.key == key }?.value }

    /// The integer under that key.
    func int(_ key: String) -> Int64? {
        switch value(key) {
        case .int(let value): value
        case .double(let value): Int64(exactly: value.rounded())
        case .string(let text): Int64(text)
        default: nil
        }
    }

    /// The number under that key.
    func double(_ key: String) -> Double? {
        switch value(key) {
        case .int(let value): Double(value)
        case .double(let value): value
        case .string(let text): Double(text)
        default: nil
        }
    }

    /// The text under that key.
    func text(_ key: String) -> String? {
        guard case .string(let text) = value(key) else { return nil }
        return text
    }
}

/// One gauge or sum with its number points; other kinds of metric are counted, not read.
struct OTLPMetric: Equatable {
    /// One reading.
    struct Point: Equatable {
        var timeNanos: UInt64 = 0
        var startNanos: UInt64 = 0
        var value: OTLPValue = .empty
        var attributes: [OTLPKeyValue] = []
        var flags: UInt32 = 0
    }

    var name = ""
    var description = ""
    var unit = ""
    /// Nil for a gauge.
    var sum: Sum?
    var points: [Point] = []
    /// A histogram or summary.
    var isUnread = false

    /// What a `Sum` says beside its points.
    struct Sum: Equatable {
        var temporality: UInt64 = 0
        var isMonotonic = false
    }
}
