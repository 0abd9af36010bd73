/// Owned, zeroed, 64-byte aligned floats; the one kind of memory that the kernels read and write.
///
/// It never grows: whoever needs more makes a new one. Not Sendable; one thread owns it.
final class FloatBuffer {
    /// Floats held.
    let count: Int
    /// The first float.
    let base: UnsafeMutablePointer<Float>

    /// Allocates `count` zeros.
    init(_ count: Int) {
        precondition(count >= 0, "a buffer cannot hold \(count) floats")
        self.count = count
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(64, count * 4), alignment: 64)
        base = raw.bindMemory(to: Float.self, capacity: max(16, count))
        base.initialize(repeating: 0, count: max(16, count))
    }

    deinit { base.deallocate() }

    /// Bytes held.
    var sizeBytes: Int { count * MemoryLayout<Float>.stride }

    /// One float; traps outside the buffer.
    subscript(_ index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count, "index outside the buffer")
            return base[index]
        }
        set {
            precondition(index >= 0 && index < count, "index outside the buffer")
            base[index] = newValue
        }
    }

    /// A pointer to `length` floats from `offset` on; traps when they are not all inside.
    func pointer(at offset: Int, count length: Int) -> UnsafeMutablePointer<Float> {
        precondition(offset >= 0 && length >= 0 && offset + length <= count, "range outside the buffer")
        return base + offset
    }

    /// Copies floats in, from `offset` on.
    func write(_ values: [Float], at offset: Int = 0) {
        let target = pointer(at: offset, count: values.count)
        values.withUnsafeBufferPointer { source in
            if let first = source.baseAddress { target.update(from: first, count: values.count) }
        }
    }

    /// Copies floats out.
    func read(count length: Int, at offset: Int = 0) -> [Float] {
        Array(UnsafeBufferPointer(start: pointer(at: offset, count: length), count: length))
    }
}
