/// A hash table from 64-bit keys to small values: open addressing, linear probing, backward-shift removal.
///
/// Folds look a span up twice per begin/end pair. A `Dictionary` hashes with SipHash and a per-process seed;
/// keys here are random ids already, so one multiplication spreads them. Iteration is not offered: its order would
/// depend on history, and nothing that a snapshot prints may.
struct KeyTable<Value: BitwiseCopyable>: Sendable where Value: Sendable {
    private var keys: ContiguousArray<UInt64>
    private var values: ContiguousArray<Value>
    private let filler: Value
    private var mask: Int
    /// Number of entries.
    private(set) var count = 0

    /// An empty table; `filler` fills unused slots and is never returned.
    /// With room for `capacity` entries before it grows.
    init(filler: Value, capacity: Int = 0) {
        var size = 16
        while size * 3 / 4 <= capacity { size *= 2 }
        self.filler = filler
        keys = ContiguousArray(repeating: 0, count: size)
        values = ContiguousArray(repeating: filler, count: size)
        mask = size - 1
    }

    /// Key 0 marks an empty slot, so it stands under another number.
    @inline(__always) private static func stored(_ key: UInt64) -> UInt64 { key == 0 ? 0x9E37_79B9_7F4A_7C15 : key }

    @inline(__always) private func home(_ key: UInt64) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 20) & mask
    }

    /// The value under `key`. O(1) expected.
    @inline(__always) func find(_ key: UInt64) -> Value? {
        let key = Self.stored(key)
        var slot = home(key)
        while true {
            let found = keys[slot]
            if found == key { return values[slot] }
            if found == 0 { return nil }
            slot = (slot + 1) & mask
        }
    }

    /// Stores `value` under `key`, replacing what was there.
    mutating func insert(_ key: UInt64, _ value: Value) {
        if count * 4 >= keys.count * 3 { grow() }
        let key = Self.stored(key)
        var slot = home(key)
        while keys[slot] != 0 {
            if keys[slot] == key {
                values[slot] = value
                return
            }
            slot = (slot + 1) & mask
        }
        keys[slot] = key
        values[slot] = value
        count += 1
    }

    /// Removes and returns the value under `key`.
    mutating func remove(_ key: UInt64) -> Value? {
        let key = Self.stored(key)
        var slot = home(key)
        while keys[slot] != key {
            if keys[slot] == 0 { return nil }
            slot = (slot + 1) & mask
        }
        let value = values[slot]
        var hole = slot
        var next = (slot + 1) & mask
        while keys[next] != 0 {
            // An entry may move back into the hole only if its home does not lie after the hole.
            let distance = (next - home(keys[next])) & mask
            if distance >= ((next - hole) & mask) {
                keys[hole] = keys[next]
                values[hole] = values[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        keys[hole] = 0
        count -= 1
        return value
    }

    /// The values in no meaningful order; the caller sorts.
    func unorderedValues() -> [Value] {
        var result: [Value] = []
        result.reserveCapacity(count)
        for slot in keys.indices where keys[slot] != 0 { result.append(values[slot]) }
        return result
    }

    /// The keys and values in no meaningful order; the caller sorts. Key 0 is returned as it is stored.
    func unorderedEntries() -> [(key: UInt64, value: Value)] {
        var result: [(key: UInt64, value: Value)] = []
        result.reserveCapacity(count)
        for slot in keys.indices where keys[slot] != 0 { result.append((keys[slot], values[slot])) }
        return result
    }

    private mutating func grow() {
        let oldKeys = keys
        let oldValues = values
        keys = ContiguousArray(repeating: 0, count: oldKeys.count * 2)
        values = ContiguousArray(repeating: filler, count: oldKeys.count * 2)
        mask = keys.count - 1
        for slot in oldKeys.indices where oldKeys[slot] != 0 {
            var target = home(oldKeys[slot])
            while keys[target] != 0 { target = (target + 1) & mask }
            keys[target] = oldKeys[slot]
            values[target] = oldValues[slot]
        }
    }
}

/// Mixes two words into one key.
@inline(__always) func mixed(_ a: UInt64, _ b: UInt64) -> UInt64 {
    var x = a ^ (b &* 0xD6E8_FEB8_6659_FD93)
    x = (x ^ (x >> 32)) &* 0xD6E8_FEB8_6659_FD93
    return x ^ (x >> 29)
}
