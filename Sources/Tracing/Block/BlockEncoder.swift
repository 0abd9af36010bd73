/// Turns consecutive events of one incarnation into the payload of a block. docs/FORMAT.md draws it.
///
///     begin(...)  append(row, attributes) ...  finish(...)     and again: all room is kept
///
/// Appending sorts a row into the columns of its template and allocates nothing once the columns have grown. One owner
/// at a time.
// The unsafe memory below is reached only through this class and its extensions in this folder: rows come by value,
// and every index is one that the class has made itself.
final class BlockEncoder {
    let coder: ColumnCoder
    @exclusivity(unchecked) private(set) var templates: UnsafeMutablePointer<BlockTemplate>
    @exclusivity(unchecked) private var templateCount = 0
    @exclusivity(unchecked) private var templateCapacity = 64
    @exclusivity(unchecked) private var templateOfHash: [UInt64: Int32] = [:]
    @exclusivity(unchecked) private var last: Int32 = -1

    /// Templates of the block, by number.
    @exclusivity(unchecked) private(set) var used: [Int32] = []
    /// Template number, time and start of each event.
    @exclusivity(unchecked) private(set) var numbers = ValueRun<UInt16>()
    @exclusivity(unchecked) private(set) var times = ValueRun<Int64>()
    @exclusivity(unchecked) private(set) var starts = ValueRun<Int64>()
    /// Eight bytes each, in order of appearance.
    @exclusivity(unchecked) var foreign = ValueRun<Int64>()
    @exclusivity(unchecked) var traces: [TraceID] = []
    @exclusivity(unchecked) var traceNumber: [TraceID: Int64] = [:]

    @exclusivity(unchecked) private(set) var incarnation: UInt64 = 0
    @exclusivity(unchecked) private(set) var firstSequence: UInt64 = 0
    @exclusivity(unchecked) private(set) var clock = BlockClock.unixNanos
    @exclusivity(unchecked) private(set) var effort = BlockEffort.fast
    @exclusivity(unchecked) private(set) var attributeCount = 0
    /// The first event's start: where the first gap begins.
    @exclusivity(unchecked) private(set) var baseTime: Int64 = 0
    @exclusivity(unchecked) private(set) var count = 0
    /// The event that is being appended.
    @exclusivity(unchecked) var sequence: UInt64 = 0
    @exclusivity(unchecked) private var previousTime: Int64 = 0
    @exclusivity(unchecked) private var previousParent: UInt64 = 0
    @exclusivity(unchecked) var previousTrace = TraceID.none
    @exclusivity(unchecked) var previousTraceNumber: Int64 = 0

    /// Other incarnations of the session whose ids may be named by sequence, sorted by base.
    @exclusivity(unchecked) var others: [Incarnation] = []
    @exclusivity(unchecked) var otherBases: [UInt64] = []
    @exclusivity(unchecked) var otherNumber: [UInt64: Int64] = [:]
    @exclusivity(unchecked) var otherLast: [UInt64] = []
    /// Where an id was seen last: 2 * index + (0 span, 1 parent).
    @exclusivity(unchecked) var seen: [UInt64: Int64] = [:]
    /// The first event of the block with that parent.
    @exclusivity(unchecked) var firstChild: [UInt64: Int64] = [:]

    /// An incarnation and its greatest sequence.
    struct Incarnation: Sendable {
        var base: UInt64
        var last: UInt64
    }

    init() throws(TraceError) {
        coder = try ColumnCoder()
        templates = .allocate(capacity: templateCapacity)
    }

    deinit {
        for index in 0..<templateCount { templates[index].free() }
        templates.deallocate()
        numbers.free()
        for run in [times, starts, foreign] { run.free() }
    }

    /// Starts a block. `others` are incarnations of the session that the writer knows, sorted by base.
    func begin(
        incarnation: UInt64, firstSequence: UInt64, clock: BlockClock = .unixNanos, effort: BlockEffort,
        others: [Incarnation] = []
    ) {
        self.incarnation = incarnation
        self.firstSequence = firstSequence
        self.clock = clock
        self.effort = effort
        self.others = others
        sequence = firstSequence
        (count, attributeCount, baseTime) = (0, 0, 0)
        (previousTime, previousParent, previousTrace, previousTraceNumber) = (0, 0, .none, 0)
        last = -1
        for index in used {
            templates[Int(index)].number = -1
            templates[Int(index)].link = BlockTemplate.noLink
            let template = templates[Int(index)]
            for column in 0..<FixedColumn.count + template.attributeCount { template.columns[column].removeAll() }
        }
        used.removeAll(keepingCapacity: true)
        // A stream of ever new shapes must not keep the room of all of them.
        if templateCount > 4096 {
            for index in 0..<templateCount { templates[index].free() }
            templateCount = 0
            templateOfHash.removeAll()
        }
        numbers.removeAll()
        times.removeAll()
        starts.removeAll()
        foreign.removeAll()
        traces.removeAll(keepingCapacity: true)
        traceNumber.removeAll(keepingCapacity: true)
        otherBases.removeAll(keepingCapacity: true)
        otherLast.removeAll(keepingCapacity: true)
        otherNumber.removeAll(keepingCapacity: true)
        seen.removeAll(keepingCapacity: true)
        firstChild.removeAll(keepingCapacity: true)
        traces.append(.none)
        traceNumber[.none] = 0
    }

