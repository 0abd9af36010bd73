extension BlockDecoder {
    /// The values of a column that has one only where `link` says so.
    private struct Sparse {
        var values: ColumnValues?
        var count: Int
        var used = 0

        @inline(__always) mutating func next() -> Int64? {
            guard used < count, let values else { return nil }
            defer { used += 1 }
            return values[used]
        }
    }

    /// One template while its rows are read: plain numbers, so that a row costs no reference count.
    private struct Rows {
        let kind: EventKind
        let status: SpanStatus
        let spanKind: SpanKind
        let stream: UInt32
        let role: RoleID
        let attributes: Int
        let gap: ColumnValues
        let extent: ColumnValues
        let edge: ColumnValues
        let link: ColumnValues
        var parentBase: Sparse
        var parentValue: Sparse
        var spanValue: Sparse
        var traceValue: Sparse
        var row = 0

        init?(_ template: Template) {
            guard let gap = template.columns[FixedColumn.gap], let extent = template.columns[FixedColumn.extent],
                let edge = template.columns[FixedColumn.edge], let link = template.columns[FixedColumn.link]
            else { return nil }
            (self.gap, self.extent, self.edge, self.link) = (gap, extent, edge, link)
            (kind, status, spanKind) = (template.kind, template.status, template.spanKind)
            (stream, role, attributes) = (template.stream, template.role, template.keys.count)
            func sparse(_ column: Int) -> Sparse {
                Sparse(values: template.columns[column], count: template.rows(column))
            }
            parentBase = sparse(FixedColumn.parentBase)
            parentValue = sparse(FixedColumn.parentValue)
            spanValue = sparse(FixedColumn.spanValue)
            traceValue = sparse(FixedColumn.traceValue)
        }

        /// What no event used is no part of the format, and a place to hide things in.
        var isUsedUp: Bool {
            parentBase.used == parentBase.count && parentValue.used == parentValue.count
                && spanValue.used == spanValue.count && traceValue.used == traceValue.count
        }
    }

    /// What one event hands to the next.
    private struct Chain {
        var time: Int64
        var parent = SpanID.none
        var trace = TraceID.none
        var foreign = 0
        var lasts: [UInt64]
    }

    /// Everything but attributes, in the order of sequences. Stamps stay ticks.
    func events(
        _ numbers: [UInt16], _ foreign: UnsafePointer<UInt8>, _ batch: inout EventBatch
    ) -> Bool {
        // A template without rows has no columns, and no number names it.
        var rows = ContiguousArray<Rows>()
        var places = [Int](repeating: -1, count: templates.count)
        for (index, template) in templates.enumerated() where template.count > 0 {
            guard let found = Rows(template) else { return false }
            places[index] = rows.count
            rows.append(found)
        }
        var isSound = false
        batch.events = ContiguousArray(unsafeUninitializedCapacity: count) { buffer, initialized in
            rows.withUnsafeMutableBufferPointer { rows in
                isSound = fill(buffer, numbers, places, rows, foreign, &initialized)
            }
        }
        return isSound && rows.allSatisfy(\.isUsedUp)
    }

    private func fill(
        _ events: UnsafeMutableBufferPointer<Event>, _ numbers: [UInt16], _ places: [Int],
        _ rows: UnsafeMutableBufferPointer<Rows>, _ foreign: UnsafePointer<UInt8>, _ initialized: inout Int
    ) -> Bool {
        var chain = Chain(time: baseTime, lasts: [UInt64](repeating: 0, count: bases.count))
        var attributeStart = 0
        let step = Int64(bitPattern: clock.step)
        for index in 0..<count {
            let place = places[Int(numbers[index])]
            guard place >= 0 else { return false }
            let row = rows[place].row
            rows[place].row += 1
            let extent = rows[place].extent[row]
            let edge = rows[place].edge[row]
            var time = chain.time &+ rows[place].gap[row] &* step
            var start = time
            if rows[place].kind == .span {
                if edge == 0 {
                    time = start &+ extent &* step
                } else {
                    guard edge > 0, edge <= Int64(index) else { return false }
                    start = events[index - Int(edge)].start.nanos &- extent &* step
                }
            }
            chain.time = time
            let link = rows[place].link[row]
            guard link >= 0, link < 64,
                let parent = parent(Int(link) >> 1 & 7, index, &rows[place], &chain, foreign, events),
                let span = span(Int(link) >> 4, index, &rows[place], &chain, foreign, events)
            else { return false }
            if Int(link) & LinkCode.traceGiven != 0 {
                guard let trace = rows[place].traceValue.next(), trace >= 0, trace < Int64(traces.count) else {
                    return false
                }
                chain.trace = traces[Int(trace)]
            }
            chain.parent = parent
            let event = Event(
                kind: rows[place].kind, status: rows[place].status, spanKind: rows[place].spanKind,
                stream: rows[place].stream, role: rows[place].role, incarnation: header.incarnation,
                sequence: header.firstSequence &+ UInt64(index), time: Timestamp(nanos: time),
                start: Timestamp(nanos: start), span: span, parent: parent, trace: chain.trace,
                value: rows[place].kind == .tokens ? extent : 0,
                attributeStart: UInt32(truncatingIfNeeded: attributeStart),
                attributeCount: UInt16(clamping: rows[place].attributes))
            events.baseAddress?.advanced(by: index).initialize(to: event)
            initialized = index + 1
            attributeStart &+= rows[place].attributes
        }
        return chain.foreign == foreignCount
    }

    private func nextForeign(_ chain: inout Chain, _ foreign: UnsafePointer<UInt8>) -> SpanID? {
        guard chain.foreign < foreignCount else { return nil }
        defer { chain.foreign += 1 }
        let word = UnsafeRawPointer(foreign + chain.foreign * 8).loadUnaligned(as: UInt64.self)
        return SpanID(UInt64(littleEndian: word))
    }

    /// The id that `distance` names: 2 * events back + (0 span, 1 parent).
    private func back(_ distance: Int64, _ index: Int, _ events: UnsafeMutableBufferPointer<Event>) -> SpanID? {
        let steps = distance >> 1
        guard steps > 0, steps <= Int64(index) else { return nil }
        let event = events[index - Int(steps)]
        return distance & 1 == 0 ? event.span : event.parent
    }

    @inline(__always)
    private func parent(
        _ way: Int, _ index: Int, _ rows: inout Rows, _ chain: inout Chain, _ foreign: UnsafePointer<UInt8>,
        _ events: UnsafeMutableBufferPointer<Event>
    ) -> SpanID? {
        switch way {
        case LinkCode.Parent.same: return chain.parent
        case LinkCode.Parent.none: return SpanID.none
        case LinkCode.Parent.own:
            return rows.parentValue.next().map {
                SpanID(
                    header.incarnation &+ header.firstSequence &+ UInt64(index) &- UInt64(bitPattern: $0))
            }
        case LinkCode.Parent.other:
            guard let base = rows.parentBase.next(), base >= 0, base < Int64(bases.count),
                let step = rows.parentValue.next()
            else { return nil }
            chain.lasts[Int(base)] &+= UInt64(bitPattern: step)
            return SpanID(bases[Int(base)] &+ chain.lasts[Int(base)])
        case LinkCode.Parent.foreign: return nextForeign(&chain, foreign)
        case LinkCode.Parent.back: return rows.parentValue.next().flatMap { back($0, index, events) }
        default: return nil
        }
    }

    @inline(__always)
    private func span(
        _ way: Int, _ index: Int, _ rows: inout Rows, _ chain: inout Chain, _ foreign: UnsafePointer<UInt8>,
        _ events: UnsafeMutableBufferPointer<Event>
    ) -> SpanID? {
        guard rows.kind == .begin || rows.kind == .span || rows.kind == .end else { return SpanID.none }
        let own = header.incarnation &+ header.firstSequence &+ UInt64(index)
        switch way {
        case LinkCode.Span.own:
            guard rows.kind == .end else { return SpanID(own) }
            return rows.spanValue.next().map { SpanID(own &- UInt64(bitPattern: $0)) }
        case LinkCode.Span.none: return SpanID.none
        case LinkCode.Span.foreign: return nextForeign(&chain, foreign)
        default: return rows.spanValue.next().flatMap { back($0, index, events) }
        }
    }
}
