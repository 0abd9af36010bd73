/// Facts about a stream or session: names and values, kept in description blocks. A later one overrides an earlier one.
struct Description: Equatable {
    var values: [String: String] = [:]

    var payload: BlockPayload {
        var writer = ByteWriter()
        writer.u8(0)
        writer.varint(UInt64(values.count))
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            writer.string(key)
            writer.string(value)
        }
        return BlockPayload(main: writer.bytes)
    }

    static func parse(_ payload: BlockPayload) -> Description? {
        var reader = ByteReader(payload.main)
        guard reader.u8() == 0, let count = reader.count() else { return nil }
        var description = Description()
        for _ in 0..<count {
            guard let key = reader.string(), let value = reader.string() else { return nil }
            description.values[key] = value
        }
        return description
    }

    mutating func merge(_ other: Description) { values.merge(other.values) { _, new in new } }

    func int(_ key: String) -> Int? { values[key].flatMap { Int($0) } }
}
