import Foundation
import SpanreelInterop
import SpanreelTracing

/// A recorded session as ``Redraw`` needs it: its spans and token events, and their edges in time.
struct Original {
    /// A span or a token event.
    struct Item {
        let event: Event
        let attributes: [Attribute]
        /// The span that encloses it, by place in ``items``; nil for a root.
        var parent: Int?
        var depth = 0
        var hasChildren = false
    }

    enum Side: UInt64 { case end, instant, begin }

    /// An instant at which something is known to have happened.
    struct Edge {
        let time: Int64
        let item: Int
        let side: Side
    }

    let streams: [StreamInfo]
    let symbols: Symbols
    private(set) var items: [Item] = []
    /// All edges of all streams, in the order in which they happened.
    private(set) var edges: [Edge] = []

    init(folder: String) throws {
        let path = FileManager.default.temporaryDirectory.path + "/original-\(UUID().uuidString).reel"
        defer { try? FileManager.default.removeItem(atPath: path) }
        _ = try Importer.importFile(at: folder + "/trace.otlp.pb.zst", to: path)
        let reader = try SessionReader(path: path)
        symbols = reader.symbols
        var items: [Item] = []
        // Samples are left out: the importer derives them from the spans of the same name, which are kept.
        try reader.poll { batch in
            for event in batch.events where event.kind == .span || event.kind == .tokens {
                items.append(Item(event: event, attributes: Array(batch.attributes(of: event))))
            }
        }
        streams = reader.streams
        self.items = items
        link()
        sortEdges()
    }

    func role(_ item: Int) -> Role { symbols.role(items[item].event.role) }

    private mutating func link() {
        var places: [SpanID: Int] = [:]
        for (place, item) in items.enumerated() where item.event.kind == .span { places[item.event.span] = place }
        for place in items.indices {
            guard let parent = places[items[place].event.parent] else { continue }
            items[place].parent = parent
            items[parent].hasChildren = true
        }
        for place in items.indices {
            var above = items[place].parent
            while let parent = above {
                items[place].depth += 1
                above = items[parent].parent
            }
        }
    }

    private mutating func sortEdges() {
        for (place, item) in items.enumerated() {
            let event = item.event
            if event.kind == .tokens {
                edges.append(Edge(time: event.time.nanos, item: place, side: .instant))
            } else {
                edges.append(Edge(time: event.start.nanos, item: place, side: .begin))
                edges.append(Edge(time: event.time.nanos, item: place, side: .end))
            }
        }
        // At one instant: what ends does so before anything begins, the inner first; what begins, the outer first. No
        // span of the recorded session lasts no time at all, so none ends before it began.
        func order(_ edge: Edge) -> (Int64, UInt64, Int, Int) {
            let depth = items[edge.item].depth
            return (edge.time, edge.side.rawValue, edge.side == .end ? -depth : depth, edge.item)
        }
        edges.sort { order($0) < order($1) }
    }
}
