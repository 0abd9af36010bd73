/// Turns a payload back into events. Total: anything that contradicts the format gives nil, never a trap.
struct BlockDecoder {
    private var strings: [StringID] = []
    private var roles: [RoleID] = []
    private var traces: [TraceID] = []
    private var blobs: [UInt32] = []
    private var shapes: [[(key: AttributeKey, type: AttributeType)]] = []
    private var columns: [ByteReader] = []
    private var values: [[(reader: ByteReader, previous: Int64)]] = []

    /// Decodes the payload of `header`; names are interned in `symbols`.
    static func decode(_ payload: [UInt8], header: BlockHeader, stream: UInt32, symbols: Symbols) -> EventBatch? {
        var reader = ByteReader(payload)
        guard reader.u8() == 0, let count = reader.varint(), count == UInt64(header.eventCount),
            // Each event has at least a byte in the fact column.
            count <= UInt64(payload.count)
        else { return nil }
        var decoder = BlockDecoder()
        guard decoder.readTables(&reader, symbols), decoder.readColumns(&reader, payload) else { return nil }
        var batch = EventBatch()
        batch.events.reserveCapacity(Int(count))
        batch.attributes.reserveCapacity(Int(count) * 2)
        var time: Int64 = 0
        var parent = SpanID.none
        for index in 0..<Int(count) {
            guard let event = decoder.event(index, header, stream, &time, &parent, &batch.attributes) else {
                return nil
            }
            batch.events.append(event)
        }
        return batch
    }

    private mutating func readTables(_ reader: inout ByteReader, _ symbols: Symbols) -> Bool {
        guard let stringCount = reader.count() else { return false }
        for _ in 0..<stringCount {
            guard let text = reader.string() else { return false }
            strings.append(symbols.intern(text))
        }
        let names = strings
        func localString(_ reader: inout ByteReader) -> String? {
            guard let local = reader.varint(), local < UInt64(names.count) else { return nil }
            return symbols.string(names[Int(local)])
        }
        guard let roleCount = reader.count() else { return false }
        for _ in 0..<roleCount {
            guard let role = reader.role(string: localString) else { return false }
            roles.append(symbols.intern(role))
        }
        guard let traceCount = reader.count() else { return false }
        for _ in 0..<traceCount {
            guard let id = reader.id() else { return false }
            traces.append(TraceID(high: id.high, low: id.low))
        }
        guard let blobCount = reader.count() else { return false }
        for _ in 0..<blobCount {
            guard let blob = reader.blob() else { return false }
            blobs.append(symbols.intern(blob: blob))
        }
        guard let shapeCount = reader.count() else { return false }
        for _ in 0..<shapeCount {
            guard let shape = readShape(&reader) else { return false }
            shapes.append(shape)
        }
        return true
    }

    private func readShape(_ reader: inout ByteReader) -> [(key: AttributeKey, type: AttributeType)]? {
        guard let count = reader.count(), count <= Int(UInt16.max) else { return nil }
        var shape: [(key: AttributeKey, type: AttributeType)] = []
        for _ in 0..<count {
            guard let number = reader.varint(), let byte = reader.u8(), let type = AttributeType(rawValue: byte) else {
                return nil
            }
            if number >= UInt64(AttributeKey.firstInterned) {
                let local = number - UInt64(AttributeKey.firstInterned)
                guard local < UInt64(strings.count) else { return nil }
                let key = AttributeKey.firstInterned + strings[Int(local)].index
                shape.append((AttributeKey(rawValue: key), type))
            } else {
                shape.append((AttributeKey(rawValue: UInt32(number)), type))
            }
        }
        return shape
    }

    private mutating func readColumns(_ reader: inout ByteReader, _ payload: [UInt8]) -> Bool {
        for _ in Column.allCases {
            guard let column = reader.column(payload) else { return false }
            columns.append(column)
        }
        for shape in shapes {
            var readers: [(reader: ByteReader, previous: Int64)] = []
            for _ in shape {
                guard let column = reader.column(payload) else { return false }
                readers.append((column, 0))
            }
            values.append(readers)
        }
        return true
    }

    private subscript(column: Column) -> ByteReader {
        get { columns[column.rawValue] }
        _modify { yield &columns[column.rawValue] }
    }

