// The way of `pack`: tries predictions and codings, and writes the smallest.
extension ColumnCoder {
    /// Tries predictions and codings; writes the smallest.
    func encodeStrong(_ values: UnsafeMutableBufferPointer<Int64>, references: [Reference]) {
        let count = values.count
        guard count > 0 else { return }
        let room = UnsafeMutableBufferPointer<Int64>.allocate(capacity: count * (references.count + 1))
        defer { room.deallocate() }
        var plain = Residual(predictor: Predictor.none, values: values)
        plain.measure()
        if plain.isConstant { return emitConstant(plain) }
        var candidates = [plain, differences(values, part(room, 0, count))]
        for (index, reference) in references.enumerated() {
            var residual = Residual(
                predictor: Predictor.reference, reference: reference, values: part(room, index + 1, count))
            for row in 0..<count { residual.values[row] = values[row] &- reference.predict(row) }
            residual.measure()
            if residual.isConstant { return emitConstant(residual) }
            candidates.append(residual)
        }
        if candidates[1].isConstant { return emitConstant(candidates[1]) }
        let ranked = candidates.map { (residual: $0, bytes: estimate($0)) }.sorted { $0.bytes < $1.bytes }
        var best: Plan?
        // Small columns are not worth a trial of many ways; in large ones the estimate misses repetition.
        for (rank, entry) in ranked.enumerated() where rank < 3 || entry.residual.predictor < Predictor.reference {
            if count < 48, rank > 0 { break }
            let plan = plan(entry.residual)
            if best.map({ plan.bytes < $0.bytes }) ?? true { best = plan }
        }
        if let best { emit(best) }
    }

    private func part(
        _ room: UnsafeMutableBufferPointer<Int64>, _ index: Int, _ count: Int
    ) -> UnsafeMutableBufferPointer<Int64> {
        UnsafeMutableBufferPointer(rebasing: room[index * count..<(index + 1) * count])
    }

    /// A way to write a column, and about how many bytes it takes.
    private struct Plan {
        var residual: Residual
        var coding: Int
        var bytes: Int
        var mask = 0
        var subBits = 0
        var dictionary: [Int64] = []
    }

    private func plan(_ residual: Residual) -> Plan {
        let count = residual.values.count
        var best = planesPlan(residual)
        if count >= 48 {
            let classes = classesPlan(residual)
            if classes.bytes < best.bytes { best = classes }
            if let dictionary = dictionaryPlan(residual), dictionary.bytes < best.bytes { best = dictionary }
        }
        return best
    }

    private func planesPlan(_ residual: Residual) -> Plan {
        let count = residual.values.count
        var plan = Plan(residual: residual, coding: Coding.planes, bytes: 4)
        for plane in 0..<residual.width {
            scratch.removeAll()
            fill(plane, of: residual, into: scratch.extend(count))
            let packed = count < 48 ? count : trial.sizeBytes(scratch.buffer)
            if count >= 48, packed * 50 >= count * 49 {
                plan.mask |= 1 << plane
                plan.bytes += count
            } else {
                plan.bytes += packed
            }
        }
        return plan
    }

    private func classesPlan(_ residual: Residual) -> Plan {
        let span = residual.span
        var (bestBits, bestSub) = (Int.max, 2)
        for sub in 0...4 where Bucket.fits(span, sub) {
            let bits = classBits(residual, sub)
            if bits < bestBits { (bestBits, bestSub) = (bits, sub) }
        }
        scratch.removeAll()
        let symbols = scratch.extend(residual.values.count)
        var bits = 0
        for index in residual.values.indices {
            let (symbol, more) = Bucket.symbol(residual.unsigned(index), bestSub)
            symbols[index] = symbol
            bits += more
        }
        return Plan(
            residual: residual, coding: Coding.classes, bytes: 4 + trial.sizeBytes(scratch.buffer) + (bits + 7) / 8,
            subBits: bestSub)
    }

