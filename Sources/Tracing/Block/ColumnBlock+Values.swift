extension ColumnBlock {
    /// Numbers of the rows of a group. Valid until the block's next `load`.
    package struct Values {
        /// One number a row, or one for all rows.
        @usableFromInline let base: UnsafePointer<Int64>
        @usableFromInline let stride: Int

        /// The same as a column.
        func column(_ count: Int) -> ColumnValues {
            ColumnValues(base: UnsafeMutablePointer(mutating: base), stride: stride, count: count)
        }

        init(_ values: ColumnValues) {
            base = UnsafePointer(values.base)
            stride = values.stride
        }

        /// The number of a row below the group's count.
        @inlinable @inline(__always) package subscript(row: Int) -> Int64 { base[row &* stride] }
    }

    /// When each event of a group happened, a span's end: Unix nanoseconds on the stream's own clock.
    package func times(_ group: Group) -> Values? {
        guard let times else { return nil }
        return Values(unixNanos(times + group.firstRow, group.count))
    }

    /// When each span of a group started, in the same; of other kinds the same as `times`.
    package func starts(_ group: Group) -> Values? {
        guard let times, let extents else { return nil }
        guard group.kind == .span else { return self.times(group) }
        if hasEdges(group) {
            guard let starts = startsByRow() else { return nil }
            return Values(unixNanos(starts + group.firstRow, group.count))
        }
        let starts = arena.allocate(group.count)
        let step = Int64(bitPattern: clock.step)
        for row in 0..<group.count {
            starts[row] = times[group.firstRow + row] &- extents[group.firstRow + row] &* step
        }
        return Values(unixNanos(starts, group.count))
    }

    /// How long each span of a group took, nanoseconds, below 0 where it ends before it starts; 0 for other kinds. Valid
    /// until the durations of another group are asked for.
    package func durations(_ group: Group) -> UnsafeBufferPointer<Int64>? {
        durations.flatMap { durations(group, into: $0) }
    }

    private func durations(
        _ group: Group, into target: UnsafeMutablePointer<Int64>
    ) -> UnsafeBufferPointer<Int64>? {
        guard let ends = times, let extents else { return nil }
        if group.kind == .span, !hasEdges(group), !clock.isUnix {
            clock.calibration.durations(
                endingAt: ends + group.firstRow, extents + group.firstRow, step: Int64(bitPattern: clock.step),
                group.count, into: target)
        } else {
            guard let starts = starts(group), let ends = times(group) else { return nil }
            for row in 0..<group.count { target[row] = ends[row] &- starts[row] }
        }
        return UnsafeBufferPointer(start: target, count: group.count)
    }

    /// The number of tokens of each event of a group of tokens.
    package func tokens(_ group: Group) -> Values? {
        guard group.kind == .tokens, let extents else { return nil }
        return Values(ColumnValues(base: extents + group.firstRow, stride: 1, count: group.count))
    }

    /// Whether the events of a group have an attribute under that key.
    package func has(_ key: AttributeKey, _ group: Group) -> Bool { templates[group.index].keys.contains(key) }

    /// An integer or boolean (0, else true) attribute of each event of a group: the first under that key. Nil when there
    /// is none, and for other types.
    package func integers(_ key: AttributeKey, _ group: Group) -> Values? {
        let template = templates[group.index]
        guard let position = template.keys.firstIndex(of: key) else { return nil }
        let type = template.types[position]
        guard type == .int || type == .bool else { return nil }
        return column(group, FixedColumn.count + position).map { Values($0) }
    }

    private func unixNanos(_ stamps: UnsafeMutablePointer<Int64>, _ count: Int) -> ColumnValues {
        guard !clock.isUnix else { return ColumnValues(base: stamps, stride: 1, count: count) }
        let target = arena.allocate(count)
        clock.calibration.unixNanos(stamps, count, into: target)
        return ColumnValues(base: target, stride: 1, count: count)
    }

    // MARK: Columns

    /// One of the columns that every group has, into `target`.
    func fill(_ group: Group, _ column: Int, _ target: UnsafeMutablePointer<Int64>) -> Bool {
        let place = places[group.firstPlace + column]
        guard let head = head(place), head.reference == nil else { return false }
        return withSource(mainOffset: Int(place.main), tailOffset: Int(place.tail)) { $0.fill(head, target) }
    }

    /// One of the columns that every group has.
    func fixed(_ group: Group, _ column: Int) -> ColumnValues? {
        decode(places[group.firstPlace + column], reference: nil)
    }

    private func head(_ place: Place) -> ColumnHead? {
        var reader = ByteReader(payload.main, Int(place.head)..<payload.main.count)
        return ColumnHead(&reader, count: Int(place.rows))
    }

    private func decode(_ place: Place, reference: ColumnValues?) -> ColumnValues? {
        guard let head = head(place) else { return nil }
        return withSource(mainOffset: Int(place.main), tailOffset: Int(place.tail)) {
            $0.column(head, reference: reference)
        }
    }

    /// An attribute's column. What it refers to is decoded first: each column may only name one that lies earlier.
    private func column(_ group: Group, _ column: Int) -> ColumnValues? {
        var chain: [Place] = []
        var owner = group
        var next = places[group.firstPlace + column]
        var values: ColumnValues?
        while true {
            chain.append(next)
            guard let head = head(next) else { return nil }
            guard let parts = head.reference else { break }
            if parts.column < ReferenceColumn.firstAttribute {
                guard parts.template == owner.index, let found = instants(owner, parts.column) else { return nil }
                values = found
                break
            }
            guard parts.template < groups.count else { return nil }
            owner = groups[parts.template]
            let position = parts.column - ReferenceColumn.firstAttribute
            guard position < templates[owner.index].keys.count else { return nil }
            let earlier = places[owner.firstPlace + FixedColumn.count + position]
            guard earlier.head < next.head, earlier.rows == next.rows else { return nil }
            next = earlier
        }
        for place in chain.reversed() {
            values = decode(place, reference: values)
            guard values != nil else { return nil }
        }
        return values
    }

    /// What a reference names beside attributes, of a group's own rows.
    private func instants(_ group: Group, _ column: Int) -> ColumnValues? {
        switch column {
        case ReferenceColumn.start: return starts(group)?.column(group.count)
        case ReferenceColumn.time: return times(group)?.column(group.count)
        default:
            let target = arena.allocate(group.count)
            guard durations(group, into: target) != nil else { return nil }
            return ColumnValues(base: target, stride: 1, count: group.count)
        }
    }
}
