// The wire tags and bounds of an events payload, version 1. docs/FORMAT.md draws it.

/// Bounds that a reader checks before it allocates.
enum BlockLimits {
    static let payloadVersion: UInt8 = 1
    /// Of one block. With the next three it bounds what a block takes in memory beside its bytes, whatever it claims:
    /// under 64 MB.
    static let maxEvents = 64 << 10
    /// Attributes of all events of a block.
    static let maxAttributes = 1 << 20
    /// Templates of a block.
    static let maxTemplates = 16 << 10
    /// Strings of a block, members of series included.
    static let maxStrings = 256 << 10
    /// Of the number at the end of a string that belongs to a series.
    static let maxDigits = 18
    /// High halves of trace ids that later ids of the block may name.
    static let maxTracePrefixes = 64
}

/// The columns that every template has, in file order; its attributes follow.
enum FixedColumn {
    /// From the edge before: to the start of a span, to the time of anything else.
    static let gap = 0
    /// A span's duration, or the number of tokens.
    static let extent = 1
    /// 0, or how many events back lies the one whose start this span's start is near.
    static let edge = 2
    /// How trace, parent and span id are written: `LinkCode`.
    static let link = 3
    static let parentBase = 4
    static let parentValue = 5
    static let spanValue = 6
    static let traceValue = 7
    static let count = 8
}

/// One byte an event: bit 0 the trace is given, bits 1-3 the parent's way, bits 4-5 the span's way.
enum LinkCode {
    static let traceGiven = 1

    enum Parent {
        static let same = 0
        static let none = 1
        /// parentValue: sequence - its sequence.
        static let own = 2
        /// parentBase: number of an incarnation; parentValue: its sequence - the last sequence named of it.
        static let other = 3
        /// Eight bytes in the tail.
        static let foreign = 4
        /// parentValue: 2 * (how many events back) + (0: that one's span, 1: its parent).
        static let back = 5
    }

    enum Span {
        /// incarnation + sequence; on an end: spanValue, sequence - its sequence.
        static let own = 0
        static let none = 1
        static let foreign = 2
        static let back = 3
    }
}

/// How a column's value is predicted.
enum Predictor {
    static let none = 0
    static let previous = 1
    /// `reference * numerator / denominator`.
    static let reference = 2
}

/// What a reference names beside the attributes of a template, which begin at `firstAttribute`.
enum ReferenceColumn {
    static let start = 0
    static let time = 1
    static let duration = 2
    static let firstAttribute = 3
}

/// How what the prediction leaves is written.
enum Coding {
    static let constant = 0
    static let planes = 1
    static let classes = 2
    static let dictionary = 3
    /// Set when values are zigzag numbers rather than an offset from a base.
    static let zigzagFlag = 8
}

/// Buckets of nearly logarithmic width: a symbol and the bits below it.
///
///     u < 2^(s+1)                symbol = u, no bits
///     else L = floor(log2 u)     symbol = (L - s + 1) << s | the s bits below the leading one; L - s bits follow
enum Bucket {
    @inline(__always) static func symbol(_ u: UInt64, _ s: Int) -> (symbol: UInt8, bits: Int) {
        if u < 2 << UInt64(s) { return (UInt8(truncatingIfNeeded: u), 0) }
        let log = 63 - u.leadingZeroBitCount
        let bits = log - s
        let sub = u >> UInt64(bits) & (1 << UInt64(s) - 1)
        return (UInt8(truncatingIfNeeded: (log - s + 1) << s | Int(sub)), bits)
    }

    /// The least value of a symbol and how many bits follow; a symbol that no value has gives more than 63 bits.
    static func range(_ symbol: Int, _ s: Int) -> (base: UInt64, bits: Int) {
        if symbol < 2 << s { return (UInt64(symbol), 0) }
        let log = symbol >> s + s - 1
        guard log < 64 else { return (0, 64) }
        let bits = log - s
        return ((1 << UInt64(s) | UInt64(symbol & (1 << s - 1))) << UInt64(bits), bits)
    }

    /// Whether every value up to `greatest` has a symbol of one byte.
    static func fits(_ greatest: UInt64, _ s: Int) -> Bool {
        greatest < 2 << UInt64(s) || (63 - greatest.leadingZeroBitCount - s + 1) << s + (1 << s - 1) <= 255
    }
}
