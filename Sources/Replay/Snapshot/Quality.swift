import SpanreelTracing

/// How far the numbers of a snapshot can be trusted: what was odd about the events up to its instant, one count a kind.
///
/// A pure function of the same things as the views. `docs/VIEWS.md` says for each kind what the views make of it.
struct Quality {
    /// A kind of bad input.
    enum Kind: String, CaseIterable {
        case dropped, missingEvents, reorderedEvents
        case openSpans, openNotHeld, orphanEnds, duplicateSpans, missingParents, outlivedParents, negativeDurations
        case sendsWithoutReceive, receivesWithoutSend, duplicateMessages, negativeTransits
        case clockOutliers, clockSteps, clockLate, probesWithoutPeer
        case sharedDeviceNames, notHeld

        /// What a person reads.
        var words: String {
            switch self {
            case .dropped: "events dropped"
            case .missingEvents: "events missing"
            case .reorderedEvents: "events stamped before earlier ones"
            case .openSpans: "spans open"
            case .openNotHeld: "open spans not held"
            case .orphanEnds: "ends without a begin"
            case .duplicateSpans: "spans with the id of another"
            case .missingParents: "spans whose parent is missing"
            case .outlivedParents: "spans that outlived their parent"
            case .negativeDurations: "spans that end before they start"
            case .sendsWithoutReceive: "sends without a receive"
            case .receivesWithoutSend: "receives without a send"
            case .duplicateMessages: "message ids used twice"
            case .negativeTransits: "messages received before they were sent"
            case .clockOutliers: "clock readings taken out"
            case .clockSteps: "clock steps"
            case .clockLate: "clock readings too late"
            case .probesWithoutPeer: "clock probes of unknown devices"
            case .sharedDeviceNames: "device names of several hosts"
            case .notHeld: "layers and hops beyond what is held"
            }
        }
    }

    let input: SnapshotInput

    /// The count of a kind.
    func count(_ kind: Kind) -> Int64 {
        let fold = input.fold
        return switch kind {
        case .dropped: Int64(clamping: input.dropped)
        case .missingEvents: Int64(clamping: fold.missingEvents)
        case .reorderedEvents: Int64(fold.reorderedEvents)
        case .openSpans: Int64(fold.openCount)
        case .openNotHeld: Int64(fold.droppedOpen)
        case .orphanEnds: Int64(fold.orphanEnds)
        case .duplicateSpans: Int64(fold.spans.duplicates)
        case .missingParents: Int64(fold.spans.missingParents)
        case .outlivedParents: Int64(fold.spans.outlivedParents)
        case .negativeDurations: Int64(fold.spans.negativeDurations)
        case .sendsWithoutReceive: Int64(fold.hops.sends - fold.hops.matches)
        case .receivesWithoutSend: Int64(fold.hops.receives - fold.hops.matches)
        case .duplicateMessages: Int64(fold.hops.duplicates)
        case .negativeTransits: Int64(fold.hops.negativeTransits)
        case .clockOutliers: Int64(input.solution.outliers)
        case .clockSteps: Int64(input.solution.steps)
        case .clockLate: Int64(fold.clocks.lateCount)
        case .probesWithoutPeer: Int64(fold.probesWithoutPeer)
        case .sharedDeviceNames: Int64(sharedDeviceNames)
        case .notHeld: Int64(fold.layers.notHeld &+ fold.hops.notHeld)
        }
    }

    /// Device labels under which streams of several hosts spoke.
    private var sharedDeviceNames: Int {
        var hosts: [Int32: Set<Int32>] = [:]
        for (index, plan) in input.directory.streamPlans.enumerated()
        where index < input.fold.processes.streams.count && input.fold.processes.streams[index].events > 0 {
            hosts[plan.device, default: []].insert(plan.host)
        }
        return hosts.values.count { $0.count > 1 }
    }

    /// Writes every kind, those without a case too.
    func write(_ json: inout JSONWriter) { for kind in Kind.allCases { json.field(kind.rawValue, count(kind)) } }

    /// The kinds that occurred, in words; nil when there is nothing to say. Open spans have a list of their own.
    var words: String? {
        let found = Kind.allCases.filter { $0 != .openSpans && count($0) > 0 }
        return found.isEmpty
            ? nil : found.map { "\(Human.count(count($0))) \($0.words)" }.joined(separator: ", ")
    }
}
