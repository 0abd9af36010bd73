/// How hard an encoder tries.
package enum BlockEffort: Sendable {
    /// For a thread that keeps up with emitters: one look at each column.
    case fast
    /// For what is written once and read often: tries every coding, and references between columns.
    case strong
}

/// Writes integer columns: a description each in `heads`, what zstd shall see in `body`, bits without pattern in `tail`.
final class ColumnCoder {
    var heads = ByteWriter()
    var body = RawBytes(capacity: 1 << 16)
    var tail = RawBytes(capacity: 1 << 16)
    private let trial: ZstdTrial
    private var scratch = RawBytes()
    private var histogram = [Int](repeating: 0, count: 256)

    init() throws(TraceError) { trial = try ZstdTrial() }

    func removeAll() {
        heads.bytes.removeAll(keepingCapacity: true)
        body.removeAll()
        tail.removeAll()
    }

    /// A prediction from a column that the reader has already.
    struct Reference {
        var template: Int
        var column: Int
        var numerator: Int64 = 1
        var denominator: Int64 = 1
        var values: UnsafeMutableBufferPointer<Int64>

        @inline(__always) func predict(_ index: Int) -> Int64 { values[index] &* numerator / denominator }
    }

    /// What is left of a column after its prediction.
    struct Residual {
        var predictor: Int
        var initial: Int64 = 0
        var reference: Reference?
        var values: UnsafeMutableBufferPointer<Int64>
        var least: Int64 = 0
        var greatest: Int64 = 0

        var isConstant: Bool { least == greatest }
        var isZigzag: Bool { least < 0 }

        /// The unsigned number that is written for the value at `index`.
        @inline(__always) func unsigned(_ index: Int) -> UInt64 {
            let value = values[index]
            return isZigzag
                ? UInt64(bitPattern: value << 1 ^ value >> 63) : UInt64(bitPattern: value) &- UInt64(bitPattern: least)
        }

        /// The greatest unsigned number.
        var span: UInt64 {
            isZigzag
                ? max(
                    UInt64(bitPattern: least << 1 ^ least >> 63), UInt64(bitPattern: greatest << 1 ^ greatest >> 63))
                : UInt64(bitPattern: greatest) &- UInt64(bitPattern: least)
        }

        var width: Int { (64 - span.leadingZeroBitCount + 7) / 8 }

        mutating func measure() {
            guard let first = values.first else { return }
            var (low, high) = (first, first)
            for value in values {
                low = min(low, value)
                high = max(high, value)
            }
            (least, greatest) = (low, high)
        }
    }

    // MARK: Fast

    /// One look: constant, else planes of the values or of their differences.
    func encodeFast(_ values: UnsafeMutableBufferPointer<Int64>, mayDelta: Bool) {
        guard values.count > 0 else { return }
        var plain = Residual(predictor: Predictor.none, values: values)
        plain.measure()
        if mayDelta, !plain.isConstant {
            let copy = UnsafeMutableBufferPointer<Int64>.allocate(capacity: values.count)
            defer { copy.deallocate() }
            let delta = differences(values, copy)
            if delta.isConstant || delta.width < plain.width {
                return emitPlanes(delta)
            }
        }
        emitPlanes(plain)
    }

    private func emitPlanes(_ residual: Residual) {
        if residual.isConstant { return emitConstant(residual) }
        let width = residual.width
        var mask = 0
        var planes: [Int] = []
        for plane in 0..<width {
            let start = body.count
            fill(plane, of: residual, into: body.extend(residual.values.count))
            if isNoise(body.buffer[start...]) {
                mask |= 1 << plane
                planes.append(start)
            }
        }
        // Planes of noise move to the tail; those behind them close up.
        if mask != 0 {
            let count = residual.values.count
            let first = body.count - width * count
            var kept = first
            for plane in 0..<width {
                let from = body.base + (first + plane * count)
                if mask >> plane & 1 == 1 {
                    tail.extend(count).update(from: from, count: count)
                } else {
                    if kept != first + plane * count { (body.base + kept).update(from: from, count: count) }
                    kept += count
                }
            }
            body.shrink(to: kept)
        }
        head(residual, Coding.planes)
        heads.u8(UInt8(width))
        heads.u8(UInt8(mask))
    }

