internal import Foundation

/// Standard output: collected, and written in pieces. No colours, so that NO_COLOR has nothing to turn off.
enum Output {
    private static let flushBytes = 1 << 16
    nonisolated(unsafe) private static var buffer: [UInt8] = []
    // Commands print from the main task alone.

    /// Whether a person reads it.
    static var isTerminal: Bool { isatty(1) == 1 }

    /// A line.
    static func print(_ line: String) {
        buffer += Array(line.utf8)
        buffer.append(0x0A)
        if buffer.count >= flushBytes || isTerminal { flush() }
    }

    /// Bytes as they are, and a line end.
    static func print(_ bytes: [UInt8]) {
        buffer += bytes
        buffer.append(0x0A)
        if buffer.count >= flushBytes || isTerminal { flush() }
    }

    /// Writes what has been collected.
    static func flush() {
        guard !buffer.isEmpty else { return }
        var rest = buffer[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Text with control characters and direction overrides made visible: names come from files, and a terminal obeys
    /// what it reads.
    static func visible(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF:
                out.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            default: out.append(scalar)
            }
        }
        return String(out)
    }
}
