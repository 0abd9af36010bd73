import Foundation
import Synchronization
import Testing

@testable import SpanreelTracing

@Suite struct RecorderTests {
    let folder = TemporaryFolder()

    @Test func spansTokensAndAttributesComeBackAsTheyWereEmitted() throws {
        let path = folder("a.reel")
        let recorder = try Recorder.open(options(path))
        let request = recorder.role(Role(.request, name: "POST /v1/completions"))
        let layer = recorder.role(Role(.layer, phase: .decode, layer: 11, stage: 1))
        let custom = recorder.key("my.key")
        let span = recorder.begin(request, kind: .server) {
            $0.set(.requestID, "cmpl-1")
            $0.set(.maxTokens, 16)
            $0.set(custom, true)
        }
        let start = recorder.now()
        let child = recorder.record(layer, from: start, parent: span) {
            $0.set(.batchTokens, 3)
            $0.set(.memoryPressure, 0.25)
            $0.set(.barrier, false)
        }
        recorder.tokens(2, phase: .decode, in: span)
        recorder.end(span, status: .ok) { $0.set(.outputTokens, 2) }
        try recorder.close()

        let (events, reader, batches) = try readAll(path)
        #expect(events.map(\.kind) == [.begin, .span, .tokens, .end])
        #expect(events.map(\.sequence) == [1, 2, 3, 4])
        #expect(Set(events.map(\.trace)).count == 1)
        #expect(events[0].span == span.span && events[3].span == span.span)
        #expect(events[0].parent.isNone && events[0].spanKind == .server)
        #expect(events[1].parent == span.span && events[1].span == child.span)
        #expect(events[2].value == 2 && events[2].parent == span.span)
        #expect(events[3].status == .ok)
        #expect(reader.symbols.role(events[1].role) == Role(.layer, phase: .decode, layer: 11, stage: 1))
        #expect(reader.symbols.role(events[3].role).operation == .request)
        let batch = try #require(batches.first)
        #expect(batch.string(.requestID, of: events[0]).map(reader.symbols.string) == "cmpl-1")
        #expect(batch.int(.maxTokens, of: events[0]) == 16)
        #expect(batch.int(reader.symbols.key("my.key"), of: events[0]) == 1)
        #expect(batch.double(.memoryPressure, of: events[1]) == 0.25)
        #expect(batch.int(.outputTokens, of: events[3]) == 2)
        #expect(events[1].start.nanos <= events[1].time.nanos)
        #expect(reader.streams.map(\.device) == ["mini1"])
        #expect(reader.streams.first?.state == .ended)
        #expect(reader.damages.isEmpty)
    }

    @Test func aLiveReaderSeesEventsBeforeTheyAreSealed() throws {
        let path = folder("live.reel")
        let recorder = try Recorder.open(options(path))
        let role = recorder.role(Role(.stage))
        let reader = try SessionReader(path: path)
        for round in 1...5 {
            let open = recorder.begin(role)
            var seen: [Event] = []
            try reader.poll { seen.append(contentsOf: $0.events) }
            #expect(seen.contains { $0.span == open.span && $0.kind == .begin }, "round \(round)")
            recorder.end(open)
        }
        #expect(reader.streams.first?.state == .live)
        try recorder.close()
    }

    @Test func aStreamThatAReaderSeesIsWhole() throws {
        let path = folder("whole.reel")
        let first = try Recorder.open(options(path))
        let isDone = Mutex(false)
        let made = Thread {
            for _ in 0..<100 {
                if let recorder = try? Recorder.open(options(path)) { try? recorder.close() }
            }
            isDone.withLock { $0 = true }
        }
        made.start()
        // A new reader each time: it meets the youngest stream at whatever moment this is.
        while !isDone.withLock({ $0 }) {
            let reader = try SessionReader(path: path)
            try reader.poll { _ in }
            #expect(reader.streams.allSatisfy { $0.device == "mini1" && !$0.clockDomain.isEmpty && $0.state != .dead })
        }
        try first.close()
        #expect(try SessionReader(path: path).streams.count == 101)
    }

