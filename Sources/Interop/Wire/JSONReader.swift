/// Reads JSON (RFC 8259) from bytes: values, and the places of values without building them.
///
/// Total: bad text throws with its offset; nesting is limited, so no input exhausts the stack.
struct JSONReader {
    /// Deeper nesting is refused. OTLP itself needs nine levels and what `AnyValue` nests.
    static let depthMax = 64

    let bytes: [UInt8]
    private(set) var position: Int
    let end: Int

    /// Reads `range` of `bytes`; a range outside of them is cut to them.
    init(_ bytes: [UInt8], in range: Range<Int>? = nil) {
        let whole = 0..<bytes.count
        let range = (range ?? whole).clamped(to: whole)
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next value.
    mutating func value(depth: Int = 0) throws(WireError) -> JSONValue {
        guard depth < Self.depthMax else { throw error("nesting deeper than \(Self.depthMax)") }
        skipBlanks()
        guard let byte = peek else { throw error("an end in the middle of a value") }
        switch byte {
        case UInt8(ascii: "{"):
            var members: [JSONValue.Member] = []
            try walkObject { (reader, key) throws(WireError) in
                members.append(.init(key: key, value: try reader.value(depth: depth + 1)))
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try walkArray { (reader) throws(WireError) in elements.append(try reader.value(depth: depth + 1)) }
            return .array(elements)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    /// Where the members of the object at hand stand, without building them. Text that is cut inside a member
    /// gives that member up to the end, for its own content before the cut, with the error beside.
    mutating func members() -> (places: [(key: String, range: Range<Int>)], error: WireError?) {
        var places: [(key: String, range: Range<Int>)] = []
        do {
            try walkObject { (reader, key) throws(WireError) in places.append((key, try reader.skipOrRest())) }
            return (places, nil)
        } catch {
            return (places, error)
        }
    }

    /// Where the elements of the array at hand stand; cut text as in ``members()``.
    mutating func elements() -> (places: [Range<Int>], error: WireError?) {
        var places: [Range<Int>] = []
        do {
            try walkArray { (reader) throws(WireError) in places.append(try reader.skipOrRest()) }
            return (places, nil)
        } catch {
            return (places, error)
        }
    }

    private mutating func skipOrRest() throws(WireError) -> Range<Int> {
        skipBlanks()
        let start = position
        do {
            return try skip()
        } catch {
            guard position >= end, start < end else { throw error }
            return start..<end
        }
    }

    /// Steps over one value and says where it stood. Checks brackets and strings only.
    mutating func skip() throws(WireError) -> Range<Int> {
        skipBlanks()
        let start = position
        var depth = 0
        repeat {
            skipBlanks()
            guard let byte = peek else { throw error("an end in the middle of a value") }
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
                if depth > Self.depthMax { throw error("nesting deeper than \(Self.depthMax)") }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                position += 1
                if depth < 0 { throw error("a bracket that closes nothing") }
            case UInt8(ascii: "\""): try skipString()
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                if depth == 0 { throw error("a value that is missing") }
                position += 1
            default: skipWord()
            }
        } while depth > 0
        return start..<position
    }

    // MARK: Parts

    private var peek: UInt8? { position < end ? bytes[position] : nil }

    private func error(_ what: String) -> WireError { WireError(what: what, offset: position) }

    private mutating func skipBlanks() {
        while position < end, bytes[position] == 0x20 || (0x09...0x0D).contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ byte: UInt8, _ what: String) throws(WireError) {
        skipBlanks()
        guard peek == byte else { throw error(what) }
        position += 1
    }

    private mutating func walkObject(
        _ member: (inout JSONReader, String) throws(WireError) -> Void
    ) throws(WireError) {
        try take(UInt8(ascii: "{"), "something that is no object")
        skipBlanks()
        if peek == UInt8(ascii: "}") {
            position += 1
            return
        }
        while true {
            skipBlanks()
            let key = try string()
            try take(UInt8(ascii: ":"), "a key without a value")
            try member(&self, key)
            skipBlanks()
            if peek == UInt8(ascii: ",") {
                position += 1
                continue
            }
            try take(UInt8(ascii: "}"), "an object that does not end")
            return
        }
    }

    private mutating func walkArray(_ element: (inout JSONReader) throws(WireError) -> Void) throws(WireError) {
        try take(UInt8(ascii: "["), "something that is no array")
        skipBlanks()
        if peek == UInt8(ascii: "]") {
            position += 1
            return
        }
        while true {
            try element(&self)
            skipBlanks()
            if peek == UInt8(ascii: ",") {
                position += 1
                continue
            }
            try take(UInt8(ascii: "]"), "an array that does not end")
            return
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(WireError) -> JSONValue {
        let matches = word.withUTF8Buffer { buffer in
            end - position >= buffer.count && bytes[position..<position + buffer.count].elementsEqual(buffer)
        }
        guard matches else { throw error("a word that is not JSON") }
        position += word.utf8CodeUnitCount
        return value
    }

    private mutating func number() throws(WireError) -> Substring {
        let start = position
        skipWord()
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first),
            Double(text) != nil
        else {
            throw WireError(what: "a word that is not JSON", offset: start)
        }
        return text[...]
    }

    private mutating func skipWord() {
        let start = position
        while position < end {
            switch bytes[position] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                position += 1
            default:
                // A byte that starts nothing: step over it, so that no caller can loop on it.
                if position == start { position += 1 }
                return
            }
        }
    }

    private mutating func skipString() throws(WireError) {
        position += 1
        while position < end {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return }
            if byte == UInt8(ascii: "\\") { position = min(position + 1, end) }
        }
        throw error("a string that does not end")
    }
}
