/// The evidence of an epoch as bounds of every instant of the root's clock.
struct ClockReading {
    private(set) var strands: [ClockStrand]
    private var vertices: ContiguousArray<ContiguousArray<ClockBounds.Point>>
    private let clocks: ClockAlignment
    private let count: Int

    init(_ strands: [ClockStrand], _ clocks: ClockAlignment, _ count: Int) {
        self.strands = strands
        self.clocks = clocks
        self.count = count
        vertices = []
        vertices = ContiguousArray(strands.map { vertices($0) })
    }

    private func vertices(_ strand: ClockStrand) -> ContiguousArray<ClockBounds.Point> {
        var all: ContiguousArray<ClockBounds.Point> = []
        var index = 0
        while index < strand.items.count {
            var points: ContiguousArray<ClockBounds.Point> = []
            let place = strand.items[index].place
            while index < strand.items.count, strand.items[index].place == place {
                points.append(strand.items[index].point)
                index += 1
            }
            for point in ClockBounds.hull(points) {
                all.append(
                    .init(
                        time: clocks.aligned(point.time, domain: strand.to),
                        bound: point.bound &- ClockBounds.marginNanos))
            }
        }
        return ClockBounds.lowered(all)
    }

    /// The times of all vertices between two instants, at most `limit` of them, the first and the last among these.
    func knots(from: Int64, to: Int64, limit: Int) -> ContiguousArray<Int64> {
        var times: ContiguousArray<Int64> = []
        for vertex in vertices.lazy.joined() where vertex.time >= from && vertex.time < to { times.append(vertex.time) }
        times.sort()
        var distinct: ContiguousArray<Int64> = []
        for time in times where distinct.last != time { distinct.append(time) }
        guard distinct.count > limit else { return distinct }
        return ContiguousArray((0..<limit).map { distinct[$0 * (distinct.count - 1) / (limit - 1)] })
    }

    func bounds(at knot: Int64) -> ContiguousArray<Int64> {
        var bounds = ContiguousArray(repeating: ClockGraph.unbounded, count: count * count)
        for (strand, vertices) in zip(strands, vertices) {
            guard let value = ClockBounds.value(vertices, at: knot) else { continue }
            let place = strand.from * count + strand.to
            bounds[place] = min(bounds[place], value)
        }
        return bounds
    }

    /// Whether a piece of the epoch's own evidence concerns the clock.
    func hasEvidence(_ domain: Int) -> Bool {
        strands.contains { strand in
            (strand.from == domain || strand.to == domain) && strand.items.contains { $0.place == .inside }
        }
    }

    /// The bounds of a direction that may be taken out, those first that lie deepest below the rest of it.
    func lowest(_ strand: Int) -> [ClockStrand.Item] {
        let reference = rest(strand)
        let low = strands[strand].items.filter(\.isLow).map { ($0, Self.depth($0, reference) ?? 0) }
        let sorted = low.sorted { a, b in (b.1, a.0.point.time) < (a.1, b.0.point.time) }
        return sorted.prefix(ClockBounds.lowestLimit).map(\.0)
    }

    /// The same without the `number` lowest bounds of a direction.
    func without(_ strand: Int, _ number: Int) -> ClockReading {
        var copy = self
        for item in lowest(strand).prefix(number) {
            guard
                let index = copy.strands[strand].items.firstIndex(where: {
                    $0.isLow && $0.point.time == item.point.time && $0.point.bound == item.point.bound
                })
            else { continue }
            copy.strands[strand].items.remove(at: index)
        }
        copy.vertices[strand] = vertices(copy.strands[strand])
        return copy
    }

    /// How far the deepest bound of a direction lies below what the rest of it says; nil when there is no rest.
    func depth(_ strand: Int) -> Int64? {
        let reference = rest(strand)
        return strands[strand].items.lazy.filter(\.isLow).compactMap { Self.depth($0, reference) }.max()
    }

    private static func depth(_ item: ClockStrand.Item, _ reference: ContiguousArray<ClockBounds.Point>) -> Int64? {
        ClockBounds.value(reference, at: item.point.time).map { $0 &- item.point.bound }
    }

    /// The bounds of a direction beside the lowest ones; of few the upper half.
    private func rest(_ strand: Int) -> ContiguousArray<ClockBounds.Point> {
        let items = strands[strand].items
        var rest = items.filter { !$0.isLow }
        if rest.isEmpty {
            let low = items.sorted { $0.point.bound < $1.point.bound }
            rest = Array(low.dropFirst(max(1, low.count / 2)))
        }
        return ContiguousArray(rest.map(\.point).sorted { $0.time < $1.time })
    }
}
