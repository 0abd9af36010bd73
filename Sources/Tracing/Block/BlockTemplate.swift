/// One event on its way into a block.
struct BlockRow {
    /// Number of the stream, among those given to `finish`.
    var stream: UInt32 = 0
    /// `Fact.pack` of kind, status and span kind.
    var fact: UInt8
    /// `RoleID.index` in the encoder's symbols.
    var role: UInt32
    /// Start of a span; equal to `time` for anything else. Stamps of the block's clock.
    var start: Int64
    /// When the fact became visible.
    var time: Int64
    var span: UInt64
    var parent: UInt64
    var trace: TraceID
    /// Token count.
    var value: Int64 = 0
}

/// Events of one stream, fact byte, role and list of attributes: what gives them columns of their own.
///
/// Plain memory that the encoder owns: reaching it costs no reference count, and its room is kept between blocks.
struct BlockTemplate {
    let stream: UInt32
    let fact: UInt8
    let role: UInt32
    let attributeCount: Int
    /// `key << 8 | type` of each attribute.
    let shape: UnsafeMutablePointer<UInt64>
    /// `FixedColumn.count` columns, then one for each attribute.
    let columns: UnsafeMutablePointer<ValueRun<Int64>>
    /// The template that came after this one last time: mostly the one that comes next.
    var next: Int32 = -1
    /// Number in the block by first use; -1 not yet used.
    var number: Int32 = -1
    /// The `LinkCode` of all its events so far; `noLink` before the first, `mixedLinks` once they differ and stand in
    /// the column. Mostly they are all alike, and the column stays empty: less memory to write.
    var link = Self.noLink
    /// Another template with the same hash.
    var chain: Int32 = -1

    static let noLink: Int16 = -1
    static let mixedLinks: Int16 = -2

    init(_ stream: UInt32, _ fact: UInt8, _ role: UInt32, _ attributes: UnsafeBufferPointer<Attribute>) {
        self.stream = stream
        self.fact = fact
        self.role = role
        attributeCount = attributes.count
        shape = .allocate(capacity: attributes.count)
        for (index, attribute) in attributes.enumerated() {
            shape.advanced(by: index).initialize(to: Self.signature(attribute))
        }
        columns = .allocate(capacity: FixedColumn.count + attributes.count)
        for index in 0..<FixedColumn.count + attributes.count {
            columns.advanced(by: index).initialize(to: ValueRun<Int64>())
        }
    }

    func free() {
        for index in 0..<FixedColumn.count + attributeCount { columns[index].free() }
        columns.deallocate()
        shape.deallocate()
    }

    @inline(__always) static func signature(_ attribute: Attribute) -> UInt64 {
        UInt64(attribute.key.rawValue) << 8 | UInt64(attribute.type.rawValue)
    }

    @inline(__always)
    func matches(
        _ stream: UInt32, _ fact: UInt8, _ role: UInt32, _ attributes: UnsafeBufferPointer<Attribute>
    ) -> Bool {
        guard self.fact == fact, self.role == role, self.stream == stream, attributeCount == attributes.count else {
            return false
        }
        for index in 0..<attributeCount where shape[index] != Self.signature(attributes[index]) { return false }
        return true
    }

    static func hash(
        _ stream: UInt32, _ fact: UInt8, _ role: UInt32, _ attributes: UnsafeBufferPointer<Attribute>
    ) -> UInt64 {
        var hash = UInt64(fact) << 32 | UInt64(role) ^ UInt64(stream) << 40
        for attribute in attributes { hash = (hash ^ signature(attribute)) &* 0x9E37_79B9_7F4A_7C15 }
        return hash
    }

    var isSpan: Bool { fact & 7 == EventKind.span.rawValue }
    var hasSpanID: Bool {
        let kind = fact & 7
        return kind == EventKind.span.rawValue || kind == EventKind.begin.rawValue || kind == EventKind.end.rawValue
    }
}

/// A stream as blocks name it.
struct BlockStream: Hashable {
    var id: StreamID
    var epoch: UInt32
}
