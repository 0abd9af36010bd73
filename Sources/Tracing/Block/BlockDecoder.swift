/// Turns a payload back into events. Total: anything that contradicts the format gives nil, never a trap; memory is
/// bounded by the payload and the limits of the format, whatever it claims.
struct BlockDecoder {
    let header: BlockHeader
    let symbols: Symbols
    /// The reader's number of a stream.
    let number: (BlockStream) -> UInt32
    var count = 0
    var clock = BlockClock.unixNanos
    var baseTime: Int64 = 0
    var foreignCount = 0
    var bases: [UInt64] = []
    var plain: [StringID] = []
    var series: [(prefix: Int, width: Int, count: Int)] = []
    var members: [StringID] = []
    var blobs: [UInt32] = []
    var traces: [TraceID] = []
    var templates: [Template] = []

    /// Columns of one template.
    struct Template {
        /// The reader's number of the stream.
        var stream: UInt32
        var kind: EventKind
        var status: SpanStatus
        var spanKind: SpanKind
        var role: RoleID
        var count: Int
        /// Values of the columns from `FixedColumn.parentBase` on.
        var sparse: [Int]
        var keys: [AttributeKey] = []
        var types: [AttributeType] = []
        var columns: [ColumnValues?] = []

        func rows(_ column: Int) -> Int {
            column < FixedColumn.parentBase ? count : sparse[column - FixedColumn.parentBase]
        }
    }

    /// What stands before the heads of the columns.
    struct Tables {
        var count: Int
        var clock: BlockClock
        var baseTime: Int64
        var foreignCount: Int
        var series: [(prefix: Int, width: Int, count: Int)]
        var traces: [TraceID]
        var templates: [Template]
    }

    /// For whoever reads columns in another way.
    var tables: Tables {
        Tables(
            count: count, clock: clock, baseTime: baseTime, foreignCount: foreignCount, series: series, traces: traces,
            templates: templates)
    }

    /// Decodes the payload of `header`; names are interned in `symbols`.
    ///
    /// - Parameters:
    ///   - number: gives a stream the number that its events shall have.
    ///   - raw: leave stamps as ticks, and say so in the batch's `clock`.
    ///   - isBare: leave attributes out, unread: half the time. Only of a payload that was proved otherwise.
    static func decode(
        _ payload: BlockPayload, header: BlockHeader, symbols: Symbols, raw: Bool = false, isBare: Bool = false,
        number: (BlockStream) -> UInt32 = { _ in 0 }
    ) -> EventBatch? {
        withoutActuallyEscaping(number) { number in
            payload.main.withUnsafeBytes { main in
                payload.tail.withUnsafeBytes { tail in
                    var reader = ByteReader(payload.main)
                    var decoder = BlockDecoder(header: header, symbols: symbols, number: number)
                    guard decoder.readTables(&reader) else { return nil }
                    return decoder.decode(&reader, main, tail, raw, isBare)
                }
            }
        }
    }

    private mutating func decode(
        _ reader: inout ByteReader, _ main: UnsafeRawBufferPointer, _ tail: UnsafeRawBufferPointer,
        _ raw: Bool, _ isBare: Bool
    ) -> EventBatch? {
        var heads = reader
        guard skipHeads(&reader) else { return nil }
        let arena = DecodeArena()
        var source = ColumnSource(
            bytes: reader.bytes, main: main, tail: tail, mainOffset: reader.offset, arena: arena)
        guard let foreign = source.takeTail(foreignCount * 8) else { return nil }
        for series in series {
            guard let head = ColumnHead(&heads, count: series.count),
                let values = source.column(head)
            else { return nil }
            for row in 0..<series.count {
                guard let member = member(series.prefix, series.width, values[row]) else { return nil }
                members.append(member)
            }
        }
        guard let numbers = templateNumbers(&source) else { return nil }
        for column in 0..<FixedColumn.count {
            for index in templates.indices {
                guard templates[index].rows(column) > 0 else {
                    templates[index].columns.append(nil)
                    continue
                }
                guard let head = ColumnHead(&heads, count: templates[index].rows(column)),
                    let values = source.column(head)
                else { return nil }
                templates[index].columns.append(values)
            }
        }
        var batch = EventBatch()
        guard events(numbers, foreign, &batch) else { return nil }
        if isBare {
            for index in batch.events.indices { batch.events[index].attributeCount = 0 }
        } else {
            guard attributes(&source, &heads, numbers, &batch), source.mainOffset == main.count,
                source.tailOffset == tail.count
            else { return nil }
        }
        if raw, !clock.isUnix {
            batch.clock = clock
        } else {
            batch.events.withContiguousMutableStorageIfAvailable { events in
                toUnix(&events)
            }
        }
        return batch
    }

    private func toUnix(_ events: inout UnsafeMutableBufferPointer<Event>) {
        guard !clock.isUnix else { return }
        for index in events.indices {
            events[index].time.nanos = clock.unixNanos(events[index].time.nanos)
            events[index].start.nanos = clock.unixNanos(events[index].start.nanos)
        }
    }

    private func member(_ prefix: Int, _ width: Int, _ number: Int64) -> StringID? {
        guard number >= 0 else { return nil }
        let digits = String(number)
        let padding = String(repeating: "0", count: max(0, width - digits.utf8.count))
        return symbols.intern(symbols.string(plain[prefix]) + padding + digits)
    }

