/// Text in columns of a terminal, where a Chinese character takes two and an accent none.
enum TextWidth {
    /// The columns that a character takes.
    static func of(_ character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0..<0x300: return 1
        // East Asian Wide and emoji, in blocks: a character too many in them is shown with room to spare.
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F000...0x1FAFF, 0x20000...0x3FFFD, 0x2600...0x27BF, 0x231A...0x23FF:
            return 2
        default:
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .format: return character.unicodeScalars.count > 1 ? 1 : 0
            default: return character.unicodeScalars.contains { $0.value == 0xFE0F } ? 2 : 1
            }
        }
    }

    /// The columns that a line takes.
    static func of(_ text: some StringProtocol) -> Int { text.reduce(0) { $0 + of($1) } }

    /// As much of a line as fits, without blanks at the end.
    static func cut(_ text: String, to columns: Int) -> String {
        var width = 0
        var end = text.startIndex
        for index in text.indices {
            width += of(text[index])
            guard width <= columns else { break }
            end = text.index(after: index)
        }
        var line = text[..<end]
        while line.last == " " { line.removeLast() }
        return String(line)
    }

    /// Exactly so many columns: cut, or filled up with blanks.
    static func fit(_ text: String, _ columns: Int) -> String {
        let short = cut(text, to: columns)
        return short + String(repeating: " ", count: max(0, columns - of(short)))
    }

    /// Filled up with blanks on the left.
    static func right(_ text: String, _ columns: Int) -> String {
        String(repeating: " ", count: max(0, columns - of(text))) + text
    }
}
