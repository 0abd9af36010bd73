import SpanreelTracing

/// Seeded values that like the edges of what the format holds. xorshift64*.
struct Wild {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }

    mutating func int() -> Int {
        switch below(5) {
        case 0: Int(truncatingIfNeeded: next())
        case 1: pick([.min, .max, 0, -1, 1, 255, 256, 65_535, 65_536])
        case 2: below(100)
        default: Int(truncatingIfNeeded: next() >> UInt64(below(64)))
        }
    }

    mutating func double() -> Double {
        switch below(4) {
        case 0: Double(bitPattern: next())
        case 1: pick([0, -0.0, .nan, .infinity, -.infinity, 1e16, .leastNonzeroMagnitude])
        default: Double(below(1_000)) / 8
        }
    }

    mutating func text() -> String {
        switch below(6) {
        case 0: pick(["", "\u{1b}[31m", "e\u{301}", "日本語", "\u{2028}\u{202e}", "\"\\\n\r\t", "👩‍👩‍👧"])
        // Around the length at which strings are cut, in characters of one, two and eighteen bytes.
        case 1: String(repeating: pick(["x", "é", "👩‍👩‍👧"]), count: 4_086 + below(20))
        case 2: "v\(next())"
        default: "name-\(below(40))"
        }
    }

    mutating func attributes(_ writer: inout AttributeWriter, _ keys: [KeyHandle]) {
        for _ in 0..<below(4) {
            let key = pick(keys)
            switch below(4) {
            case 0: writer.set(key, int())
            case 1: writer.set(key, double())
            case 2: writer.set(key, below(2) == 0)
            default: writer.set(key, text())
            }
        }
    }

    /// Anybody's span, of no incarnation here.
    mutating func foreign() -> SpanContext {
        SpanContext(trace: TraceID(high: next(), low: next()), span: SpanID(next()))
    }

    mutating func role(_ index: Int) -> Role {
        let operation = pick([Operation.layer, .hopSend, .other, .step, .stage])
        return Role(
            operation, name: index % 7 == 0 ? text() : nil, phase: pick([.none, .prefill, .decode]),
            layer: index % 2 == 0 ? index / 2 : nil, stage: index % 4 == 0 ? index : nil,
            link: operation == .hopSend ? Link(from: "mini\(index)", to: text()) : nil)
    }
}
