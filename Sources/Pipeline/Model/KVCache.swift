/// The keys and values of one sequence on one device: for each of its layers, `[position][key-value width]`.
///
/// Grows by doubling. Not Sendable; the thread that computes the stage owns it.
final class KVCache {
    /// Layers on this device.
    let layers: Int
    /// Floats that one position takes, for keys and for values alike.
    let width: Int
    /// Positions filled.
    private(set) var length = 0
    private var capacity: Int
    private var keys: [FloatBuffer]
    private var values: [FloatBuffer]

    /// An empty cache with room for `capacity` positions.
    init(layers: Int, width: Int, capacity: Int = 64) {
        self.layers = layers
        self.width = width
        self.capacity = max(1, capacity)
        let room = self.capacity
        keys = (0..<layers).map { _ in FloatBuffer(room * width) }
        values = (0..<layers).map { _ in FloatBuffer(room * width) }
    }

    /// Bytes allocated.
    var sizeBytes: Int { 2 * layers * capacity * width * MemoryLayout<Float>.stride }

    /// Makes room for `rows` more positions. O(positions) when it grows.
    func reserve(_ rows: Int) {
        let needed = length + rows
        guard needed > capacity else { return }
        let room = max(needed, capacity * 2)
        func grown(_ old: FloatBuffer) -> FloatBuffer {
            let new = FloatBuffer(room * width)
            new.base.update(from: old.base, count: length * width)
            return new
        }
        keys = keys.map(grown)
        values = values.map(grown)
        capacity = room
    }

    /// Where a layer's keys and values begin, valid until the next `reserve`.
    func pointers(layer: Int) -> (keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>) {
        (keys[layer].base, values[layer].base)
    }

    /// Counts `rows` positions as filled, once every layer has written them.
    func advance(_ rows: Int) {
        precondition(length + rows <= capacity, "advanced past the reserved room")
        length += rows
    }

    /// A copy of the first `count` positions, with room for exactly those. O(count).
    func copy(prefix count: Int) -> KVCache {
        precondition(count <= length, "cannot copy positions that are not filled")
        let copy = KVCache(layers: layers, width: width, capacity: count)
        for layer in 0..<layers {
            copy.keys[layer].base.update(from: keys[layer].base, count: count * width)
            copy.values[layer].base.update(from: values[layer].base, count: count * width)
        }
        copy.length = count
        return copy
    }
}