    private mutating func event(
        _ index: Int, _ header: BlockHeader, _ stream: UInt32, _ time: inout Int64, _ parent: inout SpanID,
        _ attributes: inout ContiguousArray<Attribute>
    ) -> Event? {
        guard let byte = self[.fact].u8(), let (kind, status, spanKind) = Fact.unpack(byte),
            let role = self[.role].varint(), role < UInt64(roles.count),
            let delta = self[.time].zigzag()
        else { return nil }
        let sequence = header.firstSequence &+ UInt64(index)
        time = time &+ delta
        var start = time
        if kind == .span {
            guard let duration = self[.duration].zigzag() else { return nil }
            start = time &- duration
        }
        guard let parentID = id(.parentClass, .parentValue, header.incarnation, sequence, .none, parent) else {
            return nil
        }
        parent = parentID
        var span = SpanID.none
        if kind == .begin || kind == .span || kind == .end {
            let implied = kind == .end ? SpanID.none : SpanID(header.incarnation &+ sequence)
            guard let id = id(.spanClass, .spanValue, header.incarnation, sequence, implied, .none) else { return nil }
            span = id
        }
        guard let trace = self[.trace].varint(), trace < UInt64(traces.count) else { return nil }
        var value: Int64 = 0
        if kind == .tokens {
            guard let count = self[.value].zigzag() else { return nil }
            value = count
        }
        let first = attributes.count
        guard let shape = self[.shape].varint(), shape < UInt64(shapes.count),
            readAttributes(Int(shape), &attributes)
        else { return nil }
        return Event(
            kind: kind, status: status, spanKind: spanKind, stream: stream, role: roles[Int(role)],
            incarnation: header.incarnation, sequence: sequence, time: Timestamp(nanos: time),
            start: Timestamp(nanos: start), span: span, parent: parentID, trace: traces[Int(trace)], value: value,
            attributeStart: UInt32(truncatingIfNeeded: first), attributeCount: UInt16(attributes.count - first))
    }

    private mutating func id(
        _ classes: Column, _ data: Column, _ base: UInt64, _ sequence: UInt64, _ implied: SpanID, _ previous: SpanID
    ) -> SpanID? {
        guard let byte = self[classes].u8(), let way = IDClass(rawValue: byte) else { return nil }
        switch way {
        case .implied: return implied
        case .same: return previous
        case .own:
            guard let back = self[data].zigzag() else { return nil }
            return SpanID(base &+ sequence &- UInt64(bitPattern: back))
        case .foreign: return self[data].u64().map { SpanID($0) }
        }
    }

    private mutating func readAttributes(_ shape: Int, _ attributes: inout ContiguousArray<Attribute>) -> Bool {
        for position in 0..<shapes[shape].count {
            let (key, type) = shapes[shape][position]
            let bits: UInt64
            switch type {
            case .int:
                guard let delta = values[shape][position].reader.zigzag() else { return false }
                values[shape][position].previous &+= delta
                bits = UInt64(bitPattern: values[shape][position].previous)
            case .double:
                guard let raw = values[shape][position].reader.u64() else { return false }
                bits = raw
            case .bool:
                guard let raw = values[shape][position].reader.u8() else { return false }
                bits = raw == 0 ? 0 : 1
            case .string:
                guard let local = values[shape][position].reader.varint(), local < UInt64(strings.count) else {
                    return false
                }
                bits = UInt64(strings[Int(local)].index)
            case .blob:
                guard let local = values[shape][position].reader.varint(), local < UInt64(blobs.count) else {
                    return false
                }
                bits = UInt64(blobs[Int(local)])
            }
            attributes.append(Attribute(key: key, type: type, bits: bits))
        }
        return true
    }
}

extension ByteReader {
    /// A number of entries, each of at least one byte: bounded by what is left, so that nothing large is reserved.
    mutating func count() -> Int? {
        guard let count = varint(), count <= UInt64(remaining) else { return nil }
        return Int(count)
    }

    /// A length-prefixed part of the same bytes, without a copy.
    mutating func column(_ bytes: [UInt8]) -> ByteReader? {
        guard let length = varint(), length <= UInt64(remaining) else { return nil }
        let start = offset
        guard skip(Int(length)) else { return nil }
        return ByteReader(bytes, start..<start + Int(length))
    }

    mutating func skip(_ count: Int) -> Bool {
        guard count >= 0, count <= remaining else { return false }
        offset += count
        return true
    }
}
