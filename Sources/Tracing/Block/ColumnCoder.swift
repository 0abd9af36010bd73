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
    let trial: ZstdTrial
    var scratch = RawBytes()
    var histogram = [Int](repeating: 0, count: 256)

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
            return isZigzag ? ZigZag.encode(value) : UInt64(bitPattern: value &- least)
        }

        /// The greatest unsigned number.
        var span: UInt64 {
            isZigzag
                ? max(ZigZag.encode(least), ZigZag.encode(greatest)) : UInt64(bitPattern: greatest &- least)
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
    func fill(_ plane: Int, of residual: Residual, into target: UnsafeMutablePointer<UInt8>) {
        let shift = Int64(plane * 8)
        let (values, count) = (residual.values, residual.values.count)
        if residual.isZigzag {
            for index in 0..<count {
                target[index] = UInt8(truncatingIfNeeded: ZigZag.encode(values[index]) &>> UInt64(shift))
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

    func differences(
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

    // MARK: Heads

    /// A column that is one value throughout, which no values need to be laid out for.
    func emitConstant(_ value: Int64) {
        emitConstant(
            Residual(
                predictor: Predictor.none, values: UnsafeMutableBufferPointer(start: nil, count: 0), least: value,
                greatest: value))
    }

    func emitConstant(_ residual: Residual) {
        prediction(residual, Coding.constant)
        heads.zigzag(residual.least)
    }

    func head(_ residual: Residual, _ coding: Int) {
        prediction(residual, coding | (residual.isZigzag ? Coding.zigzagFlag : 0))
        if !residual.isZigzag { heads.varint(UInt64(bitPattern: residual.least)) }
    }

    func prediction(_ residual: Residual, _ coding: Int) {
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
