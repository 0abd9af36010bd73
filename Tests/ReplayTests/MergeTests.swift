import SpanreelTracing
import Testing

@testable import SpanreelReplay

@Suite struct MergeTests {
    private func event(_ time: Int64, _ incarnation: UInt64, _ sequence: UInt64) -> Event {
        Event(kind: .mark, role: RoleID(0), incarnation: incarnation, sequence: sequence, time: Timestamp(nanos: time))
    }

    @Test("Merging is sorting, whatever the batches and watermarks", arguments: 1...40 as ClosedRange<UInt64>)
    func mergeIsSort(seed: UInt64) {
        var random = Seeded(seed)
        var all: [Event] = []
        var queues: [[Event]] = []
        for incarnation in 0..<UInt64.random(in: 1...6, using: &random) {
            var time: Int64 = 0
            var queue: [Event] = []
            for sequence in 1...UInt64.random(in: 1...120, using: &random) {
                // Sometimes a stamp is given by the caller and lies a little back.
                time += Int64.random(in: -2...9, using: &random)
                queue.append(event(max(0, time), incarnation, sequence))
            }
            all += queue
            queues.append(queue)
        }
        all.sort(by: Event.precedes)
        var merge = EventMerge()
        var merged: [Event] = []
        while queues.contains(where: { !$0.isEmpty }) {
            let index = Int.random(in: 0..<queues.count, using: &random)
            let length = min(queues[index].count, Int.random(in: 0...15, using: &random))
            var batch = EventBatch()
            for event in queues[index].prefix(length) { batch.append(event, from: EventBatch()) }
            queues[index].removeFirst(length)
            merge.ingest(batch)
            // Complete up to the least stamp still to come.
            let floor = queues.joined().map(\.time.nanos).min() ?? .max
            merge.flush(upTo: Timestamp(nanos: floor == .max ? .max : floor - 1)) { event, _ in merged.append(event) }
        }
        merge.flush(upTo: Timestamp(nanos: .max)) { event, _ in merged.append(event) }
        #expect(merged.map(\.sequence) == all.map(\.sequence), "seed \(seed)")
        #expect(merged.map(\.incarnation) == all.map(\.incarnation), "seed \(seed)")
        #expect(merge.lateCount == 0 && merge.pendingCount == 0, "seed \(seed)")
    }

    @Test("What comes behind the last event handed out is counted, not handed out")
    func late() {
        var merge = EventMerge()
        var batch = EventBatch()
        batch.events = [event(10, 1, 1), event(30, 1, 2)]
        merge.ingest(batch)
        var seen: [Int64] = []
        merge.flush(upTo: Timestamp(nanos: 20)) { event, _ in seen.append(event.time.nanos) }
        batch.events = [event(5, 2, 1), event(15, 2, 2)]
        merge.ingest(batch)
        merge.flush(upTo: Timestamp(nanos: 40)) { event, _ in seen.append(event.time.nanos) }
        #expect(seen == [10, 15, 30])
        #expect(merge.lateCount == 1 && merge.earliestLate == Timestamp(nanos: 5))
    }

    @Test("The watermark is the least live heartbeat; a silent stream leaves it after two seconds")
    func watermark() throws {
        func writer(_ device: String, _ host: String, _ beat: Int64, live: Bool = true) -> Watermark.Writer {
            .init(device: device, host: host, isLive: live, lastHeartbeat: Timestamp(nanos: beat))
        }
        let now = Timestamp(nanos: 10_000_000_000)
        let one = try #require(Watermark([writer("a", "h", 9_990_000_000), writer("b", "h", 9_980_000_000)], now: now))
        #expect(one.time.nanos == 9_960_000_000 && one.silent.isEmpty)
        let several = try #require(
            Watermark([writer("a", "h", 9_990_000_000), writer("b", "i", 9_980_000_000)], now: now))
        #expect(several.time.nanos == 9_480_000_000)
        let silent = try #require(
            Watermark([writer("a", "h", 9_990_000_000), writer("b", "h", 7_000_000_000)], now: now))
        #expect(silent.time.nanos == 9_970_000_000)
        #expect(silent.silent == [Watermark.Silence(device: "b", silentNanos: 3_000_000_000)])
        #expect(Watermark([writer("a", "h", 1, live: false)], now: now) == nil)
        let alone = try #require(Watermark([writer("a", "h", 1)], now: now))
        #expect(alone.time.nanos == 9_980_000_000)
    }
}
