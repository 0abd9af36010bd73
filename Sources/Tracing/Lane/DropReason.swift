/// Why an event was not recorded. Wire tags: append only; the raw value is a counter's position.
public enum DropReason: Int, Sendable, CaseIterable {
    /// The thread's ring had no room: the sealer could not keep up.
    case laneFull = 0
    /// More lanes in use than the pool may hold.
    case poolEmpty = 1
    /// Emitted from inside an emit, by a signal handler or an attribute closure.
    case nested = 2
    /// More than 8 KiB of attributes.
    case tooLarge = 3
    /// Less than 1 GiB left on the disk.
    case diskLow = 4
    /// Emitted after `close`.
    case closed = 5
    /// Emitted by a child of `fork`, which has no sealer: it must open a recorder of its own.
    case forked = 6

    /// The word in JSON and text.
    public var label: String {
        switch self {
        case .laneFull: "lane-full"
        case .poolEmpty: "pool-empty"
        case .nested: "nested"
        case .tooLarge: "too-large"
        case .diskLow: "disk-low"
        case .closed: "closed"
        case .forked: "forked"
        }
    }

    static let counters = 8
}