    private func dictionaryPlan(_ residual: Residual) -> Plan? {
        var seen: Set<Int64> = []
        for value in residual.values {
            if seen.insert(value).inserted, seen.count > 256 { return nil }
        }
        let sorted = seen.sorted()
        var numbers: [Int64: UInt8] = [:]
        for (index, value) in sorted.enumerated() { numbers[value] = UInt8(index) }
        scratch.removeAll()
        let target = scratch.extend(residual.values.count)
        for (index, value) in residual.values.enumerated() { target[index] = numbers[value] ?? 0 }
        var writer = ByteWriter()
        for value in Self.steps(sorted) { writer.zigzag(value) }
        return Plan(
            residual: residual, coding: Coding.dictionary,
            bytes: 4 + writer.bytes.count + trial.sizeBytes(scratch.buffer), dictionary: sorted)
    }

    private static func steps(_ sorted: [Int64]) -> [Int64] {
        var last: Int64 = 0
        return sorted.map { value in
            defer { last = value }
            return value &- last
        }
    }

    /// Bytes by the entropy of classes: a quick measure of a prediction.
    private func estimate(_ residual: Residual) -> Int {
        let sub = Bucket.fits(residual.span, 3) ? 3 : 2
        return classBits(residual, sub) / 8
    }

    private func classBits(_ residual: Residual, _ sub: Int) -> Int {
        for index in histogram.indices { histogram[index] = 0 }
        var bits = 0
        for index in residual.values.indices {
            let (symbol, more) = Bucket.symbol(residual.unsigned(index), sub)
            histogram[Int(symbol)] &+= 1
            bits &+= more
        }
        return bits + Self.entropyBits(histogram, residual.values.count)
    }

    /// Order-0 entropy in whole bits, in integers so that every machine decides alike: log2 in 1/256 by a table of one
    /// step of squaring.
    private static func entropyBits(_ histogram: [Int], _ total: Int) -> Int {
        var sum = 0
        let all = log256(total)
        for count in histogram where count > 0 { sum += count * (all - log256(count)) }
        return sum / 256
    }

    /// 256 * log2(value), rounded down to the precision of eight squarings.
    private static func log256(_ value: Int) -> Int {
        guard value > 0 else { return 0 }
        let whole = 63 - UInt64(value).leadingZeroBitCount
        var mantissa = (UInt64(value) << UInt64(63 - whole)) >> 32
        var fraction = 0
        for _ in 0..<8 {
            mantissa = mantissa * mantissa >> 31
            fraction <<= 1
            if mantissa >= 1 << 32 {
                mantissa >>= 1
                fraction |= 1
            }
        }
        return whole * 256 + fraction
    }

    private func emit(_ plan: Plan) {
        let residual = plan.residual
        let count = residual.values.count
        switch plan.coding {
        case Coding.planes:
            for plane in 0..<residual.width {
                fill(
                    plane, of: residual,
                    into: plan.mask >> plane & 1 == 1 ? tail.extend(count) : body.extend(count))
            }
            head(residual, Coding.planes)
            heads.u8(UInt8(residual.width))
            heads.u8(UInt8(plan.mask))
        case Coding.classes:
            let symbols = body.extend(count)
            var bits = BitWriter()
            for index in 0..<count {
                let value = residual.unsigned(index)
                let (symbol, more) = Bucket.symbol(value, plan.subBits)
                symbols[index] = symbol
                bits.append(value & (1 << UInt64(more) - 1), more, &tail)
            }
            bits.finish(&tail)
            head(residual, Coding.classes)
            heads.u8(UInt8(plan.subBits))
        default:
            var numbers: [Int64: UInt8] = [:]
            for (index, value) in plan.dictionary.enumerated() { numbers[value] = UInt8(index) }
            let target = body.extend(count)
            for index in 0..<count { target[index] = numbers[residual.values[index]] ?? 0 }
            // The entries are values themselves: neither zigzag nor base.
            prediction(residual, Coding.dictionary)
            heads.varint(UInt64(plan.dictionary.count))
            for step in Self.steps(plan.dictionary) { heads.zigzag(step) }
        }
    }
}
