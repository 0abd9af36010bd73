extension BlockEncoder {
    /// Ends the block. The encoder is then ready for another `begin`.
    func finish(symbols: Symbols, streams: [BlockStream] = []) -> BlockPayload {
        coder.removeAll()
        let step = divideByStep()
        var strings = BlockStrings(symbols: symbols)
        numberStrings(&strings)
        for index in 0..<foreign.count { coder.tail.append(UInt64(bitPattern: foreign.values[index])) }
        var tables = ByteWriter()
        writeTraces(&tables)
        writeTemplates(&tables, &strings, streams)
        writeStrings(strings)
        // The heads of columns that tables need come before those of the templates' columns.
        writeColumns()
        var writer = ByteWriter()
        writer.u8(BlockLimits.payloadVersion)
        writer.varint(UInt64(count))
        writer.varint(step)
        writer.u64(clock.calibration.ticksAnchor)
        writer.i64(clock.calibration.unixAnchor)
        writer.u64(clock.calibration.rate)
        writer.u64(UInt64(bitPattern: baseTime))
        writer.varint(UInt64(foreign.count))
        writer.varint(UInt64(otherBases.count))
        for base in otherBases { writer.u64(base) }
        strings.write(&writer)
        writer.bytes.append(contentsOf: tables.bytes)
        writer.bytes.append(contentsOf: coder.heads.bytes)
        writer.bytes.append(contentsOf: coder.body.buffer)
        return BlockPayload(main: writer.bytes, tail: ArraySlice(coder.tail.buffer))
    }

    private func eachTemplate(_ body: (Int, BlockTemplate) -> Void) {
        for (number, index) in used.enumerated() { body(number, templates[Int(index)]) }
    }

    // MARK: Time

    /// Divides all stamps by the clock's step if each is a multiple; returns the step taken.
    private func divideByStep() -> UInt64 {
        let step = clock.step
        guard step > 1, step < 1 << 32 else { return 1 }
        let divisor = Int64(step)
        // An exact multiple of an odd number is divided by its inverse modulo 2^64, without a division.
        let shift = Int64(divisor.trailingZeroBitCount)
        let odd = divisor >> shift
        var inverse = odd
        for _ in 0..<5 { inverse = inverse &* (2 &- odd &* inverse) }
        // Any number has a quotient modulo 2^64; a small one is the true one.
        let greatest = UInt64(Int64.max / divisor)
        var isExact = true
        eachTemplate { _, template in
            for column in 0...(template.isSpan ? FixedColumn.extent : FixedColumn.gap) {
                for value in template.columns[column].values {
                    let quotient = (value &>> shift) &* inverse
                    isExact = isExact && quotient.magnitude <= greatest && quotient &* divisor == value
                }
            }
        }
        guard isExact else { return 1 }
        eachTemplate { _, template in
            for column in 0...(template.isSpan ? FixedColumn.extent : FixedColumn.gap) {
                let values = template.columns[column].values
                for index in values.indices { values[index] = (values[index] &>> shift) &* inverse }
            }
        }
        return step
    }

    // MARK: Tables

    private func numberStrings(_ strings: inout BlockStrings) {
        eachTemplate { _, template in
            for position in 0..<template.attributeCount {
                let values = template.columns[FixedColumn.count + position].values
                switch UInt8(truncatingIfNeeded: template.shape[position]) {
                case AttributeType.string.rawValue:
                    for index in values.indices { values[index] = strings.note(values[index]) }
                case AttributeType.blob.rawValue:
                    for index in values.indices { values[index] = strings.blob(values[index]) }
                default: break
                }
            }
        }
        strings.order(effort: effort)
        eachTemplate { _, template in
            for position in 0..<template.attributeCount
            where UInt8(truncatingIfNeeded: template.shape[position]) == AttributeType.string.rawValue {
                let values = template.columns[FixedColumn.count + position].values
                for index in values.indices { values[index] = strings.final(values[index]) }
            }
        }
    }

    /// Each: 0 and sixteen bytes in two halves; or 1 + number of a high half met before + 1 (0: a new one follows),
    /// then the low half by incarnation.
    private func writeTraces(_ tables: inout ByteWriter) {
        tables.varint(UInt64(traces.count - 1))
        var highs: [UInt64] = []
        for trace in traces.dropFirst() {
            guard let owner = incarnation(of: trace.low) else {
                tables.u8(0)
                tables.u64(trace.high)
                tables.u64(trace.low)
                continue
            }
            tables.u8(1)
            if let known = highs.firstIndex(of: trace.high) {
                tables.varint(UInt64(known + 1))
            } else {
                tables.varint(0)
                tables.u64(trace.high)
                // Few streams begin traces; more than this are not worth a search.
                if highs.count < BlockLimits.maxTracePrefixes { highs.append(trace.high) }
            }
            tables.varint(owner.base == incarnation ? 0 : UInt64(number(ofBase: owner.base) + 1))
            tables.zigzag(
                Int64(bitPattern: owner.last &- (owner.base == incarnation ? firstSequence : 0)))
        }
    }

    private func writeTemplates(
        _ tables: inout ByteWriter, _ strings: inout BlockStrings, _ streams: [BlockStream]
    ) {
        let symbols = strings.symbols
        var roles = FirstUse<UInt32>()
        var origins = FirstUse<UInt32>()
        eachTemplate { _, template in
            _ = roles.number(template.role)
            _ = origins.number(template.stream)
        }
        tables.varint(UInt64(roles.keys.count))
        for id in roles.keys {
            tables.role(symbols.role(RoleID(id))) { writer, text in writer.varint(strings.name(text)) }
        }
        // The first stream is the header's and not written again.
        let others = origins.keys.dropFirst()
        tables.varint(UInt64(others.count))
        for number in others {
            let stream = Int(number) < streams.count ? streams[Int(number)] : BlockStream(id: .none, epoch: 0)
            tables.u64(stream.id.high)
            tables.u64(stream.id.low)
            tables.u32(stream.epoch)
        }
        tables.varint(UInt64(used.count))
        eachTemplate { _, template in
            tables.varint(UInt64(origins[template.stream] ?? 0))
            tables.u8(template.fact)
            tables.varint(UInt64(roles[template.role] ?? 0))
            tables.varint(UInt64(template.columns[FixedColumn.gap].count))
            for column in FixedColumn.parentBase..<FixedColumn.count {
                tables.varint(UInt64(template.columns[column].count))
            }
            tables.varint(UInt64(template.attributeCount))
            for position in 0..<template.attributeCount {
                let key = UInt32(truncatingIfNeeded: template.shape[position] >> 8)
                tables.u8(UInt8(truncatingIfNeeded: template.shape[position]))
                if key >= AttributeKey.firstInterned {
                    let name = symbols.string(StringID(key - AttributeKey.firstInterned))
                    tables.varint(UInt64(AttributeKey.firstInterned) + strings.name(name))
                } else {
                    tables.varint(UInt64(key))
                }
            }
        }
    }

    private func writeStrings(_ strings: BlockStrings) {
        for series in strings.series {
            var run = ValueRun<Int64>()
            for number in series.numbers { run.append(number) }
            encode(run.values, mayDelta: true)
            run.free()
        }
    }

    // MARK: Columns

    private func encode(_ values: UnsafeMutableBufferPointer<Int64>, mayDelta: Bool) {
        switch effort {
        case .fast: coder.encodeFast(values, mayDelta: mayDelta)
        case .strong: coder.encodeStrong(values, references: [])
        }
    }

    private func writeColumns() {
        let width = used.count > 256 ? 2 : 1
        for plane in 0..<width {
            let target = coder.body.extend(count)
            let values = numbers.values
            for index in 0..<count { target[index] = UInt8(truncatingIfNeeded: values[index] >> UInt16(plane * 8)) }
        }
        // Like columns side by side, so that one table of Huffman codes fits them.
        for column in 0..<FixedColumn.count {
            eachTemplate { _, template in
                if column == FixedColumn.edge, effort == .fast {
                    // Looking for children takes time: nothing refers to another event's start.
                    coder.emitConstant(0)
                } else if column == FixedColumn.link, template.link != BlockTemplate.mixedLinks {
                    coder.emitConstant(Int64(template.link))
                } else {
                    encode(template.columns[column].values, mayDelta: column >= FixedColumn.parentBase)
                }
            }
        }
        switch effort {
        case .fast:
            var position = 0
            var isDone = false
            while !isDone {
                isDone = true
                eachTemplate { _, template in
                    guard position < template.attributeCount else { return }
                    isDone = false
                    coder.encodeFast(
                        template.columns[FixedColumn.count + position].values,
                        mayDelta: UInt8(truncatingIfNeeded: template.shape[position]) != AttributeType.double.rawValue)
                }
                position += 1
            }
        case .strong: writeAttributesStrong()
        }
    }
}
