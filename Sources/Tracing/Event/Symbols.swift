/// The names that a reader has met: strings, roles and blobs, each once, by index.
///
/// Grows only; an index stays valid for the reader's life. Not thread-safe: one reader, one consumer.
public final class Symbols {
    /// Interned strings; index 0 is the empty string.
    public private(set) var strings: [String] = [""]
    /// Interned roles; index 0 is `Role(.other, name: "")`.
    public private(set) var roles: [Role] = [Role(.other, name: "")]
    /// Interned byte strings of `AttributeType.blob`.
    public private(set) var blobs: [[UInt8]] = [[]]

    private var stringIndex: [String: UInt32] = ["": 0]
    private var roleIndex: [Role: UInt32] = [Role(.other, name: ""): 0]
    private var blobIndex: [[UInt8]: UInt32] = [[]: 0]

    /// An empty table.
    public init() {}

    /// The id of `string`, new or old. O(length).
    public func intern(_ string: String) -> StringID {
        if let index = stringIndex[string] { return StringID(index) }
        let index = UInt32(strings.count)
        strings.append(string)
        stringIndex[string] = index
        return StringID(index)
    }

    /// The id of `role`, new or old.
    public func intern(_ role: Role) -> RoleID {
        if let index = roleIndex[role] { return RoleID(index) }
        let index = UInt32(roles.count)
        roles.append(role)
        roleIndex[role] = index
        return RoleID(index)
    }

    /// The index of `blob`, new or old.
    public func intern(blob: [UInt8]) -> UInt32 {
        if let index = blobIndex[blob] { return index }
        let index = UInt32(blobs.count)
        blobs.append(blob)
        blobIndex[blob] = index
        return index
    }

    /// The key of that name: well-known, or interned.
    public func key(_ name: String) -> AttributeKey {
        AttributeKey.wellKnown(name) ?? AttributeKey(rawValue: AttributeKey.firstInterned + intern(name).index)
    }

    /// The name of a key; `"?"` for a number from a newer version.
    public func name(of key: AttributeKey) -> String {
        if key.rawValue >= AttributeKey.firstInterned {
            return string(StringID(key.rawValue - AttributeKey.firstInterned))
        }
        let index = Int(key.rawValue)
        return index < AttributeKey.wellKnownNames.count ? AttributeKey.wellKnownNames[index] : "?\(index)"
    }

    /// The string of an id; empty for an id of another reader.
    public func string(_ id: StringID) -> String {
        let index = Int(id.index)
        return index < strings.count ? strings[index] : ""
    }

    /// The role of an id; `Role(.other, name: "")` for an id of another reader.
    public func role(_ id: RoleID) -> Role {
        let index = Int(id.index)
        return index < roles.count ? roles[index] : roles[0]
    }
}
