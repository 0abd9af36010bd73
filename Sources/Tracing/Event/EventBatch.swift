/// Events with their attributes beside them.
public struct EventBatch: Sendable {
    /// The events; each names its attributes by position.
    public var events: ContiguousArray<Event>
    /// The attributes of all events.
    public var attributes: ContiguousArray<Attribute>

    /// Set when stamps are ticks of a clock rather than Unix nanoseconds: between a reader and a writer that keeps them.
    package var clock: BlockClock?

    /// An empty batch.
    public init() {
        events = []
        attributes = []
    }

    /// The attributes of `event`, which must be of this batch. A range outside the batch gives none.
    @inlinable public func attributes(of event: Event) -> Slice<ContiguousArray<Attribute>> {
        let start = Int(event.attributeStart)
        let end = start + Int(event.attributeCount)
        guard end <= attributes.count else { return Slice(base: attributes, bounds: 0..<0) }
        return Slice(base: attributes, bounds: start..<end)
    }

    /// The first attribute of `event` with that key. O(attributes of the event).
    @inlinable public func attribute(_ key: AttributeKey, of event: Event) -> Attribute? {
        var index = Int(event.attributeStart)
        let end = index + Int(event.attributeCount)
        guard end <= attributes.count else { return nil }
        while index < end {
            if attributes[index].key == key { return attributes[index] }
            index += 1
        }
        return nil
    }

    /// The integer under that key; a double is truncated when it fits, a bool is 0 or 1, else nil.
    @inlinable public func int(_ key: AttributeKey, of event: Event) -> Int64? {
        guard let attribute = attribute(key, of: event) else { return nil }
        switch attribute.type {
        case .int: return Int64(bitPattern: attribute.bits)
        case .bool: return attribute.bits == 0 ? 0 : 1
        case .double: return Int64(exactly: Double(bitPattern: attribute.bits).rounded(.towardZero))
        case .string, .blob: return nil
        }
    }

    /// The number under that key as a double, or nil.
    @inlinable public func double(_ key: AttributeKey, of event: Event) -> Double? {
        guard let attribute = attribute(key, of: event) else { return nil }
        switch attribute.type {
        case .double: return Double(bitPattern: attribute.bits)
        case .int: return Double(Int64(bitPattern: attribute.bits))
        case .bool: return attribute.bits == 0 ? 0 : 1
        case .string, .blob: return nil
        }
    }

    /// The string id under that key, or nil.
    @inlinable public func string(_ key: AttributeKey, of event: Event) -> StringID? {
        guard let attribute = attribute(key, of: event), attribute.type == .string else { return nil }
        return StringID(UInt32(truncatingIfNeeded: attribute.bits))
    }

    /// Appends a copy of `event` of another batch, with its attributes.
    @inlinable public mutating func append(_ event: Event, from other: borrowing EventBatch) {
        var copy = event
        copy.attributeStart = UInt32(truncatingIfNeeded: attributes.count)
        let start = Int(event.attributeStart)
        let end = start + Int(event.attributeCount)
        if end <= other.attributes.count {
            attributes.append(contentsOf: other.attributes[start..<end])
        } else {
            copy.attributeCount = 0
        }
        events.append(copy)
    }
}
