/// Values of a column: `base[index * stride]`. A constant has one value and stride 0.
struct ColumnValues {
    var base: UnsafeMutablePointer<Int64>
    var stride: Int
    var count: Int

    @inline(__always) subscript(index: Int) -> Int64 { base[index &* stride] }
}

/// Memory of decodings: pieces of chunks that are kept, so that block after block takes the same ones.
final class DecodeArena {
    private var chunks: [(base: UnsafeMutablePointer<Int64>, count: Int)] = []
    private var chunk = 0
    private var used = 0

    /// Room for `count` numbers, valid until `reset`. Not initialised.
    func allocate(_ count: Int) -> UnsafeMutablePointer<Int64> {
        let count = max(1, count)
        while chunk < chunks.count {
            if chunks[chunk].count - used >= count {
                defer { used += count }
                return chunks[chunk].base + used
            }
            chunk += 1
            used = 0
        }
        // Small blocks want little; large ones soon have few chunks.
        let size = max(count, 4096 << min(chunks.count, 5))
        let base = UnsafeMutablePointer<Int64>.allocate(capacity: size)
        chunks.append((base, size))
        used = count
        return base
    }

    /// Takes everything back; the memory stays for the next decoding.
    func reset() {
        chunk = 0
        used = 0
    }

    deinit { for chunk in chunks { chunk.base.deallocate() } }
}
