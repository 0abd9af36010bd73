extension ColumnBlock {
    /// Numbers of the rows of a group. Valid until the block's next `load`.
    package struct Values {
        let values: ColumnValues

        /// The number of a row below the group's count.
        @inline(__always) package subscript(row: Int) -> Int64 { values[row] }
    }

    /// When each event of a group happened, a span's end: Unix nanoseconds on the stream's own clock.
    package func times(_ group: Group) -> Values? {
        guard let times else { return nil }
        return Values(values: unixNanos(times + group.firstRow, group.count))
    }

    /// When each span of a group started, in the same; of other kinds the same as `times`.
    package func starts(_ group: Group) -> Values? {
        guard let times, let extents else { return nil }
        guard group.kind == .span else { return self.times(group) }
        if hasEdges(group) {
            guard let starts = startsByRow() else { return nil }
            return Values(values: unixNanos(starts + group.firstRow, group.count))
        }
        let starts = arena.allocate(group.count)
        let step = Int64(bitPattern: clock.step)
        for row in 0..<group.count {
            starts[row] = times[group.firstRow + row] &- extents[group.firstRow + row] &* step
        }
        return Values(values: unixNanos(starts, group.count))
    }

    /// The number of tokens of each event of a group of tokens.
    package func tokens(_ group: Group) -> Values? {
        guard group.kind == .tokens, let extents else { return nil }
        return Values(values: ColumnValues(base: extents + group.firstRow, stride: 1, count: group.count))
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
        return column(group, FixedColumn.count + position).map(Values.init)
    }

    private func unixNanos(_ stamps: UnsafeMutablePointer<Int64>, _ count: Int) -> ColumnValues {
        guard !clock.isUnix else { return ColumnValues(base: stamps, stride: 1, count: count) }
        let target = arena.allocate(count)
        let calibration = clock.calibration
        for row in 0..<count { target[row] = calibration.unixNanos(UInt64(bitPattern: stamps[row])) }
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
        guard let times = times(group)?.values, let starts = starts(group)?.values else { return nil }
        switch column {
        case ReferenceColumn.start: return starts
        case ReferenceColumn.time: return times
        default:
            let target = arena.allocate(group.count)
            for row in 0..<group.count { target[row] = times[row] &- starts[row] }
            return ColumnValues(base: target, stride: 1, count: group.count)
        }
    }
}
