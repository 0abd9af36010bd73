/// Numbers things in the order of their first use: what a table of the payload is written from.
struct FirstUse<Key: Hashable> {
    /// By number.
    private(set) var keys: [Key] = []
    private var numbers: [Key: Int] = [:]

    /// The number of a key, new or old.
    mutating func number(_ key: Key) -> Int {
        if let known = numbers[key] { return known }
        numbers[key] = keys.count
        keys.append(key)
        return keys.count - 1
    }

    /// The number of a key that was met; nil for any other.
    subscript(key: Key) -> Int? { numbers[key] }
}
