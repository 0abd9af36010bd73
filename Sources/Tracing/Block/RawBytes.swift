/// A growing run of bytes with room that is kept between blocks: what the encoder writes into.
///
/// Not copyable, so that the memory has one owner.
struct RawBytes: ~Copyable {
    private(set) var base: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int = 1 << 12) {
        base = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { base.deallocate() }

    mutating func removeAll() { count = 0 }

    /// Room for `size` more bytes, which the caller fills.
    mutating func extend(_ size: Int) -> UnsafeMutablePointer<UInt8> {
        if count + size > capacity {
            let room = max(count + size, capacity * 2)
            let new = UnsafeMutablePointer<UInt8>.allocate(capacity: room)
            new.update(from: base, count: count)
            base.deallocate()
            base = new
            capacity = room
        }
        count += size
        return base + (count - size)
    }

    /// Takes back what is beyond `newCount`.
    mutating func shrink(to newCount: Int) { count = min(count, newCount) }

    mutating func append(_ byte: UInt8) { extend(1).pointee = byte }

    mutating func append(_ value: UInt64) {
        UnsafeMutableRawPointer(extend(8)).storeBytes(of: value.littleEndian, as: UInt64.self)
    }

    var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}

/// A growing run of values with room that is kept between blocks: as a column of a template. Owned by the encoder,
/// which frees it.
struct ValueRun<Value: BitwiseCopyable> {
    private(set) var base: UnsafeMutablePointer<Value>
    private(set) var count = 0
    private var capacity = 0

    init() { base = UnsafeMutablePointer<Value>.allocate(capacity: 0) }

    @inline(__always) mutating func append(_ value: Value) {
        if count == capacity { grow() }
        base[count] = value
        count &+= 1
    }

    mutating func removeAll() { count = 0 }

    func free() { base.deallocate() }

    var values: UnsafeMutableBufferPointer<Value> { UnsafeMutableBufferPointer(start: base, count: count) }

    @inline(never) private mutating func grow() {
        // Not a power of two: columns that begin at the same offset of a page would share one set of the first cache.
        let room = max(64, capacity * 2 + 56)
        let new = UnsafeMutablePointer<Value>.allocate(capacity: room)
        new.update(from: base, count: count)
        base.deallocate()
        base = new
        capacity = room
    }
}
