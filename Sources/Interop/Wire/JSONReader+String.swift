internal import SpanreelTracing

extension JSONReader {
    /// The string at hand, escapes resolved. Text that is not UTF-8 and lone surrogates become U+FFFD.
    mutating func string() throws(WireError) -> String {
        guard position < end, bytes[position] == UInt8(ascii: "\"") else {
            throw WireError(what: "a key or text without quotes", offset: position)
        }
        let range = try skip()
        let content = range.lowerBound + 1..<range.upperBound - 1
        // Nearly all keys and values carry no escape: one copy and done.
        if !bytes[content].contains(UInt8(ascii: "\\")) { return String(decoding: bytes[content], as: UTF8.self) }
        return try unescape(content)
    }

    private func unescape(_ content: Range<Int>) throws(WireError) -> String {
        var text: [UInt8] = []
        var index = content.lowerBound
        while index < content.upperBound {
            let byte = bytes[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            guard index < content.upperBound else { throw WireError(what: "a cut escape", offset: index) }
            let escape = bytes[index]
            index += 1
            switch escape {
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
            case UInt8(ascii: "u"):
                guard let unit = unit(at: index, before: content.upperBound) else {
                    throw WireError(what: "an escape that is no code", offset: index)
                }
                index += 4
                var scalar = unit
                if 0xD800..<0xDC00 ~= unit, index + 1 < content.upperBound, bytes[index] == UInt8(ascii: "\\"),
                    bytes[index + 1] == UInt8(ascii: "u"),
                    let low = self.unit(at: index + 2, before: content.upperBound),
                    0xDC00..<0xE000 ~= low
                {
                    scalar = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
                    index += 6
                }
                text.append(contentsOf: String(Character(Unicode.Scalar(scalar) ?? "\u{FFFD}")).utf8)
            default: throw WireError(what: "an unknown escape", offset: index)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func unit(at index: Int, before limit: Int) -> UInt32? {
        guard index + 4 <= limit else { return nil }
        return Hex.parse(String(decoding: bytes[index..<index + 4], as: UTF8.self)).map { UInt32($0) }
    }
}
