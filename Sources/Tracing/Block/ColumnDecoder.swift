/// How one column is written, as its head says.
struct ColumnHead {
    var count: Int
    var predictor: Int
    var coding: Int
    var isZigzag = false
    var initial: Int64 = 0
    var reference: (template: Int, column: Int, numerator: Int64, denominator: Int64)?
    /// The offset, or the constant.
    var base: Int64 = 0
    var width = 0
    var mask = 0
    var subBits = 0
    /// Where the steps of a dictionary lie in the main part, and how many.
    var dictionary = (offset: 0, count: 0)

    /// Reads the head of a column of `count` values; nil for what the format does not know.
    init?(_ reader: inout ByteReader, count: Int) {
        self.count = count
        guard let first = reader.u8(), first & 0x80 == 0 else { return nil }
        coding = Int(first & 7)
        isZigzag = Int(first) & Coding.zigzagFlag != 0
        predictor = Int(first >> 4)
        switch predictor {
        case Predictor.none: break
        case Predictor.previous:
            guard let value = reader.zigzag() else { return nil }
            initial = value
        case Predictor.reference:
            guard let template = reader.varint(), template <= UInt64(BlockLimits.maxEvents),
                let column = reader.varint(), column <= UInt64(UInt16.max) + 3, let numerator = reader.zigzag(),
                let denominator = reader.varint(), denominator >= 1, denominator <= UInt64(Int64.max)
            else { return nil }
            reference = (Int(template), Int(column), numerator, Int64(denominator))
        default: return nil
        }
        guard readCoding(&reader) else { return nil }
    }

    private mutating func readCoding(_ reader: inout ByteReader) -> Bool {
        switch coding {
        case Coding.constant:
            guard !isZigzag, let value = reader.zigzag() else { return false }
            base = value
            return true
        case Coding.planes, Coding.classes:
            if !isZigzag {
                guard let value = reader.varint() else { return false }
                base = Int64(bitPattern: value)
            }
            guard let size = reader.u8() else { return false }
            if coding == Coding.classes {
                subBits = Int(size)
                return subBits <= 4
            }
            width = Int(size)
            guard width <= 8, let byte = reader.u8(), Int(byte) < 1 << width else { return false }
            mask = Int(byte)
            return true
        case Coding.dictionary:
            guard !isZigzag, let size = reader.varint(), (1...256).contains(size) else { return false }
            dictionary = (reader.offset, Int(size))
            for _ in 0..<size where reader.varint() == nil { return false }
            return true
        default: return false
        }
    }
}

/// Takes the bytes of columns from the two parts of a payload, in file order.
struct ColumnSource {
    /// The expanded part; `main` and `tail` are the bytes of the payload and outlive the source.
    let bytes: [UInt8]
    let main: UnsafeRawBufferPointer
    let tail: UnsafeRawBufferPointer
    var mainOffset: Int
    var tailOffset = 0
    let arena: DecodeArena

    mutating func takeMain(_ count: Int) -> UnsafePointer<UInt8>? { Self.take(main, &mainOffset, count) }
    mutating func takeTail(_ count: Int) -> UnsafePointer<UInt8>? { Self.take(tail, &tailOffset, count) }

    private static func take(
        _ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ count: Int
    ) -> UnsafePointer<UInt8>? {
        guard count >= 0, count <= bytes.count - offset else { return nil }
        // An empty part has no address; any will do for no bytes.
        guard let base = bytes.baseAddress else { return UnsafePointer(bitPattern: 1) }
        defer { offset += count }
        return (base + offset).assumingMemoryBound(to: UInt8.self)
    }

    /// Reads one column; `reference` are the values its head refers to, which only an attribute's may do. Nil when bytes
    /// are missing or out of range.
    mutating func column(_ head: ColumnHead, reference: ColumnValues? = nil) -> ColumnValues? {
        guard (head.reference == nil) == (reference == nil) else { return nil }
        if head.coding == Coding.constant {
            if let reference, let parts = head.reference, head.base == 0, parts.numerator == 1, parts.denominator == 1 {
                return reference
            }
            if head.predictor == Predictor.none {
                let target = arena.allocate(1)
                target.pointee = head.base
                return ColumnValues(base: target, stride: 0, count: head.count)
            }
        }
        let target = arena.allocate(head.count)
        guard fill(head, target, reference: reference) else { return nil }
        return ColumnValues(base: target, stride: 1, count: head.count)
    }

    /// Reads one column into `target`, which has room for it; false as `column` gives nil.
    mutating func fill(_ head: ColumnHead, _ target: UnsafeMutablePointer<Int64>, reference: ColumnValues? = nil)
        -> Bool
    {
        switch head.coding {
        case Coding.constant: target.update(repeating: head.base, count: head.count)
        case Coding.planes: guard planes(head, target) else { return false }
        case Coding.classes: guard classes(head, target) else { return false }
        default: guard dictionary(head, target) else { return false }
        }
        predict(head, reference, target)
        return true
    }

    private func predict(_ head: ColumnHead, _ reference: ColumnValues?, _ target: UnsafeMutablePointer<Int64>) {
        if head.predictor == Predictor.previous {
            var value = head.initial
            for index in 0..<head.count {
                value &+= target[index]
                target[index] = value
            }
        } else if let reference, let parts = head.reference {
            if parts.denominator == 1 {
                for index in 0..<head.count { target[index] &+= reference[index] &* parts.numerator }
            } else {
                for index in 0..<head.count {
                    target[index] &+= reference[index] &* parts.numerator / parts.denominator
                }
            }
        }
    }

