/// Finds where a top-level JSON object ends, in text that comes in pieces.
struct JSONBoundary {
    private var depth = 0
    private var inString = false
    private var escaped = false

    /// What a line of an OTLP JSON Lines file starts with. Met inside an object, it means that the object was cut.
    private static let lineStart = Array("{\"resource".utf8)

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// The length of the object that begins at `start`, or nil when `bytes` ends before it does.
    /// Scans from `from`; everything before has been scanned.
    mutating func scan(_ bytes: [UInt8], from: Int, start: Int) -> Int? {
        var index = from
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0x0A, index > start, bytes[(index + 1)...].starts(with: Self.lineStart) { return index - start }
            index += 1
            if inString {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): inString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth <= 0 { return index - start }
            default: break
            }
        }
        return nil
    }
}