    @Test func everyEventIsDeliveredOnceWhileThreadsEmitAndTheSealerDrains() throws {
        let path = folder("threads.reel")
        let recorder = try Recorder.open(options(path, slots: 1 << 14))
        let role = recorder.role(Role(.layer, phase: .decode, layer: 0))
        let perThread = 30_000
        let group = DispatchGroup()
        for _ in 0..<3 {
            let thread = Thread {
                for index in 0..<perThread {
                    let start = recorder.now()
                    recorder.record(role, from: start, parent: nil) {
                        if index % 3 == 0 { $0.set(.batchTokens, index) }
                    }
                    if index % 2000 == 0 { try? recorder.flush() }
                }
                group.leave()
            }
            group.enter()
            thread.start()
        }
        let reader = try SessionReader(path: path)
        var seen: [UInt64: [UInt64]] = [:]
        while group.wait(timeout: .now() + .milliseconds(2)) == .timedOut {
            try reader.poll { batch in
                for event in batch.events { seen[event.incarnation, default: []].append(event.sequence) }
            }
        }
        try recorder.close()
        try reader.poll { batch in
            for event in batch.events { seen[event.incarnation, default: []].append(event.sequence) }
        }
        let dropped = reader.streams.reduce(0) { $0 + $1.dropped.values.reduce(0, +) }
        for (_, sequences) in seen { #expect(sequences == Array(1...UInt64(sequences.count))) }
        #expect(seen.values.reduce(0) { $0 + $1.count } + Int(dropped) == 3 * perThread)
        #expect(reader.damages.isEmpty)
    }

    @Test func aFullLaneDropsAndCounts() throws {
        let path = folder("full.reel")
        let recorder = try Recorder.open(options(path, slots: 64))
        let role = recorder.role(Role(.layer))
        let total = 50_000
        for _ in 0..<total { recorder.record(role, from: recorder.now(), parent: nil) }
        try recorder.close()
        let (events, reader, _) = try readAll(path)
        let dropped = Int(reader.streams[0].dropped[.laneFull] ?? 0)
        #expect(dropped > 0)
        #expect(events.count + dropped == total)
        #expect(events.map(\.sequence) == Array(1...UInt64(events.count)))
    }

    @Test func longTextIsCutAtFourKiBOnACharacterAndKeepsItsLength() throws {
        let path = folder("text.reel")
        let recorder = try Recorder.open(options(path))
        let role = recorder.role(Role(.other, name: "x"))
        let text = String(repeating: "é", count: 3000)
        recorder.record(role, from: recorder.now(), parent: nil) { $0.set(.statusMessage, text) }
        recorder.record(role, from: recorder.now(), parent: nil) { for _ in 0..<3 { $0.set(.statusMessage, text) } }
        recorder.record(role, from: recorder.now(), parent: nil) { $0.set(.statusMessage, "") }
        try recorder.close()
        let (events, reader, batches) = try readAll(path)
        #expect(events.count == 2, "three cut texts are over 8 KiB and dropped")
        let batch = try #require(batches.first)
        let value = batch.string(.statusMessage, of: events[0]).map(reader.symbols.string)
        #expect(value?.utf8.count == 4096 && text.hasPrefix(value ?? "-"))
        #expect(batch.int(.truncatedBytes, of: events[0]) == 6000)
        #expect(batch.string(.statusMessage, of: events[1]).map(reader.symbols.string) == "")
        #expect(reader.streams[0].dropped == [.tooLarge: 1])
    }

    @Test func durationsOverFourSecondsKeepEveryNanosecond() throws {
        let path = folder("long.reel")
        let recorder = try Recorder.open(options(path))
        let role = recorder.role(Role(.request))
        let end = recorder.now()
        // Longer than the 32 bits of a record's duration hold, whatever the clock's steps are.
        let start = Ticks(end.rawValue - 27_000_000_123)
        recorder.record(role, from: start, to: end, parent: nil) { $0.set(.inputTokens, 5) }
        try recorder.close()
        let (events, _, batches) = try readAll(path)
        #expect(abs(events[0].time - events[0].start - recorder.nanos(from: start, to: end)) <= 1)
        #expect(events[0].time - events[0].start > 4_000_000_000)
        #expect(batches[0].int(.inputTokens, of: events[0]) == 5)
    }

    @Test func emittingInsideAnAttributeClosureIsDroppedAndCounted() throws {
        let path = folder("nested.reel")
        let recorder = try Recorder.open(options(path))
        let role = recorder.role(Role(.other, name: "x"))
        recorder.record(role, from: recorder.now(), parent: nil) { attributes in
            recorder.mark("inside")
            attributes.set(.tokenID, 1)
        }
        try recorder.close()
        let (events, reader, _) = try readAll(path)
        #expect(events.count == 1)
        #expect(reader.streams[0].dropped == [.nested: 1])
    }

    @Test func aSecondProcessJoinsTheSameSessionAndSharesTheClockAnchor() throws {
        let path = folder("joined.reel")
        let first = try Recorder.open(options(path, device: "mini1"))
        let second = try Recorder.open(options(path, device: "mini2"))
        #expect(first.sessionID == second.sessionID)
        let stamp = first.now()
        #expect(first.unixNanos(stamp) == second.unixNanos(stamp))
        try first.close()
        try second.close()
        let (_, reader, _) = try readAll(path)
        #expect(Set(reader.streams.map(\.device)) == ["mini1", "mini2"])
        #expect(Set(reader.streams.map(\.clockDomain)).count == 1)
    }

    @Test func aSkewedClockIsADomainOfItsOwn() throws {
        let path = folder("skew.reel")
        let honest = try Recorder.open(options(path, device: "mini1"))
        var skewed = options(path, device: "mini2")
        skewed.skew = ClockSkew(offsetNanos: 37_500_000, driftPPM: 40)
        let late = try Recorder.open(skewed)
        let stamp = honest.now()
        let error = late.unixNanos(stamp) - honest.unixNanos(stamp)
        #expect((37_500_000..<37_600_000).contains(error))
        try honest.close()
        try late.close()
        let (_, reader, _) = try readAll(path)
        #expect(Set(reader.streams.map(\.clockDomain)).count == 2)
    }

    @Test func threadsThatEndGiveTheirLaneToTheNext() throws {
        let path = folder("lanes.reel")
        let recorder = try Recorder.open(options(path, slots: 256))
        let role = recorder.role(Role(.layer))
        for _ in 0..<40 {
            let done = DispatchSemaphore(value: 0)
            let thread = Thread {
                recorder.record(role, from: recorder.now(), parent: nil)
                done.signal()
            }
            thread.start()
            done.wait()
            usleep(15_000)
        }
        try recorder.close()
        let (events, reader, _) = try readAll(path)
        #expect(events.count == 40)
        #expect(Set(events.map(\.incarnation)).count == 40)
        #expect(reader.streams[0].dropped.isEmpty)
    }

    @Test func aDisabledRecorderDoesNothing() {
        let recorder = Recorder.disabled
        let span = recorder.begin(recorder.role(Role(.request)))
        #expect(span == .none)
        recorder.end(span)
        #expect(recorder.withSpan(recorder.role(Role(.step))) { _ in 7 } == 7)
        #expect(!recorder.isEnabled)
        // A stamp before another gives a negative duration, never a trap.
        #expect(recorder.nanos(from: Ticks(10), to: Ticks(4)) == -6)
        #expect(recorder.nanos(from: Ticks(0), to: Ticks(.max)) == -1)
        #expect(recorder.unixNanos(Ticks(.max)) == .max)
    }

    @Test func withSpanNestsAndMarksErrors() async throws {
        struct Broken: Error {}
        let path = folder("with.reel")
        let recorder = try Recorder.open(options(path))
        let outer = recorder.role(Role(.request))
        let inner = recorder.role(Role(.step))
        await recorder.withSpan(outer) { span in
            await Task.yield()
            recorder.withSpan(inner) { child in
                #expect(SpanContext.current == child)
                #expect(child.trace == span.trace)
            }
        }
        #expect(throws: Broken.self) { try recorder.withSpan(inner) { _ throws(Broken) in throw Broken() } }
        try recorder.close()
        let (events, _, _) = try readAll(path)
        let begins = events.filter { $0.kind == .begin }
        #expect(begins.count == 3)
        #expect(begins[1].parent == begins[0].span)
        #expect(events.last?.status == .error)
    }
}

@Suite struct TraceparentTests {
    @Test(arguments: [
        "", "00", "00-1-2-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra",
        "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00 0af7651916cd43dd8448eb211c80319c b7ad6b7169203331 01",
    ])
    func malformedIsRefused(_ text: String) { #expect(SpanContext(traceparent: text) == nil) }

    @Test func wellFormedComesBack() throws {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let context = try #require(SpanContext(traceparent: text))
        #expect(context.traceparent == text)
        #expect(SpanContext(traceparent: "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what") != nil)
    }
}
