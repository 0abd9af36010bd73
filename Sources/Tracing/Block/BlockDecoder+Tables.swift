extension BlockDecoder {
    /// Everything before the heads of the columns.
    mutating func readTables(_ reader: inout ByteReader) -> Bool {
        guard readClock(&reader), readBases(&reader), readStrings(&reader), readTraces(&reader),
            let roles = readRoles(&reader)
        else { return false }
        return readTemplates(&reader, roles)
    }

    private mutating func readClock(_ reader: inout ByteReader) -> Bool {
        guard reader.u8() == BlockLimits.payloadVersion, let events = reader.varint(),
            events == UInt64(header.eventCount), events <= UInt64(BlockLimits.maxEvents), let step = reader.varint(),
            step >= 1, step <= UInt64(UInt32.max), let ticks = reader.u64(), let unix = reader.i64(),
            let rate = reader.u64(), let base = reader.i64(), let ids = reader.varint(),
            // At most two for each event: its own and its parent's.
            ids <= events * 2
        else { return false }
        count = Int(events)
        clock = BlockClock(calibration: Calibration(ticksAnchor: ticks, unixAnchor: unix, rate: rate), step: step)
        baseTime = base
        foreignCount = Int(ids)
        return true
    }

    private mutating func readBases(_ reader: inout ByteReader) -> Bool {
        guard let size = reader.count(bytesEach: 8) else { return false }
        for _ in 0..<size {
            guard let base = reader.u64() else { return false }
            bases.append(base)
        }
        return true
    }

    private mutating func readStrings(_ reader: inout ByteReader) -> Bool {
        guard let size = reader.count(), (1...BlockLimits.maxStrings).contains(size) else { return false }
        for _ in 0..<size {
            guard let text = reader.string() else { return false }
            plain.append(symbols.intern(text))
        }
        guard let groups = reader.count() else { return false }
        var members = 0
        for _ in 0..<groups {
            guard let prefix = reader.varint(), prefix < UInt64(plain.count), let width = reader.varint(),
                width <= UInt64(BlockLimits.maxDigits), let size = reader.varint(), size > 0,
                size <= UInt64(BlockLimits.maxStrings - plain.count - members)
            else { return false }
            members += Int(size)
            series.append((Int(prefix), Int(width), Int(size)))
        }
        guard let size = reader.count() else { return false }
        for _ in 0..<size {
            guard let blob = reader.blob() else { return false }
            blobs.append(symbols.intern(blob: blob))
        }
        return true
    }

    private mutating func readTraces(_ reader: inout ByteReader) -> Bool {
        traces = [.none]
        guard let size = reader.count(), size <= count else { return false }
        var highs: [UInt64] = []
        for _ in 0..<size {
            guard let way = reader.u8() else { return false }
            if way == 0 {
                guard let id = reader.id() else { return false }
                traces.append(TraceID(high: id.high, low: id.low))
                continue
            }
            guard way == 1, let known = reader.varint(), known <= UInt64(highs.count) else { return false }
            let high: UInt64
            if known > 0 {
                high = highs[Int(known) - 1]
            } else {
                guard let new = reader.u64() else { return false }
                high = new
                if highs.count < BlockLimits.maxTracePrefixes { highs.append(new) }
            }
            guard let owner = reader.varint(), owner <= UInt64(bases.count), let sequence = reader.zigzag() else {
                return false
            }
            let base = owner == 0 ? header.incarnation &+ header.firstSequence : bases[Int(owner) - 1]
            traces.append(TraceID(high: high, low: base &+ UInt64(bitPattern: sequence)))
        }
        return true
    }

    private func readRoles(_ reader: inout ByteReader) -> [RoleID]? {
        guard let size = reader.count(), size <= BlockLimits.maxTemplates else { return nil }
        var roles: [RoleID] = []
        for _ in 0..<size {
            let role = reader.role { reader in
                guard let number = reader.varint(), number < UInt64(plain.count) else { return nil }
                return symbols.string(plain[Int(number)])
            }
            guard let role else { return nil }
            roles.append(symbols.intern(role))
        }
        return roles
    }

    private mutating func readTemplates(_ reader: inout ByteReader, _ roles: [RoleID]) -> Bool {
        guard let streams = readStreams(&reader), let size = reader.count(),
            size <= min(count, BlockLimits.maxTemplates)
        else { return false }
        var attributes = 0
        for _ in 0..<size {
            guard let stream = reader.varint(), stream < UInt64(streams.count), let fact = reader.u8(),
                let (kind, status, spanKind) = Fact.unpack(fact),
                let role = reader.varint(), role < UInt64(roles.count), let rows = reader.varint(), rows > 0,
                rows <= UInt64(count)
            else { return false }
            var template = Template(
                stream: streams[Int(stream)], kind: kind, status: status, spanKind: spanKind, role: roles[Int(role)],
                count: Int(rows), sparse: [])
            for _ in FixedColumn.parentBase..<FixedColumn.count {
                guard let values = reader.varint(), values <= rows else { return false }
                template.sparse.append(Int(values))
            }
            guard let keys = reader.count(), keys <= Int(UInt16.max) else { return false }
            attributes += keys * template.count
            guard attributes <= BlockLimits.maxAttributes else { return false }
            for _ in 0..<keys {
                guard let byte = reader.u8(), let type = AttributeType(rawValue: byte), let number = reader.varint(),
                    let key = key(number)
                else { return false }
                template.types.append(type)
                template.keys.append(key)
            }
            templates.append(template)
        }
        return true
    }

    /// The header's stream, then those that the block names.
    private func readStreams(_ reader: inout ByteReader) -> [UInt32]? {
        var streams = [number(BlockStream(id: header.stream, epoch: header.epoch))]
        guard let size = reader.count(bytesEach: 20) else { return nil }
        for _ in 0..<size {
            guard let id = reader.id(), let epoch = reader.u32() else { return nil }
            streams.append(number(BlockStream(id: id, epoch: epoch)))
        }
        return streams
    }

    private func key(_ number: UInt64) -> AttributeKey? {
        guard number >= UInt64(AttributeKey.firstInterned) else {
            return AttributeKey(rawValue: UInt32(truncatingIfNeeded: number))
        }
        let name = number - UInt64(AttributeKey.firstInterned)
        guard name < UInt64(plain.count) else { return nil }
        return AttributeKey(rawValue: AttributeKey.firstInterned + plain[Int(name)].index)
    }

    /// Steps over the heads: of series, of fixed columns, of attributes by position; a column without values has none.
    /// They are read again, one by one, with the columns: a million heads kept would take more than their block.
    func skipHeads(_ reader: inout ByteReader) -> Bool {
        for group in series where ColumnHead(&reader, count: group.count) == nil { return false }
        for column in 0..<FixedColumn.count {
            for template in templates where template.rows(column) > 0 {
                guard ColumnHead(&reader, count: template.rows(column)) != nil else { return false }
            }
        }
        let most = templates.reduce(0) { max($0, $1.keys.count) }
        for position in 0..<most {
            for template in templates where position < template.keys.count {
                guard ColumnHead(&reader, count: template.count) != nil else { return false }
            }
        }
        return true
    }
}

extension ByteReader {
    /// A number of entries, each of at least so many bytes: bounded by what is left, so that nothing large is reserved.
    mutating func count(bytesEach: Int = 1) -> Int? {
        guard let count = varint(), count <= UInt64(remaining / bytesEach) else { return nil }
        return Int(count)
    }
}
