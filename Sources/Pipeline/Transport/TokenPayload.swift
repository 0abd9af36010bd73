/// The payload of a token message: one little-endian Int32.
enum TokenPayload {
    /// Four bytes.
    static func bytes(_ token: Int) -> [UInt8] {
        withUnsafeBytes(of: Int32(truncatingIfNeeded: token).littleEndian) { Array($0) }
    }

    /// The token; nil for anything but four bytes.
    static func token(_ bytes: [UInt8]) -> Int? {
        guard bytes.count == 4 else { return nil }
        let bits = bytes.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << UInt32(8 * $1.offset) }
        return Int(Int32(bitPattern: bits))
    }
}
