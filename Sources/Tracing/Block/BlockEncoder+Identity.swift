// How ids and traces of a row are named: by sequence where they are known, eight bytes once where they are foreign.
extension BlockEncoder {
    @inline(never)
    func appendTrace(_ trace: TraceID, _ columns: UnsafeMutablePointer<ValueRun<Int64>>) {
        var number = Int64(traces.count)
        if let known = traceNumber[trace] {
            number = known
        } else {
            traceNumber[trace] = number
            traces.append(trace)
        }
        previousTrace = trace
        previousTraceNumber = number
        columns[FixedColumn.traceValue].append(number)
    }

    @inline(never)
    func parent(_ id: UInt64, _ columns: UnsafeMutablePointer<ValueRun<Int64>>) -> Int {
        if id == 0 { return LinkCode.Parent.none }
        if effort == .strong, firstChild[id] == nil { firstChild[id] = Int64(count) }
        let distance = sequence &- (id &- incarnation)
        if Self.isNear(distance) {
            columns[FixedColumn.parentValue].append(Int64(bitPattern: distance))
            return LinkCode.Parent.own
        }
        if let (number, itsSequence) = other(id) {
            columns[FixedColumn.parentBase].append(number)
            columns[FixedColumn.parentValue].append(Int64(bitPattern: itsSequence &- otherLast[Int(number)]))
            otherLast[Int(number)] = itsSequence
            return LinkCode.Parent.other
        }
        defer { seen[id] = Int64(count) << 1 | 1 }
        if let place = seen[id] {
            columns[FixedColumn.parentValue].append((Int64(count) - place >> 1) << 1 | place & 1)
            return LinkCode.Parent.back
        }
        foreign.append(Int64(bitPattern: id))
        return LinkCode.Parent.foreign
    }

    @inline(never)
    func span(_ id: UInt64, _ columns: UnsafeMutablePointer<ValueRun<Int64>>, isEnd: Bool) -> Int {
        if id == 0 { return LinkCode.Span.none }
        let distance = sequence &- (id &- incarnation)
        if isEnd, Self.isNear(distance) {
            columns[FixedColumn.spanValue].append(Int64(bitPattern: distance))
            return LinkCode.Span.own
        }
        if let place = seen[id], place >> 1 < count {
            columns[FixedColumn.spanValue].append((Int64(count) - place >> 1) << 1 | place & 1)
            return LinkCode.Span.back
        }
        foreign.append(Int64(bitPattern: id))
        return LinkCode.Span.foreign
    }

    /// Whether a distance can be one between sequences: 2^40 events either way.
    static func isNear(_ distance: UInt64) -> Bool { distance &+ (1 << 40) < 1 << 41 }

    /// The other incarnation that an id belongs to, as a number of this block, and its sequence.
    func other(_ id: UInt64) -> (number: Int64, sequence: UInt64)? {
        guard let found = Self.find(id, others), found.base != incarnation else { return nil }
        return (number(ofBase: found.base), id &- found.base)
    }

    /// The incarnation with the greatest base below `id`, if `id` is within its sequences.
    static func find(_ id: UInt64, _ others: [Incarnation]) -> Incarnation? {
        guard !others.isEmpty else { return nil }
        var (low, high) = (0, others.count)
        while low < high {
            let middle = (low + high) / 2
            if others[middle].base < id { low = middle + 1 } else { high = middle }
        }
        // Bases are random and may wrap: the last one covers what lies below the first.
        let candidate = others[(low + others.count - 1) % others.count]
        let sequence = id &- candidate.base
        return sequence > 0 && sequence <= candidate.last ? candidate : nil
    }

    /// The number of an incarnation in this block, new or old.
    func number(ofBase base: UInt64) -> Int64 {
        if let known = otherNumber[base] { return known }
        let number = Int64(otherBases.count)
        otherNumber[base] = number
        otherBases.append(base)
        otherLast.append(0)
        return number
    }

    /// How a trace's low half can be named by an incarnation: its base and sequence.
    func incarnation(of id: UInt64) -> Incarnation? {
        if Self.isNear(id &- incarnation) { return Incarnation(base: incarnation, last: id &- incarnation) }
        return Self.find(id, others).map { Incarnation(base: $0.base, last: id &- $0.base) }
    }
}
