/// Keeps the keys and values of finished prompts, so that a new prompt computes only what no earlier one began with.
///
/// Every device has one and runs the same operations in the same order (they travel in the frames of the ring), so
/// all caches agree on every hit and eviction without asking each other. That is why the byte limit counts the whole
/// model's bytes of an entry, not this device's share: uneven splits must not evict differently.
struct PrefixCache<Value> {
    /// What an insertion did.
    struct Insertion: Equatable {
        /// Entries removed to get under the limits, least recently used first.
        var evicted = 0
        /// Bytes that went with them, over all layers.
        var evictedSizeBytes = 0
        /// Entries removed because the new one begins with them and so serves every prompt that they could.
        var absorbed = 0
    }

    private struct Entry {
        var tokens: [Int]
        var value: Value
    }

    /// Prompts that share less than this are not worth a copy: it counts as a miss.
    static var shortestHit: Int { 8 }

    /// Most entries.
    let maximumEntries: Int
    /// Most bytes over all layers.
    let maximumSizeBytes: Int
    /// Bytes of one token over all layers.
    let bytesPerToken: Int
    /// Least recently used first.
    private var entries: [Entry] = []
    /// Bytes of all entries, over all layers.
    private(set) var sizeBytes = 0

    /// An empty cache; a limit of 0 keeps it empty.
    init(maximumEntries: Int, maximumSizeBytes: Int, bytesPerToken: Int) {
        self.maximumEntries = maximumEntries
        self.maximumSizeBytes = maximumSizeBytes
        self.bytesPerToken = bytesPerToken
    }

    /// Entries alive.
    var count: Int { entries.count }
    /// The tokens of each entry, least recently used first.
    var contents: [[Int]] { entries.map(\.tokens) }
    /// Tokens of all entries.
    var tokens: Int { entries.reduce(0) { $0 + $1.tokens.count } }

    /// The entry that shares the longest prefix with `prompt`, and that prefix's length; the newest wins a tie. At
    /// least the last token of the prompt is left to compute, since its logits are wanted. A hit counts as a use.
    /// O(entries x shared prefix).
    mutating func lookup(_ prompt: [Int]) -> (value: Value, length: Int)? {
        var best: (index: Int, length: Int)?
        for (index, entry) in entries.enumerated() {
            let length = min(Self.sharedPrefix(entry.tokens, prompt), prompt.count - 1)
            if length >= Self.shortestHit, length >= best?.length ?? 0 { best = (index, length) }
        }
        guard let best else { return nil }
        let entry = entries.remove(at: best.index)
        entries.append(entry)
        return (entry.value, best.length)
    }

    /// Adds an entry as the most recently used, then evicts until the limits hold. An entry larger than the byte
    /// limit is not added. O(entries x tokens).
    mutating func insert(_ tokens: [Int], _ value: @autoclosure () -> Value) -> Insertion {
        var result = Insertion()
        let added = tokens.count * bytesPerToken
        guard !tokens.isEmpty, maximumEntries > 0, added <= maximumSizeBytes else { return result }
        entries.removeAll { entry in
            guard Self.sharedPrefix(entry.tokens, tokens) == entry.tokens.count else { return false }
            sizeBytes -= entry.tokens.count * bytesPerToken
            result.absorbed += 1
            return true
        }
        entries.append(Entry(tokens: tokens, value: value()))
        sizeBytes += added
        while entries.count > maximumEntries || sizeBytes > maximumSizeBytes {
            let bytes = entries.removeFirst().tokens.count * bytesPerToken
            sizeBytes -= bytes
            result.evicted += 1
            result.evictedSizeBytes += bytes
        }
        return result
    }

    /// How many tokens both begin with.
    static func sharedPrefix(_ a: [Int], _ b: [Int]) -> Int {
        var length = 0
        while length < a.count, length < b.count, a[length] == b[length] { length += 1 }
        return length
    }
}
