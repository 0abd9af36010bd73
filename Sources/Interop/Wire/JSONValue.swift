/// One JSON value. Numbers keep their text, so that 64-bit integers lose nothing.
enum JSONValue {
    case null
    case bool(Bool)
    case number(Substring)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// One member of an object.
    struct Member {
        var key: String
        var value: JSONValue
    }

    /// The member of that name; nil for anything but an object.
    subscript(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The elements; none for anything but an array.
    var elements: [JSONValue] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    /// The text of a string.
    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// An integer, given as a number or (as protobuf's JSON gives 64-bit ones) as a string.
    var integer: Int64? {
        switch self {
        case .number(let text): Int64(text) ?? Double(text).flatMap { Int64(exactly: $0) }
        case .string(let text): Int64(text)
        default: nil
        }
    }

    /// An unsigned integer, as a number or a string.
    var unsigned: UInt64? {
        switch self {
        case .number(let text): UInt64(text) ?? Double(text).flatMap { UInt64(exactly: $0) }
        case .string(let text): UInt64(text)
        default: nil
        }
    }

    /// A double; protobuf's JSON writes the three that JSON lacks as strings.
    var double: Double? {
        switch self {
        case .number(let text): Double(text)
        case .string("NaN"): .nan
        case .string("Infinity"): .infinity
        case .string("-Infinity"): -.infinity
        case .string(let text): Double(text)
        default: nil
        }
    }

    /// True or false.
    var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }
}
