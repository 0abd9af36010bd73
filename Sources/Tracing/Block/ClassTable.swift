/// What the symbols of a class coding stand for: the least value of each, and how many bits follow it.
struct ClassTable: @unchecked Sendable {
    // @unchecked: written once, before anybody reads.
    private let subBits: Int
    let bases: UnsafePointer<UInt64>
    let widths: UnsafePointer<UInt8>

    /// By the number of bits below the leading one, 0 to 4.
    static let tables = (0...4).map(ClassTable.init)

    private init(subBits: Int) {
        let bases = UnsafeMutablePointer<UInt64>.allocate(capacity: 256)
        let widths = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        for symbol in 0..<256 {
            let range = Bucket.range(symbol, subBits)
            bases[symbol] = range.base
            widths[symbol] = UInt8(range.bits)
        }
        self.subBits = subBits
        self.bases = UnsafePointer(bases)
        self.widths = UnsafePointer(widths)
    }

    /// The greatest of `count` symbols.
    func greatest(of symbols: UnsafePointer<UInt8>, _ count: Int) -> UInt8 {
        var greatest: UInt8 = 0
        for index in 0..<count { greatest = max(greatest, symbols[index]) }
        return greatest
    }

    /// The bits behind `count` symbols; nil when one of them stands for no value. Computed rather than looked up, so that
    /// many symbols go in one instruction: a symbol of class c = symbol >> s has c - 1 bits, the first two classes none.
    func bits(of symbols: UnsafePointer<UInt8>, _ count: Int) -> Int? {
        let sub = UInt8(truncatingIfNeeded: subBits)
        var total = 0
        var greatest: UInt8 = 0
        var index = 0
        while index < count {
            // So few that their sum fits 16 bits.
            let end = min(index + 256, count)
            var sum: UInt16 = 0
            while index < end {
                let symbol = symbols[index]
                greatest = max(greatest, symbol)
                sum &+= UInt16(max(symbol &>> sub, 1) &- 1)
                index += 1
            }
            total &+= Int(sum)
        }
        return widths[Int(greatest)] < 64 ? total : nil
    }
}
