/// Tells what changed from one report of a session to the next, each change once.
///
/// A value with no clock and no I/O: whoever polls hands it reports, and does with the changes what it likes.
public struct AlertWatch: Sendable {
    /// What became of an alert.
    public enum Change: String, Sendable {
        /// It fired.
        case firing
        /// It fired and holds no more.
        case resolved
        /// It had fired, and late events showed that it should not have.
        case withdrawn
    }

    private var firing: [Alert.Identity: Alert] = [:]
    private var resolved: Set<Alert.Identity> = []

    /// A watch that reports everything, alerts of the past included.
    public init() {}

    /// A watch that begins now: what is over in `report` is not reported; what fires is.
    public init(startingAt report: AlertReport) {
        for alert in report.alerts where alert.state == .resolved { resolved.insert(alert.identity) }
    }

    /// The changes since the last report, in the order in which they happened. O(alerts listed).
    public mutating func changes(_ report: AlertReport) -> [(change: Change, alert: Alert)] {
        var changes: [(at: Int64, change: Change, alert: Alert)] = []
        var listed: Set<Alert.Identity> = []
        for alert in report.alerts {
            guard let firedAt = alert.firedAtNanos else { continue }
            let identity = alert.identity
            listed.insert(identity)
            let wasResolved = resolved.contains(identity)
            if firing[identity] == nil, !wasResolved {
                changes.append((firedAt, .firing, alert))
            }
            if let resolvedAt = alert.resolvedAtNanos {
                if !wasResolved { changes.append((resolvedAt, .resolved, alert)) }
                firing[identity] = nil
                resolved.insert(identity)
            } else {
                firing[identity] = alert
                // A late event undid the resolution: the next one is news again.
                resolved.remove(identity)
            }
        }
        for (identity, alert) in firing.sorted(by: { $0.key.subject.label < $1.key.subject.label })
        where !listed.contains(identity) {
            changes.append((report.atNanos, .withdrawn, alert))
            firing[identity] = nil
        }
        resolved.formIntersection(listed)
        // Stable: what happened at one instant stays in the order of the report.
        let order = changes.indices.sorted { (changes[$0].at, $0) < (changes[$1].at, $1) }
        return order.map { (changes[$0].change, changes[$0].alert) }
    }
}
