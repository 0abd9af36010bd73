// What the strong effort looks for: columns that follow from others.

extension BlockEncoder {
    /// A column that was written before, for later ones to refer to.
    private struct Written {
        var template: Int
        var position: Int
        var values: UnsafeMutableBufferPointer<Int64>
    }

    /// Unix nanoseconds of the events of one template.
    private struct Instants {
        var start: UnsafeMutableBufferPointer<Int64>
        var time: UnsafeMutableBufferPointer<Int64>
        var duration: UnsafeMutableBufferPointer<Int64>
    }

    func writeAttributesStrong() {
        let instants = instantsByTemplate()
        defer {
            for entry in instants {
                entry.start.deallocate()
                entry.time.deallocate()
                entry.duration.deallocate()
            }
        }
        var written: [UInt64: Written] = [:]
        let most = used.map { templates[Int($0)].attributeCount }.max() ?? 0
        for position in 0..<most {
            for (number, index) in used.enumerated() {
                let template = templates[Int(index)]
                guard position < template.attributeCount else { continue }
                let values = template.columns[FixedColumn.count + position].values
                let hash = Self.hash(values)
                if let same = written[hash], Self.isEqual(same.values, values) {
                    coder.emitConstant(
                        ColumnCoder.Residual(
                            predictor: Predictor.reference,
                            reference: ColumnCoder.Reference(
                                template: same.template, column: ReferenceColumn.firstAttribute + same.position,
                                values: same.values), values: values))
                    continue
                }
                var references: [ColumnCoder.Reference] = []
                if UInt8(truncatingIfNeeded: template.shape[position]) == AttributeType.int.rawValue,
                    Self.varies(values)
                {
                    references = self.references(number, position, template, instants[number])
                }
                coder.encodeStrong(values, references: references)
                if Self.varies(values) {
                    written[hash] = Written(template: number, position: position, values: values)
                }
            }
        }
    }

    private func references(
        _ number: Int, _ position: Int, _ template: BlockTemplate, _ instants: Instants
    ) -> [ColumnCoder.Reference] {
        let values = template.columns[FixedColumn.count + position].values
        var found: [ColumnCoder.Reference] = []
        // An even multiple of another attribute, or near one.
        for earlier in 0..<position
        where UInt8(truncatingIfNeeded: template.shape[earlier]) == AttributeType.int.rawValue {
            let other = template.columns[FixedColumn.count + earlier].values
            guard let factor = Self.factor(other, values) else { continue }
            let reference = ColumnCoder.Reference(
                template: number, column: ReferenceColumn.firstAttribute + earlier, numerator: factor, values: other)
            if Self.isAffine(reference, values) { return [reference] }
            if factor == 1, position - earlier <= 4 { found.append(reference) }
        }
        if values.count >= 16 {
            let own = { (column: Int, values: UnsafeMutableBufferPointer<Int64>, denominator: Int64) in
                ColumnCoder.Reference(
                    template: number, column: column, denominator: denominator, values: values)
            }
            if Self.isNear(values, instants.start) {
                found.append(own(ReferenceColumn.start, instants.start, 1))
                found.append(own(ReferenceColumn.time, instants.time, 1))
            }
            if template.isSpan {
                found.append(own(ReferenceColumn.duration, instants.duration, 1))
                found.append(own(ReferenceColumn.duration, instants.duration, 1000))
            }
        }
        return found
    }

    private static func varies(_ values: UnsafeMutableBufferPointer<Int64>) -> Bool {
        guard let first = values.first else { return false }
        return values.contains { $0 != first }
    }

    /// Whether the first values lie within 18 minutes of an instant: only then can it predict them.
    private static func isNear(
        _ values: UnsafeMutableBufferPointer<Int64>, _ instants: UnsafeMutableBufferPointer<Int64>
    ) -> Bool {
        (0..<min(4, values.count)).allSatisfy { (values[$0] &- instants[$0]).magnitude < 1 << 40 }
    }

    /// The factor by which `values` grow with `other`, from the first place where `other` changes; 1 where unclear.
    private static func factor(
        _ other: UnsafeMutableBufferPointer<Int64>, _ values: UnsafeMutableBufferPointer<Int64>
    ) -> Int64? {
        for index in other.indices where other[index] != other[0] {
            let (rise, run) = (values[index] &- values[0], other[index] &- other[0])
            guard run != -1 || rise != .min, rise % run == 0 else { return 1 }
            let factor = rise / run
            return factor == 0 || factor.magnitude > 1 << 40 ? 1 : factor
        }
        return nil
    }

    private static func isAffine(
        _ reference: ColumnCoder.Reference, _ values: UnsafeMutableBufferPointer<Int64>
    ) -> Bool {
        let rest = values[0] &- reference.predict(0)
        return values.indices.allSatisfy { values[$0] &- reference.predict($0) == rest }
    }

    private static func hash(_ values: UnsafeMutableBufferPointer<Int64>) -> UInt64 {
        var hash = UInt64(values.count)
        for value in values { hash = (hash ^ UInt64(bitPattern: value)) &* 0x9E37_79B9_7F4A_7C15 ^ hash >> 29 }
        return hash
    }

    private static func isEqual(
        _ a: UnsafeMutableBufferPointer<Int64>, _ b: UnsafeMutableBufferPointer<Int64>
    ) -> Bool {
        a.count == b.count && a.indices.allSatisfy { a[$0] == b[$0] }
    }

    private func instantsByTemplate() -> [Instants] {
        var all: [Instants] = []
        for index in used {
            let count = templates[Int(index)].columns[FixedColumn.gap].count
            all.append(
                Instants(
                    start: .allocate(capacity: count), time: .allocate(capacity: count),
                    duration: .allocate(capacity: count)))
        }
        var cursors = [Int](repeating: 0, count: used.count)
        for index in 0..<count {
            let number = Int(numbers.values[index])
            let cursor = cursors[number]
            cursors[number] += 1
            let (start, time) = (clock.unixNanos(starts.values[index]), clock.unixNanos(times.values[index]))
            all[number].start[cursor] = start
            all[number].time[cursor] = time
            all[number].duration[cursor] = time &- start
        }
        return all
    }
}
