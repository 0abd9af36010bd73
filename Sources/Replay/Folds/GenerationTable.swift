/// A table that forgets the oldest: two generations of at most `limit` entries; when the young one is full, the old one
/// goes. So between `limit` and twice as many of the newest are held.
struct GenerationTable<Value: BitwiseCopyable>: Sendable where Value: Sendable {
    private let filler: Value
    private let limit: Int
    private var young: KeyTable<Value>
    private var old: KeyTable<Value>

    /// An empty table; `filler` fills unused slots and is never returned.
    init(filler: Value, limit: Int) {
        self.filler = filler
        self.limit = limit
        young = KeyTable(filler: filler)
        old = KeyTable(filler: filler)
    }

    /// Whether nothing is held.
    var isEmpty: Bool { young.count + old.count == 0 }

    /// The value under `key`. O(1) expected.
    @inline(__always) func find(_ key: UInt64) -> Value? { young.find(key) ?? old.find(key) }

    /// Stores `value` under a key that is not held, or as its newer value. O(1) expected.
    @inline(__always) mutating func insert(_ key: UInt64, _ value: Value) {
        if young.count >= limit {
            old = young
            young = KeyTable(filler: filler)
        }
        young.insert(key, value)
    }

    /// Removes and returns the newest value under `key`. O(1) expected.
    @inline(__always) mutating func remove(_ key: UInt64) -> Value? { young.remove(key) ?? old.remove(key) }
}
