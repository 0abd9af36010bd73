/// The grammar of the fault options: `NAME=DURATION`, where a duration is a number with a unit.
enum FaultSyntax {
    /// A fault longer than this is taken for a slip of the pen.
    static let longestNanos: Int64 = 60_000_000_000

    /// Cuts `name=value` at the first equals sign.
    static func split(
        _ text: String, option: String, example: String
    ) throws(PipelineError) -> (name: String, value: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let name = parts.first, let value = parts.last, !name.isEmpty, !value.isEmpty else {
            throw PipelineError(.invalid, "\(option) needs a value such as \(example), not '\(text)'.")
        }
        return (name, value)
    }

    /// A duration of zero or more.
    static func nanos(_ text: String, option: String) throws(PipelineError) -> Int64 {
        let value = try signedNanos(text, option: option)
        guard value >= 0 else {
            throw PipelineError(.invalid, "\(option) needs a duration of zero or more, not '\(text)'.")
        }
        return value
    }

    /// A duration that may be negative: a decimal number and one of `ns`, `us`, `µs`, `ms`, `s`.
    static func signedNanos(_ text: String, option: String) throws(PipelineError) -> Int64 {
        // Longest unit first: `s` ends them all.
        let units: [(String, Double)] = [("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9)]
        for (unit, scale) in units where text.hasSuffix(unit) {
            let number = text.dropLast(unit.count)
            // `Double` would also read hexadecimal, exponents, `inf` and `nan`.
            guard number.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-") }),
                let value = Double(number)
            else { break }
            guard abs(value * scale) <= Double(longestNanos) else {
                throw PipelineError(.invalid, "\(option) takes at most 60s, not '\(text)'.")
            }
            return Int64((value * scale).rounded())
        }
        throw PipelineError(.invalid, "\(option) needs a duration such as 2ms or 500us, not '\(text)'.")
    }
}