    @inline(__always)
    private func fill(_ plane: Int, of residual: Residual, into target: UnsafeMutablePointer<UInt8>) {
        let shift = Int64(plane * 8)
        let (values, count) = (residual.values, residual.values.count)
        if residual.isZigzag {
            for index in 0..<count {
                let value = values[index]
                target[index] = UInt8(truncatingIfNeeded: (value &<< 1 ^ value &>> 63) &>> shift)
            }
        } else {
            let least = residual.least
            for index in 0..<count {
                target[index] = UInt8(truncatingIfNeeded: (values[index] &- least) &>> shift)
            }
        }
    }

    /// Whether a sample of a plane looks like nothing that Huffman could shorten: collision entropy above 7.6 bits.
    private func isNoise(_ plane: Slice<UnsafeRawBufferPointer>) -> Bool {
        let count = plane.count
        guard count >= 256 else { return false }
        let bytes = UnsafeRawBufferPointer(rebasing: plane)
        let step = max(1, count / 1024)
        var samples = 0
        return withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 256) { counts in
            counts.initialize(repeating: 0)
            var index = 0
            while index < count, samples < 1024 {
                counts[Int(bytes[index])] &+= 1
                index += step
                samples += 1
            }
            var pairs = 0
            for count in counts { pairs += Int(count) * (Int(count) - 1) }
            return pairs * 195 < samples * (samples - 1)
        }
    }

    // MARK: Strong

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

    private func differences(
        _ values: UnsafeMutableBufferPointer<Int64>, _ target: UnsafeMutableBufferPointer<Int64>
    ) -> Residual {
        // The first difference repeats the second one, so that an even progression is one constant.
        let first = values.count > 1 ? values[1] &- values[0] : 0
        var residual = Residual(
            predictor: Predictor.previous, initial: values[0] &- first,
            values: UnsafeMutableBufferPointer(rebasing: target[0..<values.count]))
        target[0] = first
        for index in 1..<max(1, values.count) { target[index] = values[index] &- values[index - 1] }
        residual.measure()
        return residual
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

    // MARK: Heads

    func emitConstant(_ residual: Residual) {
        prediction(residual, Coding.constant)
        heads.zigzag(residual.least)
    }

    private func head(_ residual: Residual, _ coding: Int) {
        prediction(residual, coding | (residual.isZigzag ? Coding.zigzagFlag : 0))
        if !residual.isZigzag { heads.varint(UInt64(bitPattern: residual.least)) }
    }

    private func prediction(_ residual: Residual, _ coding: Int) {
        heads.u8(UInt8(coding | residual.predictor << 4))
        if residual.predictor == Predictor.previous { heads.zigzag(residual.initial) }
        if let reference = residual.reference {
            heads.varint(UInt64(reference.template))
            heads.varint(UInt64(reference.column))
            heads.zigzag(reference.numerator)
            heads.varint(UInt64(reference.denominator))
        }
    }
}

/// Bits, least significant first, each column from a byte of its own.
struct BitWriter {
    private var pending: UInt64 = 0
    private var filled = 0

    /// Appends the low `count` bits of `value`, whose other bits are 0; at most 63.
    mutating func append(_ value: UInt64, _ count: Int, _ target: inout RawBytes) {
        pending |= value << UInt64(filled)
        if filled + count >= 64 {
            target.append(pending)
            pending = filled == 0 ? 0 : value >> UInt64(64 - filled)
            filled = filled + count - 64
        } else {
            filled += count
        }
    }

    mutating func finish(_ target: inout RawBytes) {
        let target = target.extend((filled + 7) / 8)
        for index in 0..<(filled + 7) / 8 { target[index] = UInt8(truncatingIfNeeded: pending >> UInt64(index * 8)) }
        (pending, filled) = (0, 0)
    }
}
