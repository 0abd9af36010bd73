/// The members of one object of a rules file, each read once with one sentence for every way to get it wrong.
struct RuleMembers {
    /// File, line and rule, as sentences begin.
    var place: String
    private let members: [(key: String, node: JSONNode)]

    /// - Throws: when it is no object, or has a member that is none of `keys`.
    init(_ node: JSONNode, place: String, keys: [String], reason: String = "") throws(ReplayError) {
        self.place = place
        guard case .object(let members) = node.value else {
            throw ReplayError(.invalid, "\(place): expected an object, found \(node.kind); put its members in braces.")
        }
        self.members = members
        for (key, node) in members where !keys.contains(key) {
            let known = keys.isEmpty ? "no member" : "one of \(keys.joined(separator: ", "))"
            throw ReplayError(
                .invalid,
                "\(place), line \(node.line): expected \(known)\(reason), found \"\(SafeWords.short(key))\"; "
                    + "correct or remove it.")
        }
    }

    func has(_ key: String) -> Bool { members.contains { $0.key == key } }

    /// The error of a member: what was expected, what was found, what to do.
    func wrong(_ key: String?, _ expected: String, _ found: String, _ advice: String) -> ReplayError {
        let line = members.first { $0.key == key }.map { ", line \($0.node.line)" } ?? ""
        let member = key.map { ", \($0)" } ?? ""
        return ReplayError(.invalid, "\(place)\(line)\(member): expected \(expected), found \(found); \(advice).")
    }

    func node(_ key: String) throws(ReplayError) -> JSONNode {
        guard let member = members.first(where: { $0.key == key }) else {
            throw wrong(key, "this member", "none", "add it")
        }
        return member.node
    }

    func array(_ key: String) throws(ReplayError) -> [JSONNode] {
        let node = try node(key)
        guard case .array(let nodes) = node.value else { throw wrong(key, "a list", node.kind, "put it in brackets") }
        return nodes
    }

    func text(_ key: String) throws(ReplayError) -> String {
        let node = try node(key)
        guard case .string(let text) = node.value else { throw wrong(key, "text", node.kind, "put it in quotes") }
        return text
    }

    func number(_ key: String) throws(ReplayError) -> Double {
        let node = try node(key)
        guard case .number(let number) = node.value else { throw wrong(key, "a number", node.kind, "write digits") }
        return number
    }

    /// A layer or stage, from 0.
    func index(_ key: String) throws(ReplayError) -> Int {
        let number = try number(key)
        guard let index = Int(exactly: number), (0...1_000_000).contains(index) else {
            throw wrong(key, "a whole number from 0 to 1000000", try node(key).kind, "count from 0")
        }
        return index
    }

    func choice<Value: RawRepresentable>(_ key: String, _ all: [Value]) throws(ReplayError) -> Value
    where Value.RawValue == String {
        try choice(key, all) { $0.rawValue }
    }

    func choice<Value>(_ key: String, _ all: [Value], _ word: (Value) -> String) throws(ReplayError) -> Value {
        let text = try text(key)
        guard let value = all.first(where: { word($0) == text }) else {
            throw wrong(
                key, "one of \(all.map(word).joined(separator: ", "))", "\"\(SafeWords.short(text))\"", "correct it")
        }
        return value
    }

    /// A time of an hour at most, as text with a unit. A bare number is refused: nobody knows its unit.
    func duration(_ key: String, from least: Int64) throws(ReplayError) -> Int64 {
        let node = try node(key)
        let expected = "a time from \(Human.duration(least)) to 1h such as \"10s\""
        guard case .string(let text) = node.value, let last = text.last, !last.isNumber,
            let nanos = TimeText.duration(text), nanos >= least, nanos <= AlertRules.longestNanos
        else { throw wrong(key, expected, node.kind, "write a number and ns, us, ms, s, m or h, in quotes") }
        return nanos
    }

    /// What the metric is compared with.
    func threshold(_ key: String, _ unit: AlertMetric.Unit) throws(ReplayError) -> Double {
        switch unit {
        case .nanos: return Double(try duration(key, from: 0))
        case .number: return try number(key)
        case .bytes:
            let node = try node(key)
            if case .number(let number) = node.value { return number }
            guard case .string(let text) = node.value, let bytes = Self.bytes(text) else {
                throw wrong(key, "a size such as \"2GiB\"", node.kind, "write a number and B, KiB, MiB, GiB or TiB")
            }
            return bytes
        }
    }

    private static func bytes(_ text: String) -> Double? {
        let units: [(String, Double)] = [
            ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("TiB", 1_099_511_627_776), ("B", 1),
        ]
        for (suffix, factor) in units where text.hasSuffix(suffix) {
            guard let number = Double(text.dropLast(suffix.count)), number.isFinite, number >= 0 else { return nil }
            return number * factor
        }
        return nil
    }
}
