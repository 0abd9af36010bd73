import Foundation
import SpanreelTracing

/// How near a redrawn session is to the recorded one: its bytes a span, the percentiles of every layer's durations, and
/// whether its traces are trees.
struct Fit {
    private struct Group: Hashable, Comparable {
        let device: String
        let layer: Int
        let phase: String

        static func < (a: Group, b: Group) -> Bool { (a.phase, a.layer, a.device) < (b.phase, b.layer, b.device) }
    }

    private struct Begun {
        let start: Int64
        let trace: TraceID
    }

    // What counts as near.
    private static let medianShare = 0.03
    private static let tailShare = 0.1
    private static let bytesPerSpan = 5.3...6.3

    private var original: [Group: [Int64]] = [:]
    private var redrawn: [Group: [Int64]] = [:]
    private var spans = 0
    private var sizeBytes = 0
    private var begun: [SpanID: Begun] = [:]
    private var outsideParents = 0
    private var messages: Set<String> = []
    private var sends = 0

    init(_ recorded: Original, session: String) throws {
        for (place, item) in recorded.items.enumerated() {
            let role = recorded.role(place)
            guard role.operation == .layer, let layer = role.layer else { continue }
            let device = recorded.streams[Int(item.event.stream)].device
            original[Group(device: device, layer: layer, phase: role.phase.label), default: []].append(
                item.event.time - item.event.start)
        }
        try collect(session)
        try check(session)
    }

    private mutating func collect(_ session: String) throws {
        let reader = try SessionReader(path: session)
        sizeBytes = reader.sizeBytes
        try reader.poll { batch in
            for event in batch.events where event.kind == .begin || event.kind == .span {
                spans += 1
                let role = reader.symbols.role(event.role)
                if event.kind == .begin { begun[event.span] = Begun(start: event.start.nanos, trace: event.trace) }
                if role.operation == .hopSend, let link = role.link {
                    sends += 1
                    messages.insert("\(link.from) \(link.to) \(batch.int(.messageID, of: event) ?? -1)")
                }
                guard role.operation == .layer, let layer = role.layer else { continue }
                let group = Group(
                    device: reader.streams[Int(event.stream)].device, layer: layer, phase: role.phase.label)
                redrawn[group, default: []].append(event.time - event.start)
            }
        }
    }

    /// Counts spans whose parent is not there, of another trace, or begins after them.
    private mutating func check(_ session: String) throws {
        try SessionReader(path: session).poll { batch in
            for event in batch.events where !event.parent.isNone && event.kind != .end {
                guard let parent = begun[event.parent], parent.trace == event.trace, parent.start <= event.start.nanos
                else {
                    outsideParents += 1
                    continue
                }
            }
        }
    }

    /// Prints what was found; false when the session is no fit.
    func report() -> Bool {
        let perSpan = Double(sizeBytes) / Double(max(spans, 1))
        var isNear = Self.bytesPerSpan.contains(perSpan) && outsideParents == 0 && messages.count == sends
        print("\(spans) spans, \(rounded(perSpan)) bytes a span, \(outsideParents) spans outside their parents")
        print("\(sends) messages, \(sends - messages.count) of them with a number that came before on their link")
        print("durations of layers in us, recorded > redrawn")
        for group in original.keys.sorted() {
            let (one, other) = (original[group, default: []].sorted(), redrawn[group, default: []].sorted())
            let cells = [0.5, 0.95, 0.99].map { part -> String in
                let (a, b) = (Self.percentile(one, part), Self.percentile(other, part))
                // The tail of 75 values is one of them, and of their repetitions the greatest.
                let isJudged = part == 0.5 || one.count >= 1000
                let isClose = !isJudged || abs(b / a - 1) <= (part == 0.5 ? Self.medianShare : Self.tailShare)
                if !isClose { isNear = false }
                return "P\(Int(part * 100)) \(Int(a)) > \(Int(b))\(isClose ? "" : " (!)")"
            }
            print("  \(group.phase) \(group.device) layer \(group.layer): \(cells.joined(separator: ", "))")
        }
        print(isNear ? "fits" : "does not fit")
        return isNear
    }

    /// In microseconds, between the two nearest values; 0 of none.
    private static func percentile(_ sorted: [Int64], _ part: Double) -> Double {
        guard let last = sorted.last else { return 0 }
        let place = part * Double(sorted.count - 1)
        let index = Int(place)
        guard index + 1 < sorted.count else { return Double(last) / 1000 }
        let (low, high) = (Double(sorted[index]), Double(sorted[index + 1]))
        return (low + (high - low) * (place - Double(index))) / 1000
    }
}