    private mutating func planes(_ head: ColumnHead, _ target: UnsafeMutablePointer<Int64>) -> Bool {
        let count = head.count
        if head.width == 0 { target.update(repeating: 0, count: count) }
        var plane = 0
        // Two at a time: half the walks over the values.
        while plane < head.width {
            guard let low = takePlane(head, plane) else { return false }
            let shift = Int64(plane * 8)
            if plane + 1 < head.width {
                guard let high = takePlane(head, plane + 1) else { return false }
                if plane == 0 {
                    for index in 0..<count { target[index] = Int64(low[index]) | Int64(high[index]) &<< 8 }
                } else {
                    for index in 0..<count {
                        target[index] |= (Int64(low[index]) | Int64(high[index]) &<< 8) &<< shift
                    }
                }
            } else if plane == 0 {
                for index in 0..<count { target[index] = Int64(low[index]) }
            } else {
                for index in 0..<count { target[index] |= Int64(low[index]) &<< shift }
            }
            plane += 2
        }
        if head.isZigzag {
            for index in 0..<count { target[index] = ZigZag.decode(UInt64(bitPattern: target[index])) }
        } else if head.base != 0 {
            for index in 0..<count { target[index] &+= head.base }
        }
        return true
    }

    private mutating func takePlane(_ head: ColumnHead, _ plane: Int) -> UnsafePointer<UInt8>? {
        head.mask >> plane & 1 == 1 ? takeTail(head.count) : takeMain(head.count)
    }

    private mutating func dictionary(_ head: ColumnHead, _ target: UnsafeMutablePointer<Int64>) -> Bool {
        guard let bytes = takeMain(head.count) else { return false }
        return withUnsafeTemporaryAllocation(of: Int64.self, capacity: 256) { entries in
            var reader = ByteReader(self.bytes, head.dictionary.offset..<self.bytes.count)
            var value: Int64 = 0
            for index in 0..<head.dictionary.count {
                guard let step = reader.zigzag() else { return false }
                value &+= step
                entries[index] = value
            }
            let count = head.dictionary.count
            for index in 0..<head.count {
                guard Int(bytes[index]) < count else { return false }
                target[index] = entries[Int(bytes[index])]
            }
            return true
        }
    }

    private mutating func classes(_ head: ColumnHead, _ target: UnsafeMutablePointer<Int64>) -> Bool {
        guard let symbols = takeMain(head.count) else { return false }
        let table = ClassTable.tables[head.subBits]
        guard let total = table.bits(of: symbols, head.count) else { return false }
        let size = (total + 7) / 8
        guard let bits = takeTail(size) else { return false }
        var position = 0
        var index = 0
        if table.widths[Int(table.greatest(of: symbols, head.count))] <= 56 {
            // As long as eight bytes are there: they hold all bits of a value, wherever it begins in the first of them.
            let last = size &- 8
            while index < head.count, position >> 3 <= last {
                let symbol = Int(symbols[index])
                let width = UInt64(table.widths[symbol])
                let raw = UnsafeRawPointer(bits + (position >> 3)).loadUnaligned(as: UInt64.self)
                let rest = UInt64(littleEndian: raw) &>> UInt64(position & 7) & (1 &<< width &- 1)
                target[index] = Int64(bitPattern: table.bases[symbol] &+ rest)
                position &+= Int(width)
                index &+= 1
            }
        }
        for index in index..<head.count {
            let symbol = Int(symbols[index])
            let width = Int(table.widths[symbol])
            let value = table.bases[symbol] &+ Self.bits(bits, size, position, width)
            position &+= width
            target[index] = Int64(bitPattern: value)
        }
        if head.isZigzag {
            for index in 0..<head.count { target[index] = ZigZag.decode(UInt64(bitPattern: target[index])) }
        } else if head.base != 0 {
            for index in 0..<head.count { target[index] &+= head.base }
        }
        return true
    }

    /// Steps over a column without decoding it.
    mutating func skip(_ head: ColumnHead) -> Bool {
        switch head.coding {
        case Coding.constant: return true
        case Coding.planes:
            let raw = head.mask.nonzeroBitCount
            return takeTail(raw * head.count) != nil && takeMain((head.width - raw) * head.count) != nil
        case Coding.classes:
            guard let symbols = takeMain(head.count),
                let total = ClassTable.tables[head.subBits].bits(of: symbols, head.count)
            else { return false }
            return takeTail((total + 7) / 8) != nil
        default: return takeMain(head.count) != nil
        }
    }

    /// `width` bits from bit `position` on, least significant first. The caller has checked that they exist.
    @inline(__always)
    private static func bits(_ bytes: UnsafePointer<UInt8>, _ size: Int, _ position: Int, _ width: Int) -> UInt64 {
        let byte = position >> 3
        let shift = UInt64(position & 7)
        let mask = UInt64(1) &<< UInt64(width) &- 1
        if byte &+ 9 <= size {
            let raw = UnsafeRawPointer(bytes + byte)
            var value = UInt64(littleEndian: raw.loadUnaligned(as: UInt64.self)) &>> shift
            if width &+ Int(shift) > 64 { value |= UInt64(bytes[byte + 8]) &<< (64 - shift) }
            return value & mask
        }
        var value: UInt64 = 0
        var done = 0
        while done < width {
            let place = position + done
            value |= UInt64(bytes[place >> 3] >> UInt8(place & 7) & 1) << UInt64(done)
            done += 1
        }
        return value & mask
    }
}
