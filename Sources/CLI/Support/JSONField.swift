internal import Foundation
internal import SpanreelReplay

/// A value of the API's JSON, for printing: what is not there reads as nothing.
struct JSONField {
    let raw: Any?

    init(_ raw: Any?) { self.raw = raw is NSNull ? nil : raw }

    /// Parses an envelope.
    init(json: [UInt8]) { self.init(try? JSONSerialization.jsonObject(with: Data(json))) }

    subscript(_ key: String) -> JSONField { JSONField((raw as? [String: Any])?[key]) }
    var list: [JSONField] { (raw as? [Any])?.map { JSONField($0) } ?? [] }
    var number: Double? { (raw as? NSNumber)?.doubleValue }
    var int: Int? { (raw as? NSNumber)?.intValue }
    /// Text from a session, safe for a terminal.
    var text: String? { (raw as? String).map(Output.visible) }
    var isPresent: Bool { raw != nil }

    /// `-` for what is unknown.
    var count: String { int.map(String.init) ?? "-" }
    var rate: String { number.map { Text.fixed($0, $0 >= 100 ? 0 : 1) } ?? "-" }
    var ratio: String { number.map(Text.percent) ?? "-" }
    var duration: String { number.map(Text.duration) ?? "-" }
    var bytes: String { int.map(Text.bytes) ?? "-" }
}
