/// Arena and context ids of one stream, as ids of a reader's ``Symbols``. Remembers what it has met.
struct LaneNames {
    private let arena: ArenaReader
    private let contexts: ContextReader
    // By arena id, which counts eights of bytes: as long as the arena has names. 0 is "not met".
    private var strings: [UInt32] = []
    private var roles: [UInt32] = []
    private var lastContext: UInt32 = 0
    private var lastTrace = TraceID.none

    init(arena: ArenaReader, contexts: ContextReader) {
        self.arena = arena
        self.contexts = contexts
    }

    /// The string of an arena id; the empty one for an id that names nothing committed.
    @inline(__always) mutating func string(_ id: UInt32, _ symbols: Symbols) -> StringID {
        if Int(id) < strings.count, strings[Int(id)] != 0 { return StringID(strings[Int(id)] &- 1) }
        return internString(id, symbols)
    }

    @inline(never) private mutating func internString(_ id: UInt32, _ symbols: Symbols) -> StringID {
        guard let text = arena.string(id) else { return StringID(0) }
        let known = symbols.intern(text)
        Self.remember(&strings, id, known.index)
        return known
    }

    /// The role of an arena id; `Role(.other, name: "")` for an id that names nothing committed.
    @inline(__always) mutating func role(_ id: UInt32, _ symbols: Symbols) -> RoleID {
        if Int(id) < roles.count, roles[Int(id)] != 0 { return RoleID(roles[Int(id)] &- 1) }
        return internRole(id, symbols)
    }

    @inline(never) private mutating func internRole(_ id: UInt32, _ symbols: Symbols) -> RoleID {
        guard id != 0, let role = arena.role(id) else { return RoleID(0) }
        let known = symbols.intern(role)
        Self.remember(&roles, id, known.index)
        return known
    }

    private static func remember(_ table: inout [UInt32], _ id: UInt32, _ index: UInt32) {
        // Only committed ids come here, so the table is never longer than the arena.
        if Int(id) >= table.count {
            table.append(contentsOf: repeatElement(0, count: max(Int(id) + 1, table.count * 2) - table.count))
        }
        table[Int(id)] = index &+ 1
    }

    /// A lane's key as a reader's: well-known as it is, else by its name.
    @inline(__always) mutating func key(_ raw: UInt32, _ symbols: Symbols) -> AttributeKey {
        guard raw >= AttributeKey.firstInterned else { return AttributeKey(rawValue: raw) }
        let name = string(raw - AttributeKey.firstInterned, symbols)
        return AttributeKey(rawValue: AttributeKey.firstInterned + name.index)
    }

    /// The trace of a context; none for one that was taken over.
    @inline(__always) mutating func trace(_ context: UInt32) -> TraceID {
        if context == lastContext { return lastTrace }
        lastContext = context
        lastTrace = contexts.trace(context) ?? .none
        return lastTrace
    }
}

extension LaneNames {
    /// Appends a record's attributes; returns the duration that did not fit into the record.
    mutating func append(
        _ record: LaneRecord, _ cursor: LaneCursor, _ symbols: Symbols, to attributes: inout ContiguousArray<Attribute>
    ) -> UInt64? {
        var longDuration: UInt64?
        var list = LaneAttributes(record, cursor)
        while let attribute = list.next() {
            switch attribute {
            case .longDuration(let ticks): longDuration = ticks
            case .int(let name, let bits):
                attributes.append(Attribute(key: key(name, symbols), type: .int, bits: bits))
            case .double(let name, let bits):
                attributes.append(Attribute(key: key(name, symbols), type: .double, bits: bits))
            case .bool(let name, let value):
                attributes.append(Attribute(key: key(name, symbols), type: .bool, bits: value ? 1 : 0))
            case .handle(let name, let id):
                let text = string(id, symbols)
                attributes.append(Attribute(key: key(name, symbols), type: .string, bits: UInt64(text.index)))
            case .text(let name, let word, let length, let original):
                if let original { attributes.append(Attribute(key: .truncatedBytes, type: .int, bits: original)) }
                let text = symbols.intern(cursor.text(word, length))
                attributes.append(Attribute(key: key(name, symbols), type: .string, bits: UInt64(text.index)))
            }
        }
        return longDuration
    }
}
