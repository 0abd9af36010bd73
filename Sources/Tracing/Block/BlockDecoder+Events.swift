extension BlockDecoder {
    /// Where the reading of one template's columns stands.
    private struct Cursor {
        var row = 0
        var attributes: Int
        var sparse: [Int] = [0, 0, 0, 0]
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
        batch.events.reserveCapacity(count)
        var cursors = templates.map { Cursor(attributes: $0.keys.count) }
        var chain = Chain(time: baseTime, lasts: [UInt64](repeating: 0, count: bases.count))
        var attributeStart = 0
        let step = Int64(bitPattern: clock.step)
        for index in 0..<count {
            let number = Int(numbers[index])
            let row = cursors[number].row
            cursors[number].row += 1
            guard let columns = Fixed(templates[number]) else { return false }
            let isSpan = templates[number].kind == .span
            let extent = columns.extent[row]
            let edge = columns.edge[row]
            var time = chain.time &+ columns.gap[row] &* step
            var start = time
            if isSpan {
                if edge == 0 {
                    time = start &+ extent &* step
                } else {
                    guard edge > 0, edge <= Int64(index) else { return false }
                    start = batch.events[index - Int(edge)].start.nanos &- extent &* step
                }
            }
            chain.time = time
            let link = Int(truncatingIfNeeded: columns.link[row])
            guard columns.link[row] >= 0, link < 64,
                let parent = parent(link >> 1 & 7, number, index, &cursors[number], &chain, foreign, batch),
                let span = span(link >> 4, number, index, &cursors[number], &chain, foreign, batch)
            else { return false }
            if link & LinkCode.traceGiven != 0 {
                guard let trace = value(FixedColumn.traceValue, number, &cursors[number]), trace >= 0,
                    trace < Int64(traces.count)
                else { return false }
                chain.trace = traces[Int(trace)]
            }
            chain.parent = parent
            let template = templates[number]
            batch.events.append(
                Event(
                    kind: template.kind, status: template.status, spanKind: template.spanKind, stream: template.stream,
                    role: template.role, incarnation: header.incarnation,
                    sequence: header.firstSequence &+ UInt64(index), time: Timestamp(nanos: time),
                    start: Timestamp(nanos: start), span: span, parent: parent, trace: chain.trace,
                    value: template.kind == .tokens ? extent : 0,
                    attributeStart: UInt32(truncatingIfNeeded: attributeStart),
                    attributeCount: UInt16(clamping: cursors[number].attributes)))
            attributeStart &+= cursors[number].attributes
        }
        // What no event used is no part of the format, and a place to hide things in.
        return chain.foreign == foreignCount && zip(cursors, templates).allSatisfy { $0.sparse == $1.sparse }
    }

    private struct Fixed {
        var gap: ColumnValues
        var extent: ColumnValues
        var edge: ColumnValues
        var link: ColumnValues

        init?(_ template: Template) {
            guard let gap = template.columns[FixedColumn.gap], let extent = template.columns[FixedColumn.extent],
                let edge = template.columns[FixedColumn.edge], let link = template.columns[FixedColumn.link]
            else { return nil }
            (self.gap, self.extent, self.edge, self.link) = (gap, extent, edge, link)
        }
    }

    /// The next value of a column that has one only where `link` says so.
    private func value(_ column: Int, _ number: Int, _ cursor: inout Cursor) -> Int64? {
        let place = column - FixedColumn.parentBase
        guard cursor.sparse[place] < templates[number].sparse[place], let values = templates[number].columns[column]
        else { return nil }
        defer { cursor.sparse[place] += 1 }
        return values[cursor.sparse[place]]
    }

    private func nextForeign(_ chain: inout Chain, _ foreign: UnsafePointer<UInt8>) -> SpanID? {
        guard chain.foreign < foreignCount else { return nil }
        defer { chain.foreign += 1 }
        let word = UnsafeRawPointer(foreign + chain.foreign * 8).loadUnaligned(as: UInt64.self)
        return SpanID(UInt64(littleEndian: word))
    }

    /// The id that `distance` names: 2 * events back + (0 span, 1 parent).
    private func back(_ distance: Int64, _ index: Int, _ batch: EventBatch) -> SpanID? {
        let events = distance >> 1
        guard events > 0, events <= Int64(index) else { return nil }
        let event = batch.events[index - Int(events)]
        return distance & 1 == 0 ? event.span : event.parent
    }

    private func parent(
        _ way: Int, _ number: Int, _ index: Int, _ cursor: inout Cursor, _ chain: inout Chain,
        _ foreign: UnsafePointer<UInt8>, _ batch: borrowing EventBatch
    ) -> SpanID? {
        switch way {
        case LinkCode.Parent.same: return chain.parent
        case LinkCode.Parent.none: return SpanID.none
        case LinkCode.Parent.own:
            return value(FixedColumn.parentValue, number, &cursor).map {
                SpanID(
                    header.incarnation &+ header.firstSequence &+ UInt64(index) &- UInt64(bitPattern: $0))
            }
        case LinkCode.Parent.other:
            guard let base = value(FixedColumn.parentBase, number, &cursor), base >= 0, base < Int64(bases.count),
                let step = value(FixedColumn.parentValue, number, &cursor)
            else { return nil }
            chain.lasts[Int(base)] &+= UInt64(bitPattern: step)
            return SpanID(bases[Int(base)] &+ chain.lasts[Int(base)])
        case LinkCode.Parent.foreign: return nextForeign(&chain, foreign)
        case LinkCode.Parent.back:
            return value(FixedColumn.parentValue, number, &cursor).flatMap { back($0, index, copy batch) }
        default: return nil
        }
    }

    private func span(
        _ way: Int, _ number: Int, _ index: Int, _ cursor: inout Cursor, _ chain: inout Chain,
        _ foreign: UnsafePointer<UInt8>, _ batch: borrowing EventBatch
    ) -> SpanID? {
        let kind = templates[number].kind
        guard kind == .begin || kind == .span || kind == .end else { return SpanID.none }
        let own = header.incarnation &+ header.firstSequence &+ UInt64(index)
        switch way {
        case LinkCode.Span.own:
            guard kind == .end else { return SpanID(own) }
            return value(FixedColumn.spanValue, number, &cursor).map { SpanID(own &- UInt64(bitPattern: $0)) }
        case LinkCode.Span.none: return SpanID.none
        case LinkCode.Span.foreign: return nextForeign(&chain, foreign)
        default: return value(FixedColumn.spanValue, number, &cursor).flatMap { back($0, index, copy batch) }
        }
    }
}
