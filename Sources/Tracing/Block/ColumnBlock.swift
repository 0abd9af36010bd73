/// One block by columns, each decoded when somebody asks: for questions that need few of them.
///
/// The same object takes block after block and keeps its memory; what it hands out is valid until the next `load`.
/// Total, as ``BlockDecoder`` is, but it proves less: what nobody asks for is only stepped over.
package final class ColumnBlock {
    /// Events of one stream, kind, role and list of attributes. A row of its columns is an event, in order.
    package struct Group {
        /// The reader's number of the stream.
        package let stream: UInt32
        /// What kind of fact.
        package let kind: EventKind
        /// What it is about.
        package let role: RoleID
        /// Rows.
        package let count: Int
        /// Its number.
        let index: Int
        /// Of row 0 among the rows of all groups.
        let firstRow: Int
        /// Of its first column among the columns of all groups.
        let firstPlace: Int
    }

    /// Where a column lies: its head, and its bytes in both parts. Offsets are below 2^26, the bound of a payload.
    struct Place {
        var head: UInt32 = 0
        var main: UInt32 = 0
        var tail: UInt32 = 0
        /// 0 for a column without values.
        var rows: UInt32 = 0
    }

    // One owner reads and writes them: no access needs proof that it is alone.

    /// The groups, in the order of the file.
    @exclusivity(unchecked) package private(set) var groups: [Group] = []
    /// The traces of the events; the first is ``TraceID/none``.
    @exclusivity(unchecked) package private(set) var traces: [TraceID] = []
    /// Events.
    @exclusivity(unchecked) package private(set) var count = 0

    @exclusivity(unchecked) private(set) var payload = BlockPayload(main: [])
    @exclusivity(unchecked) private(set) var templates: [BlockDecoder.Template] = []
    @exclusivity(unchecked) private(set) var clock = BlockClock.unixNanos
    @exclusivity(unchecked) private var baseTime: Int64 = 0
    @exclusivity(unchecked) private(set) var places: [Place] = []
    /// Where the groups' numbers lie in the main part: of each event the low byte, with many groups then the high bytes.
    @exclusivity(unchecked) private var numbersOffset = 0
    let arena = DecodeArena()
    /// By row of all groups: extents in steps, and times in stamps.
    @exclusivity(unchecked) private(set) var extents: UnsafeMutablePointer<Int64>?
    @exclusivity(unchecked) private(set) var times: UnsafeMutablePointer<Int64>?
    /// By group: nil where no span's start follows from another event.
    @exclusivity(unchecked) private var edges: [ColumnValues?] = []
    /// Starts of all spans by row, once a group with edges was asked for.
    @exclusivity(unchecked) private var starts: UnsafeMutablePointer<Int64>?
    /// Room for the durations of any one group: what is asked for one group after the other stays in the first cache.
    @exclusivity(unchecked) private(set) var durations: UnsafeMutablePointer<Int64>?

    /// A block without events.
    package init() {}

    /// Forgets the block and lets go of its payload.
    func clear() {
        groups.removeAll(keepingCapacity: true)
        arena.reset()
        (extents, times, starts, durations) = (nil, nil, nil, nil)
        edges.removeAll(keepingCapacity: true)
        payload = BlockPayload(main: [])
        (count, traces, templates) = (0, [], [])
    }

    /// Takes a payload; false when it contradicts the format.
    func load(
        _ payload: BlockPayload, header: BlockHeader, symbols: Symbols, number: (BlockStream) -> UInt32
    ) -> Bool {
        clear()
        self.payload = payload
        var reader = ByteReader(payload.main)
        let tables = withoutActuallyEscaping(number) { number -> BlockDecoder.Tables? in
            var decoder = BlockDecoder(header: header, symbols: symbols, number: number)
            return decoder.readTables(&reader) ? decoder.tables : nil
        }
        guard let tables else { return false }
        (count, clock, baseTime) = (tables.count, tables.clock, tables.baseTime)
        (traces, templates) = (tables.traces, tables.templates)
        var row = 0
        var place = 0
        for (index, template) in templates.enumerated() {
            groups.append(
                Group(
                    stream: template.stream, kind: template.kind, role: template.role, count: template.count,
                    index: index, firstRow: row, firstPlace: place))
            row += template.count
            place += FixedColumn.count + template.keys.count
        }
        return row == count && locate(&reader, tables, columns: place) && walk()
    }

    // MARK: Where columns lie

    /// Finds every column: first the heads, then what each of them takes of the two parts.
    private func locate(_ reader: inout ByteReader, _ tables: BlockDecoder.Tables, columns: Int) -> Bool {
        places.removeAll(keepingCapacity: true)
        places.append(contentsOf: repeatElement(Place(), count: columns))
        var heads: [(head: ColumnHead, place: Int)] = []
        heads.reserveCapacity(columns)
        var series: [ColumnHead] = []
        for group in tables.series {
            guard let head = ColumnHead(&reader, count: group.count) else { return false }
            series.append(head)
        }
        func note(_ group: Group, _ column: Int, _ rows: Int) -> Bool {
            let place = group.firstPlace + column
            places[place].head = UInt32(truncatingIfNeeded: reader.offset)
            places[place].rows = UInt32(truncatingIfNeeded: rows)
            guard let head = ColumnHead(&reader, count: rows) else { return false }
            heads.append((head, place))
            return true
        }
        for column in 0..<FixedColumn.count {
            for group in groups where templates[group.index].rows(column) > 0 {
                guard note(group, column, templates[group.index].rows(column)) else { return false }
            }
        }
        let most = templates.reduce(0) { max($0, $1.keys.count) }
        for position in 0..<most {
            for group in groups where position < templates[group.index].keys.count {
                guard note(group, FixedColumn.count + position, group.count) else { return false }
            }
        }
        return withSource(mainOffset: reader.offset, tailOffset: 0) { source in
            guard source.takeTail(tables.foreignCount * 8) != nil else { return false }
            for head in series where !source.skip(head) { return false }
            numbersOffset = source.mainOffset
            guard source.takeMain(groups.count > 256 ? 2 * count : count) != nil else { return false }
            for (head, place) in heads {
                places[place].main = UInt32(truncatingIfNeeded: source.mainOffset)
                places[place].tail = UInt32(truncatingIfNeeded: source.tailOffset)
                guard source.skip(head) else { return false }
            }
            return source.mainOffset == source.main.count && source.tailOffset == source.tail.count
        }
    }

    func withSource<Result>(
        mainOffset: Int, tailOffset: Int, _ body: (inout ColumnSource) -> Result
    ) -> Result {
        payload.main.withUnsafeBytes { main in
            payload.tail.withUnsafeBytes { tail in
                var source = ColumnSource(
                    bytes: payload.main, main: main, tail: tail, mainOffset: mainOffset, tailOffset: tailOffset,
                    arena: arena)
                return body(&source)
            }
        }
    }

    // MARK: Times

    /// The time of every event: a sum over the gaps, and over the extents of spans, in the order of events.
    private func walk() -> Bool {
        let extents = arena.allocate(count)
        // First how far each event advances the time, then in the same place the time.
        let times = arena.allocate(count)
        for group in groups {
            let advance = times + group.firstRow
            let extent = extents + group.firstRow
            guard fill(group, FixedColumn.gap, advance), fill(group, FixedColumn.extent, extent) else { return false }
            guard group.kind == .span else {
                edges.append(nil)
                continue
            }
            guard let edge = fixed(group, FixedColumn.edge) else { return false }
            edges.append(edge.stride == 0 && edge[0] == 0 ? nil : edge)
            if edges[group.index] == nil {
                for row in 0..<group.count { advance[row] &+= extent[row] }
            } else {
                for row in 0..<group.count where edge[row] == 0 { advance[row] &+= extent[row] }
            }
        }
        guard add(up: times) else { return false }
        (self.extents, self.times) = (extents, times)
        durations = arena.allocate(groups.reduce(0) { max($0, $1.count) })
        return true
    }

    /// Turns advances into times, in the order of events; false when the groups have not as many events as they claim.
    private func add(up times: UnsafeMutablePointer<Int64>) -> Bool {
        let step = Int64(bitPattern: clock.step)
        let base = baseTime
        let isWide = groups.count > 256
        return payload.main.withUnsafeBytes { main in
            withUnsafeTemporaryAllocation(of: Int.self, capacity: max(256, groups.count)) { rows in
                // A number without a group leads behind the last row.
                rows.initialize(repeating: count)
                for group in groups { rows[group.index] = group.firstRow }
                var steps: Int64 = 0
                for index in 0..<count {
                    var number = Int(main[numbersOffset &+ index])
                    if isWide { number |= Int(main[numbersOffset &+ count &+ index]) << 8 }
                    guard number < rows.count else { return false }
                    let row = rows[number]
                    guard row < count else { return false }
                    rows[number] = row &+ 1
                    steps &+= times[row]
                    times[row] = base &+ steps &* step
                }
                return groups.allSatisfy { rows[$0.index] == $0.firstRow + $0.count }
            }
        }
    }

    /// The group of each event.
    var numbers: [Int] {
        (0..<count).map { index in
            let low = Int(payload.main[numbersOffset + index])
            return groups.count > 256 ? low | Int(payload.main[numbersOffset + count + index]) << 8 : low
        }
    }

    /// Whether the starts of a group's spans follow from other events.
    func hasEdges(_ group: Group) -> Bool { edges[group.index] != nil }

    /// The starts of all spans by row: one walk, for the blocks in which somebody asks for spans with children.
    func startsByRow() -> UnsafeMutablePointer<Int64>? {
        if let starts { return starts }
        guard let times, let extents else { return nil }
        let starts = arena.allocate(count)
        let inOrder = arena.allocate(count)
        let step = Int64(bitPattern: clock.step)
        var rows = groups.map(\.firstRow)
        for (index, number) in numbers.enumerated() {
            let group = groups[number]
            let row = rows[number]
            rows[number] += 1
            var start = times[row]
            if group.kind == .span {
                let edge = edges[number]?[row - group.firstRow] ?? 0
                if edge == 0 {
                    start = start &- extents[row] &* step
                } else {
                    guard edge > 0, edge <= Int64(index) else { return nil }
                    start = inOrder[index - Int(edge)] &- extents[row] &* step
                }
            }
            inOrder[index] = start
            starts[row] = start
        }
        self.starts = starts
        return starts
    }
}
