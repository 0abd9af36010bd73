/// The last facts of a stream.
enum StreamEnding {
    /// State, last heartbeat and the drops of all lanes.
    static func description(head: StreamHead, lanes: [Lane]) -> Description {
        var values = ["state": StreamState.ended.rawValue, "heartbeat.unix.nanos": String(head.heartbeat.nanos)]
        for (reason, count) in drops(head: head, lanes: lanes) { values["dropped.\(reason.label)"] = String(count) }
        return Description(values: values)
    }

    static func drops(head: StreamHead, lanes: [Lane]) -> [DropReason: UInt64] {
        var drops: [DropReason: UInt64] = [:]
        for reason in DropReason.allCases {
            var count = lanes.reduce(head.dropped(reason)) { $0 &+ $1.dropped(reason) }
            if PlantedBug.isOn(.dropsOffByOne), count > 0 { count -= 1 }
            if count > 0 { drops[reason] = count }
        }
        return drops
    }
}
