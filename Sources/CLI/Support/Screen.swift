internal import Foundation

/// A terminal taken over for a while: a second screen, no cursor, keys without Enter. Restored by ``leave()``.
struct Screen {
    private var before = termios()
    private let hasKeys: Bool

    /// Takes the terminal over. Only where standard output is one.
    init() {
        hasKeys = isatty(0) == 1 && tcgetattr(0, &before) == 0
        if hasKeys {
            var raw = before
            // Ctrl-C keeps its meaning: the signal ends the loop as `q` does.
            raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
            tcsetattr(0, TCSANOW, &raw)
        }
        Output.print(text: "\u{1b}[?1049h\u{1b}[?25l\u{1b}[2J")
        Output.flush()
    }

    /// Whether `q` was typed since the last call. Does not wait.
    func wantsToEnd() -> Bool {
        guard hasKeys else { return false }
        var ready = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        var key: UInt8 = 0
        while poll(&ready, 1, 0) > 0, ready.revents & Int16(POLLIN) != 0, read(0, &key, 1) == 1 {
            if key == UInt8(ascii: "q") || key == UInt8(ascii: "Q") { return true }
        }
        return false
    }

    /// Gives the terminal back as it was.
    func leave() {
        Output.print(text: "\u{1b}[?25h\u{1b}[?1049l")
        Output.flush()
        if hasKeys {
            var before = before
            tcsetattr(0, TCSANOW, &before)
        }
    }
}