    /// Whether the block should be finished before another event with so many attributes.
    func isFull(_ attributes: Int = 0) -> Bool {
        count >= BlockLimits.maxEvents || used.count >= BlockLimits.maxTemplates
            // Each attribute may bring a name and a string of its own.
            || attributeCount + attributes > BlockLimits.maxStrings / 4
    }

    /// Appends the event with the next sequence. Inlined into the sealer's loop.
    @inline(__always) func append(_ row: BlockRow, _ attributes: UnsafeBufferPointer<Attribute>) {
        let index = template(row.stream, row.fact, row.role, attributes)
        let template = templates[Int(index)]
        let columns = template.columns
        if count == 0 {
            baseTime = row.start
            previousTime = row.start
        }
        if template.isSpan {
            appendSpanTimes(row, columns)
        } else {
            columns[FixedColumn.gap].append(row.time &- previousTime)
            columns[FixedColumn.extent].append(row.value)
            if effort == .strong { columns[FixedColumn.edge].append(0) }
        }
        previousTime = row.time
        var link = 0
        if row.trace != previousTrace {
            link = LinkCode.traceGiven
            appendTrace(row.trace, columns)
        }
        link |= (row.parent == previousParent ? LinkCode.Parent.same : parent(row.parent, columns)) << 1
        if template.hasSpanID {
            if template.fact & 7 != EventKind.end.rawValue, row.span == incarnation &+ sequence {
                link |= LinkCode.Span.own << 4
            } else {
                link |= span(row.span, columns, isEnd: template.fact & 7 == EventKind.end.rawValue) << 4
            }
            if effort == .strong { seen[row.span] = Int64(count) << 1 }
        }
        previousParent = row.parent
        if template.link == BlockTemplate.mixedLinks {
            columns[FixedColumn.link].append(Int64(link))
        } else if template.link != link {
            noteLink(link, index)
        }
        for position in 0..<attributes.count {
            columns[FixedColumn.count + position].append(Int64(bitPattern: attributes[position].bits))
        }
        attributeCount &+= attributes.count
        numbers.append(UInt16(truncatingIfNeeded: template.number))
        if effort == .strong {
            times.append(row.time)
            starts.append(row.start)
        }
        count &+= 1
        sequence &+= 1
    }

    // MARK: Parts of a row

    @inline(__always)
    private func appendSpanTimes(_ row: BlockRow, _ columns: UnsafeMutablePointer<ValueRun<Int64>>) {
        if effort == .strong {
            // A parent that is written at its end begins where its first child began.
            if let child = firstChild[row.span], child < count {
                columns[FixedColumn.gap].append(row.time &- previousTime)
                columns[FixedColumn.extent].append(starts.values[Int(child)] &- row.start)
                columns[FixedColumn.edge].append(Int64(count) - child)
                return
            }
        }
        columns[FixedColumn.gap].append(row.start &- previousTime)
        columns[FixedColumn.extent].append(row.time &- row.start)
        if effort == .strong { columns[FixedColumn.edge].append(0) }
    }

    /// The link of a template's first event, or the first that is not like those before.
    @inline(never)
    private func noteLink(_ link: Int, _ index: Int32) {
        let template = templates[Int(index)]
        let earlier = template.columns[FixedColumn.gap].count - 1
        guard earlier > 0 else {
            templates[Int(index)].link = Int16(link)
            return
        }
        templates[Int(index)].link = BlockTemplate.mixedLinks
        for _ in 0..<earlier { template.columns[FixedColumn.link].append(Int64(template.link)) }
        template.columns[FixedColumn.link].append(Int64(link))
    }

    // MARK: Templates

    @inline(__always)
    private func template(
        _ stream: UInt32, _ fact: UInt8, _ role: UInt32, _ attributes: UnsafeBufferPointer<Attribute>
    ) -> Int32 {
        if last >= 0 {
            let next = templates[Int(last)].next
            if next >= 0, templates[Int(next)].number >= 0, templates[Int(next)].matches(stream, fact, role, attributes)
            {
                last = next
                return next
            }
        }
        return findTemplate(stream, fact, role, attributes)
    }

    @inline(never)
    private func findTemplate(
        _ stream: UInt32, _ fact: UInt8, _ role: UInt32, _ attributes: UnsafeBufferPointer<Attribute>
    ) -> Int32 {
        let hash = BlockTemplate.hash(stream, fact, role, attributes)
        var index = templateOfHash[hash] ?? -1
        while index >= 0, !templates[Int(index)].matches(stream, fact, role, attributes) {
            index = templates[Int(index)].chain
        }
        if index < 0 {
            index = addTemplate(BlockTemplate(stream, fact, role, attributes), hash)
        }
        if templates[Int(index)].number < 0 {
            templates[Int(index)].number = Int32(used.count)
            used.append(index)
        }
        if last >= 0 { templates[Int(last)].next = index }
        last = index
        return index
    }

    private func addTemplate(_ template: BlockTemplate, _ hash: UInt64) -> Int32 {
        if templateCount == templateCapacity {
            let new = UnsafeMutablePointer<BlockTemplate>.allocate(capacity: templateCapacity * 2)
            new.moveInitialize(from: templates, count: templateCount)
            templates.deallocate()
            templates = new
            templateCapacity *= 2
        }
        templates.advanced(by: templateCount).initialize(to: template)
        templates[templateCount].chain = templateOfHash[hash] ?? -1
        templateOfHash[hash] = Int32(templateCount)
        templateCount += 1
        return Int32(templateCount - 1)
    }
}