    /// The template of each event, and how many events each has: as many as it claims.
    private func templateNumbers(_ source: inout ColumnSource) -> [UInt16]? {
        guard let low = source.takeMain(count) else { return nil }
        var numbers = [UInt16](repeating: 0, count: count)
        for index in 0..<count { numbers[index] = UInt16(low[index]) }
        if templates.count > 256 {
            guard let high = source.takeMain(count) else { return nil }
            for index in 0..<count { numbers[index] |= UInt16(high[index]) << 8 }
        }
        var counts = [Int](repeating: 0, count: templates.count)
        for number in numbers {
            guard Int(number) < counts.count else { return nil }
            counts[Int(number)] += 1
        }
        for (index, template) in templates.enumerated() where counts[index] != template.count { return nil }
        return numbers
    }

    // MARK: Attributes

    private mutating func attributes(
        _ source: inout ColumnSource, _ heads: inout ByteReader, _ numbers: [UInt16], _ batch: inout EventBatch
    ) -> Bool {
        var instants: [Instants] = []
        let most = templates.reduce(0) { max($0, $1.keys.count) }
        for position in 0..<most {
            for index in templates.indices where position < templates[index].keys.count {
                guard let head = ColumnHead(&heads, count: templates[index].count) else { return false }
                var reference: ColumnValues?
                if let parts = head.reference {
                    // Instants take time to lay out, and only packed imports refer to them.
                    if parts.column < ReferenceColumn.firstAttribute, instants.isEmpty {
                        instants = self.instants(numbers, batch, source.arena)
                    }
                    guard let found = referenced(parts.template, parts.column, index, instants),
                        found.count == head.count
                    else { return false }
                    reference = found
                }
                guard let values = source.column(head, reference: reference) else { return false }
                templates[index].columns.append(values)
            }
        }
        // References see numbers of the block; events see numbers of the reader.
        for index in templates.indices {
            for position in templates[index].types.indices {
                guard resolve(index, position, source.arena) else { return false }
            }
        }
        fill(numbers, &batch)
        return true
    }

    private struct Instants {
        var start: ColumnValues
        var time: ColumnValues
        var duration: ColumnValues
    }

    private func referenced(
        _ template: Int, _ column: Int, _ index: Int, _ instants: [Instants]
    ) -> ColumnValues? {
        switch column {
        case ReferenceColumn.start: return template == index ? instants[index].start : nil
        case ReferenceColumn.time: return template == index ? instants[index].time : nil
        case ReferenceColumn.duration: return template == index ? instants[index].duration : nil
        default:
            guard template < templates.count else { return nil }
            let place = FixedColumn.count + column - ReferenceColumn.firstAttribute
            // What is not there yet comes later in the file: only earlier columns may be named.
            return place < templates[template].columns.count ? templates[template].columns[place] : nil
        }
    }

    private func instants(_ numbers: [UInt16], _ batch: EventBatch, _ arena: DecodeArena) -> [Instants] {
        let places = templates.map { template in
            let part = { ColumnValues(base: arena.allocate(template.count), stride: 1, count: template.count) }
            return Instants(start: part(), time: part(), duration: part())
        }
        var rows = [Int](repeating: 0, count: templates.count)
        places.withUnsafeBufferPointer { places in
            rows.withUnsafeMutableBufferPointer { rows in
                for (event, number) in zip(batch.events, numbers) {
                    let number = Int(number)
                    let row = rows[number]
                    rows[number] = row + 1
                    let start = clock.unixNanos(event.start.nanos)
                    let time = clock.unixNanos(event.time.nanos)
                    places[number].start.base[row] = start
                    places[number].time.base[row] = time
                    places[number].duration.base[row] = time &- start
                }
            }
        }
        return places
    }

    /// Replaces numbers of the block's tables by the reader's; false for a number that no table has.
    private mutating func resolve(_ index: Int, _ position: Int, _ arena: DecodeArena) -> Bool {
        let type = templates[index].types[position]
        guard type != .int, type != .double, let values = templates[index].columns[FixedColumn.count + position]
        else { return true }
        let rows = values.stride == 0 ? 1 : values.count
        let target = arena.allocate(rows)
        for row in 0..<rows {
            let value = values[row]
            switch type {
            case .string:
                if value >= 0, value < Int64(plain.count) {
                    target[row] = Int64(plain[Int(value)].index)
                } else {
                    let member = value &- 1 << 32
                    guard value >= 1 << 32, member < Int64(members.count) else { return false }
                    target[row] = Int64(members[Int(member)].index)
                }
            case .blob:
                guard value >= 0, value < Int64(blobs.count) else { return false }
                target[row] = Int64(blobs[Int(value)])
            case .bool:
                target[row] = value == 0 ? 0 : 1
            case .int, .double: break
            }
        }
        templates[index].columns[FixedColumn.count + position] = ColumnValues(
            base: target, stride: values.stride, count: values.count)
        return true
    }

    private func fill(_ numbers: [UInt16], _ batch: inout EventBatch) {
        let total = templates.reduce(0) { $0 + $1.count * $1.keys.count }
        guard total > 0 else { return }
        var cursors = [Int](repeating: 0, count: templates.count)
        batch.attributes.reserveCapacity(total)
        // Flat copies: one load each instead of a walk through arrays of arrays.
        let parts = templates.map { template in
            zip(zip(template.keys, template.types), template.columns.dropFirst(FixedColumn.count)).compactMap {
                pair, values in values.map { (key: pair.0, type: pair.1, values: $0) }
            }
        }
        for number in numbers {
            let cursor = cursors[Int(number)]
            cursors[Int(number)] += 1
            for part in parts[Int(number)] {
                batch.attributes.append(
                    Attribute(key: part.key, type: part.type, bits: UInt64(bitPattern: part.values[cursor])))
            }
        }
    }
}
