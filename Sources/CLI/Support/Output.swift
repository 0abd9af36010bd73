internal import Foundation
internal import SpanreelTracing

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

    /// Text that ends with a line end already.
    static func print(text: String) {
        buffer += Array(text.utf8)
        if buffer.count >= flushBytes || isTerminal { flush() }
    }

    /// A screen: in a terminal in the place of the one before, elsewhere after a blank line.
    static func frame(_ lines: [String]) {
        // Home, then each line with the rest of it erased, then everything below: nothing flickers.
        let text =
            isTerminal
            ? "\u{1b}[H" + lines.map { $0 + "\u{1b}[K\n" }.joined() + "\u{1b}[J"
            : lines.joined(separator: "\n") + "\n\n"
        print(text: text)
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
    static func visible(_ text: String) -> String { SafeText.visible(text) }
}

/// The terminal's size; 80 by 24 when there is none.
struct Terminal {
    var columns = 80
    var rows = 24

    static var size: Terminal {
        var window = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else { return Terminal() }
        return Terminal(columns: Int(window.ws_col), rows: Int(window.ws_row))
    }
}
