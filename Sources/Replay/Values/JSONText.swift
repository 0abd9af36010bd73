/// A value of a JSON text, with the line on which it begins.
struct JSONNode {
    enum Value {
        case object([(key: String, node: JSONNode)])
        case array([JSONNode])
        case string(String)
        case number(Double)
        case bool(Bool)
        case null
    }

    var value: Value
    var line: Int

    /// The kind in words, for sentences about what was found.
    var kind: String {
        switch value {
        case .object: "an object"
        case .array: "an array"
        case .string(let text): "\"\(SafeWords.short(text))\""
        case .number(let number): Decimals.text(number, number == number.rounded() ? 0 : 3) ?? "a number"
        case .bool(let flag): flag ? "true" : "false"
        case .null: "null"
        }
    }
}

/// Where and why a text is no JSON.
struct JSONTextError: Error {
    var line: Int
    var message: String
}

/// Text from outside in a sentence: short and on one line.
enum SafeWords {
    static func short(_ text: some StringProtocol) -> String { Human.safe(String(text.prefix(40))) }
}

/// A total reader of JSON (RFC 8259) for small files that people write: it says on which line what is wrong.
///
/// Nesting is limited, so that no text exhausts the stack; a key that comes twice is an error, because one of the two
/// would be ignored. O(bytes).
struct JSONText {
    private static let depthLimit = 32
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func parse(_ bytes: [UInt8]) throws(JSONTextError) -> JSONNode {
        var text = JSONText(bytes)
        let node = try text.node(depth: 0)
        text.skipBlanks()
        guard text.peek == nil else { throw text.failure("expected the end of the file") }
        return node
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func failure(_ expected: String) -> JSONTextError {
        let found = peek.map { $0 < 0x80 && $0 > 0x20 ? "\"\(Character(Unicode.Scalar($0)))\"" : "another byte" }
        return JSONTextError(line: line, message: "\(expected), found \(found ?? "the end of the file")")
    }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
            if byte == 0x0A { line += 1 }
            index += 1
        }
    }

    private mutating func take(_ byte: Character) -> Bool {
        guard let ascii = byte.asciiValue, peek == ascii else { return false }
        index += 1
        return true
    }

    private mutating func node(depth: Int) throws(JSONTextError) -> JSONNode {
        guard depth < Self.depthLimit else {
            throw JSONTextError(line: line, message: "expected at most \(Self.depthLimit) levels, found more")
        }
        skipBlanks()
        let start = line
        switch peek {
        case UInt8(ascii: "{"): return JSONNode(value: .object(try object(depth)), line: start)
        case UInt8(ascii: "["): return JSONNode(value: .array(try array(depth)), line: start)
        case UInt8(ascii: "\""): return JSONNode(value: .string(try string()), line: start)
        case .some(UInt8(ascii: "-")), .some(0x30...0x39): return JSONNode(value: .number(try number()), line: start)
        default:
            for (word, value) in [("true", JSONNode.Value.bool(true)), ("false", .bool(false)), ("null", .null)]
            where bytes[index...].starts(with: word.utf8) {
                index += word.utf8.count
                return JSONNode(value: value, line: start)
            }
            throw failure("expected a value")
        }
    }

    private mutating func object(_ depth: Int) throws(JSONTextError) -> [(key: String, node: JSONNode)] {
        index += 1
        var members: [(key: String, node: JSONNode)] = []
        var keys: Set<String> = []
        skipBlanks()
        if take("}") { return members }
        while true {
            skipBlanks()
            guard peek == UInt8(ascii: "\"") else { throw failure("expected a key in quotes") }
            let at = line
            let key = try string()
            guard keys.insert(key).inserted else {
                throw JSONTextError(
                    line: at, message: "expected each key once, found \"\(SafeWords.short(key))\" again")
            }
            skipBlanks()
            guard take(":") else { throw failure("expected a colon") }
            members.append((key, try node(depth: depth + 1)))
            skipBlanks()
            if take("}") { return members }
            guard take(",") else { throw failure("expected a comma or }") }
        }
    }

    private mutating func array(_ depth: Int) throws(JSONTextError) -> [JSONNode] {
        index += 1
        var nodes: [JSONNode] = []
        skipBlanks()
        if take("]") { return nodes }
        while true {
            nodes.append(try node(depth: depth + 1))
            skipBlanks()
            if take("]") { return nodes }
            guard take(",") else { throw failure("expected a comma or ]") }
        }
    }

    private mutating func number() throws(JSONTextError) -> Double {
        let start = index
        while let byte = peek, (0x30...0x39).contains(byte) || "+-.eE".utf8.contains(byte) { index += 1 }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        // `Double` takes more than JSON does: leading zeros, a point without digits, hexadecimal.
        let digits = text.drop { $0 == "-" }
        let isPlain =
            !digits.hasPrefix("0") || digits.count == 1 || !(digits.dropFirst().first?.isNumber ?? false)
        guard isPlain, digits.first?.isNumber == true, text.last?.isNumber == true, let value = Double(text),
            value.isFinite
        else {
            throw JSONTextError(line: line, message: "expected a number, found \"\(SafeWords.short(text))\"")
        }
        return value
    }

    private mutating func string() throws(JSONTextError) -> String {
        index += 1
        var text: [UInt8] = []
        while let byte = peek {
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw JSONTextError(line: line, message: "expected UTF-8 in a string, found other bytes")
                }
                return string
            case 0..<0x20:
                index -= 1
                throw failure("expected the closing quote on the same line")
            case UInt8(ascii: "\\"): text += Array(try escape().utf8)
            default: text.append(byte)
            }
        }
        throw failure("expected a closing quote")
    }

    private mutating func escape() throws(JSONTextError) -> String {
        guard let byte = peek else { throw failure("expected an escape") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let high = try unit()
            if (0xD800..<0xDC00).contains(high), take("\\"), take("u") {
                let low = try unit()
                if (0xDC00..<0xE000).contains(low),
                    let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
                {
                    return String(Character(scalar))
                }
            } else if let scalar = Unicode.Scalar(high) {
                return String(Character(scalar))
            }
            throw failure("expected a character behind \\u")
        default:
            index -= 1
            throw failure("expected an escape")
        }
    }

    private mutating func unit() throws(JSONTextError) -> UInt32 {
        guard index + 4 <= bytes.count,
            let value = UInt32(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16),
            bytes[index] != UInt8(ascii: "+")
        else { throw failure("expected four hexadecimal digits") }
        index += 4
        return value
    }
}
