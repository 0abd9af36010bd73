/// What the symbols of a class coding stand for: the least value of each, and how many bits follow it.
struct ClassTable: @unchecked Sendable {
    // @unchecked: written once, before anybody reads.
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
        self.bases = UnsafePointer(bases)
        self.widths = UnsafePointer(widths)
    }

    /// The bits behind `count` symbols; nil when one of them stands for no value.
    func bits(of symbols: UnsafePointer<UInt8>, _ count: Int) -> Int? {
        var total = 0
        var widest: UInt8 = 0
        for index in 0..<count {
            let width = widths[Int(symbols[index])]
            total &+= Int(width)
            widest = max(widest, width)
        }
        return widest < 64 ? total : nil
    }
}
