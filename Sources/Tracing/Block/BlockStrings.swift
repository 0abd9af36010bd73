/// The strings and blobs of one block, numbered: plain ones by first use, then *series*, whose members differ only in a
/// decimal number at their end ("mini1-430", "cmpl-00012") and are written as one column of integers.
struct BlockStrings {
    let symbols: Symbols
    private var plain = FirstUse<String>()
    private(set) var series: [NumberedStrings] = []
    private var blobs = FirstUse<UInt32>()
    /// Values of attributes, by id.
    private var noted = FirstUse<UInt32>()
    /// By number in `noted`.
    private var finals: [Int64] = []

    /// `prefix` and a number of at least `width` digits.
    struct NumberedStrings {
        var prefix: String
        var width: Int
        var numbers: [Int64] = []
    }

    private struct SeriesKey: Hashable {
        var prefix: String
        var width: Int
    }

    /// Fewer members than this are written out.
    private static let leastMembers = 8

    init(symbols: Symbols) {
        self.symbols = symbols
        _ = plain.number("")
    }

    /// A number for a string by first use, to be replaced by `final` once all are known.
    mutating func note(_ symbol: Int64) -> Int64 { Int64(noted.number(UInt32(truncatingIfNeeded: symbol))) }

    mutating func blob(_ symbol: Int64) -> Int64 { Int64(blobs.number(UInt32(truncatingIfNeeded: symbol))) }

    /// Settles which strings are plain and which are members of a series.
    mutating func order(effort: BlockEffort) {
        var groups: [SeriesKey: Int] = [:]
        var members: [(key: SeriesKey, notes: [Int], numbers: [Int64])] = []
        var isMember = [Bool](repeating: false, count: noted.keys.count)
        for (index, id) in noted.keys.enumerated() {
            guard let (key, number) = Self.split(symbols.string(StringID(id))) else { continue }
            let group = groups[key] ?? members.count
            if group == members.count {
                groups[key] = group
                members.append((key, [], []))
            }
            members[group].notes.append(index)
            members[group].numbers.append(number)
        }
        members.removeAll { $0.notes.count < Self.leastMembers }
        for group in members { for note in group.notes { isMember[note] = true } }
        finals = [Int64](repeating: 0, count: noted.keys.count)
        for (index, id) in noted.keys.enumerated() where !isMember[index] {
            finals[index] = Int64(name(symbols.string(StringID(id))))
        }
        // Prefixes and names may still add plain strings: members are numbered behind all of those, from 2^32 on.
        var next: Int64 = 1 << 32
        for group in members {
            _ = name(group.key.prefix)
            series.append(NumberedStrings(prefix: group.key.prefix, width: group.key.width, numbers: group.numbers))
            for note in group.notes {
                finals[note] = next
                next += 1
            }
        }
    }

    func final(_ note: Int64) -> Int64 { finals[Int(note)] }

    /// The number of a plain string, new or old.
    mutating func name(_ text: String) -> UInt64 { UInt64(plain.number(text)) }

    func write(_ writer: inout ByteWriter) {
        writer.varint(UInt64(plain.keys.count))
        for text in plain.keys { writer.string(text) }
        writer.varint(UInt64(series.count))
        for series in series {
            writer.varint(UInt64(plain[series.prefix] ?? 0))
            writer.varint(UInt64(series.width))
            writer.varint(UInt64(series.numbers.count))
        }
        writer.varint(UInt64(blobs.keys.count))
        for blob in blobs.keys {
            writer.blob(symbols.blobs.indices.contains(Int(blob)) ? symbols.blobs[Int(blob)] : [])
        }
    }

    /// Prefix, width and number of a text that `prefix + number` gives back exactly.
    private static func split(_ text: String) -> (key: SeriesKey, number: Int64)? {
        let bytes = text.utf8
        let digits = bytes.reversed().prefix { (0x30...0x39).contains($0) }.count
        guard (1...18).contains(digits),
            let number = Int64(String(decoding: bytes.suffix(digits), as: UTF8.self))
        else { return nil }
        let prefix = String(decoding: bytes.prefix(bytes.count - digits), as: UTF8.self)
        // Leading zeros state a width; without them the number has its own.
        let isPadded = digits > 1 && bytes.suffix(digits).first == 0x30
        return (SeriesKey(prefix: prefix, width: isPadded ? digits : 0), number)
    }
}
