// What a caller writes, for each kind of key and value. One slot of 32 bytes holds two numbers.
extension AttributeWriter {
    /// Adds an integer. One slot for every two attributes.
    @inlinable @inline(__always) public mutating func set(_ key: AttributeKey, _ value: Int) {
        put(key.rawValue, Self.int, UInt64(bitPattern: Int64(value)))
    }
    /// Adds an integer.
    @inlinable @inline(__always) public mutating func set(_ key: AttributeKey, _ value: Int64) {
        put(key.rawValue, Self.int, UInt64(bitPattern: value))
    }
    /// Adds a double.
    @inlinable @inline(__always) public mutating func set(_ key: AttributeKey, _ value: Double) {
        put(key.rawValue, Self.double, value.bitPattern)
    }
    /// Adds a truth value.
    @inlinable @inline(__always) public mutating func set(_ key: AttributeKey, _ value: Bool) {
        put(key.rawValue, value)
    }
    /// Adds an interned string.
    @inlinable @inline(__always) public mutating func set(_ key: AttributeKey, _ value: StringHandle) {
        put(key.rawValue, Self.handle, UInt64(value.arenaID))
    }
    /// Adds a string, cut at 4 KiB on a character's boundary; `spanreel.truncated_bytes` then keeps its length.
    @inlinable public mutating func set(_ key: AttributeKey, _ value: String) { text(key.rawValue, value) }

    /// Adds an integer under a custom key.
    @inlinable @inline(__always) public mutating func set(_ key: KeyHandle, _ value: Int) {
        put(key.rawValue, Self.int, UInt64(bitPattern: Int64(value)))
    }
    /// Adds a double under a custom key.
    @inlinable @inline(__always) public mutating func set(_ key: KeyHandle, _ value: Double) {
        put(key.rawValue, Self.double, value.bitPattern)
    }
    /// Adds a truth value under a custom key.
    @inlinable @inline(__always) public mutating func set(_ key: KeyHandle, _ value: Bool) {
        put(key.rawValue, value)
    }
    /// Adds an interned string under a custom key.
    @inlinable @inline(__always) public mutating func set(_ key: KeyHandle, _ value: StringHandle) {
        put(key.rawValue, Self.handle, UInt64(value.arenaID))
    }
    /// Adds a string under a custom key.
    @inlinable public mutating func set(_ key: KeyHandle, _ value: String) { text(key.rawValue, value) }
}
