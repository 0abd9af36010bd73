// The payload of an events block, before zstd:
//
//   0:u8 (payload version)  count:varint
//   dictionary   strings, roles, traces, blobs, shapes: each a count, then the entries
//   columns      each a byte length, then its bytes, in the order of `Column`
//   values       for each shape, for each of its attributes, a column
//
// Everything the block names it carries, so that losing a block loses no other block's names. A shape is the list of
// (key, type) of an event's attributes. Sequences are consecutive. See docs/FORMAT.md.

/// The columns of an events block, in file order.
enum Column: Int, CaseIterable {
    case fact, role, time, duration, parentClass, parentValue, spanClass, spanValue, trace, value, shape
}

/// How a span id is written.
enum IDClass: UInt8 {
    /// No id; for the span column of begin and span: base + sequence.
    case implied = 0
    /// Of the same incarnation: zigzag(sequence - its sequence).
    case own = 1
    /// The same as the event before.
    case same = 2
    /// Eight bytes.
    case foreign = 3
}

/// Turns consecutive events of one incarnation into a payload.
struct BlockEncoder {
    private var strings = Interner<UInt32>()
    private var roles = Interner<UInt32>()
    private var traces = Interner<TraceID>()
    private var blobs = Interner<UInt32>()
    private var shapes = Interner<[UInt64]>()
    private var columns = [ByteWriter](repeating: ByteWriter(), count: Column.allCases.count)
    private var values: [[ValueColumn]] = []

    private struct ValueColumn {
        var writer = ByteWriter()
        var previous: Int64 = 0
    }

    /// Local numbers in order of first use.
    private struct Interner<Key: Hashable> {
        var order: [Key] = []
        var index: [Key: Int] = [:]
        mutating func callAsFunction(_ key: Key) -> Int {
            if let known = index[key] { return known }
            index[key] = order.count
            order.append(key)
            return order.count - 1
        }
    }

    /// Encodes `events[range]` of `batch`, whose incarnation must be one and whose sequences must be consecutive.
    static func encode(_ batch: borrowing EventBatch, _ range: Range<Int>, symbols: Symbols) -> [UInt8] {
        var encoder = BlockEncoder()
        _ = encoder.strings(0)
        _ = encoder.traces(.none)
        var previousTime: Int64 = 0
        var previousParent = SpanID.none
        for index in range {
            let event = batch.events[index]
            encoder.append(event, batch.attributes(of: event), previousTime, previousParent)
            previousTime = event.time.nanos
            previousParent = event.parent
        }
        return encoder.payload(count: range.count, symbols)
    }

    private mutating func append(
        _ event: Event, _ attributes: Slice<ContiguousArray<Attribute>>, _ previousTime: Int64, _ previousParent: SpanID
    ) {
        self[.fact].u8(Fact.pack(event.kind, event.status, event.spanKind))
        self[.role].varint(UInt64(roles(event.role.index)))
        self[.time].zigzag(event.time.nanos &- previousTime)
        if event.kind == .span { self[.duration].zigzag(event.time.nanos &- event.start.nanos) }
        appendID(
            event.parent, .parentClass, .parentValue, event,
            implied: .none, previous: previousParent)
        switch event.kind {
        case .begin, .span:
            let own = SpanID(event.incarnation &+ event.sequence)
            appendID(event.span, .spanClass, .spanValue, event, implied: own, previous: nil)
        case .end: appendID(event.span, .spanClass, .spanValue, event, implied: .none, previous: nil)
        case .mark, .tokens, .sample: break
        }
        self[.trace].varint(UInt64(traces(event.trace)))
        if event.kind == .tokens { self[.value].zigzag(event.value) }
        append(attributes)
    }

    private mutating func appendID(
        _ id: SpanID, _ classes: Column, _ data: Column, _ event: Event, implied: SpanID, previous: SpanID?
    ) {
        let own = id.rawValue &- event.incarnation
        if id == implied {
            self[classes].u8(IDClass.implied.rawValue)
        } else if id == previous {
            self[classes].u8(IDClass.same.rawValue)
        } else if own > 0, own <= event.sequence &+ 0xffff {
            self[classes].u8(IDClass.own.rawValue)
            self[data].zigzag(Int64(bitPattern: event.sequence &- own))
        } else {
            self[classes].u8(IDClass.foreign.rawValue)
            self[data].u64(id.rawValue)
        }
    }

    private mutating func append(_ attributes: Slice<ContiguousArray<Attribute>>) {
        var signature: [UInt64] = []
        signature.reserveCapacity(attributes.count)
        for attribute in attributes {
            signature.append(UInt64(attribute.key.rawValue) << 8 | UInt64(attribute.type.rawValue))
        }
        let shape = shapes(signature)
        self[.shape].varint(UInt64(shape))
        while values.count <= shape { values.append([]) }
        while values[shape].count < attributes.count { values[shape].append(ValueColumn()) }
        var position = 0
        for attribute in attributes {
            switch attribute.type {
            case .int:
                let value = Int64(bitPattern: attribute.bits)
                values[shape][position].writer.zigzag(value &- values[shape][position].previous)
                values[shape][position].previous = value
            case .double: values[shape][position].writer.u64(attribute.bits)
            case .bool: values[shape][position].writer.u8(attribute.bits == 0 ? 0 : 1)
            case .string:
                let local = strings(UInt32(truncatingIfNeeded: attribute.bits))
                values[shape][position].writer.varint(UInt64(local))
            case .blob:
                let local = blobs(UInt32(truncatingIfNeeded: attribute.bits))
                values[shape][position].writer.varint(UInt64(local))
            }
            position += 1
        }
    }

    private subscript(column: Column) -> ByteWriter {
        get { columns[column.rawValue] }
        _modify { yield &columns[column.rawValue] }
    }

    private mutating func payload(count: Int, _ symbols: Symbols) -> [UInt8] {
        // Roles and shapes name strings, so they are written to a side buffer that fills the string table first.
        var tables = ByteWriter()
        tables.varint(UInt64(roles.order.count))
        for id in roles.order {
            tables.role(symbols.role(RoleID(id))) { writer, text in
                writer.varint(UInt64(strings(symbols.intern(text).index)))
            }
        }
        tables.varint(UInt64(traces.order.count))
        for trace in traces.order {
            tables.u64(trace.high)
            tables.u64(trace.low)
        }
        tables.varint(UInt64(blobs.order.count))
        for blob in blobs.order {
            tables.blob(symbols.blobs.indices.contains(Int(blob)) ? symbols.blobs[Int(blob)] : [])
        }
        tables.varint(UInt64(shapes.order.count))
        for signature in shapes.order {
            tables.varint(UInt64(signature.count))
            for entry in signature {
                let key = UInt32(truncatingIfNeeded: entry >> 8)
                if key >= AttributeKey.firstInterned {
                    let local = strings(key - AttributeKey.firstInterned)
                    tables.varint(UInt64(AttributeKey.firstInterned) + UInt64(local))
                } else {
                    tables.varint(UInt64(key))
                }
                tables.u8(UInt8(truncatingIfNeeded: entry))
            }
        }
        var writer = ByteWriter()
        writer.u8(0)
        writer.varint(UInt64(count))
        writer.varint(UInt64(strings.order.count))
        for id in strings.order { writer.string(symbols.string(StringID(id))) }
        writer.bytes.append(contentsOf: tables.bytes)
        for column in columns { writer.blob(column.bytes) }
        for shape in values { for column in shape { writer.blob(column.writer.bytes) } }
        return writer.bytes
    }
}
