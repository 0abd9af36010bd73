import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelPipeline

@Suite(.serialized, .timeLimit(.minutes(1))) struct PipelineEndToEndTests {
    private let prompts = ["hello there, general", "hello there, general and more", "the water of the house", "x"]

    @Test func anyNumberOfDevicesWritesTheSameText() async throws {
        var texts: [[String]] = []
        for devices in [1, 2, 3, 4] {
            let ring = try Ring(devices: devices)
            // All four at once: their steps interleave in the ring.
            let generations = prompts.enumerated().map { ring.submit($1, number: UInt64($0 + 1)) }
            var answers: [String] = []
            for generation in generations {
                let (text, end) = await ring.answer(generation)
                answers.append(text)
                guard case .finished = end else { Issue.record("no end but \(String(describing: end))"); continue }
            }
            await ring.stop()
            texts.append(answers)
        }
        #expect(texts.allSatisfy { $0 == texts[0] })
        #expect(texts[0].allSatisfy { !$0.isEmpty })
    }

    @Test func aCachedPromptGivesTheSameTextAndSaysWhatItSaved() async throws {
        let ring = try Ring(devices: 3)
        let first = await ring.answer(ring.submit(prompts[0], number: 1))
        let second = await ring.answer(ring.submit(prompts[0], number: 2))
        #expect(first.text == second.text)
        guard case .finished(_, let prompt, let cached, _) = second.end else { Issue.record("not finished"); return }
        #expect(cached == prompt - 1)
        await ring.stop()
    }

    @Test func cancellingGivesThePlaceBack() async throws {
        let ring = try Ring(devices: 2) {
            $0.maxActive = 1; $0.maxWaiting = 1; $0.faults.slowLayers = [0: 5_000_000]
        }
        let running = try #require(ring.submit("hello", number: 1, tokens: 40))
        let waiting = try #require(ring.submit("hello", number: 2))
        #expect(ring.nodes[0].gate.enter() == .full)
        ring.nodes[0].cancel(waiting)
        ring.nodes[0].cancel(running)
        var third: Generation?
        for _ in 0..<200 where third == nil {
            try await Task.sleep(for: .milliseconds(10))
            third = ring.submit("hello", number: 3)
        }
        guard case .finished = await ring.answer(third).end else { Issue.record("not finished"); return }
        await ring.stop()
    }

    @Test func aDeadDeviceFailsRequestsAndHangsNone() async throws {
        let ring = try Ring(devices: 3) { $0.faults.slowLayers = [0: 5_000_000] }
        let generation = ring.submit("hello", number: 1, tokens: 40)
        ring.nodes[0].inbox.put(.broken("A device of the pipeline is gone."))
        #expect(await ring.answer(generation).end == .failed("A device of the pipeline is gone."))
        #expect(ring.nodes[0].gate.enter() == .down("A device of the pipeline is gone."))
        await ring.stop()
        #expect(ring.nodes.allSatisfy { $0.isFinished })
    }

    @Test func everySpanEndsHasItsParentAndEveryTraceIsOnEveryDevice() async throws {
        let session = temporarySession()
        defer { try? FileManager.default.removeItem(atPath: session) }
        // Slow enough that each thread's first fact finds a lane ready: threads of a real pipeline start one by one.
        let ring = try Ring(devices: 3, session: session) { $0.faults.slowLayers = [0: 15_000_000] }
        let generations = prompts.enumerated().map { ring.submit($1, number: UInt64($0 + 1)) }
        for generation in generations { _ = await ring.answer(generation) }
        await ring.stop()

        let reader = try SessionReader(path: session)
        var open: Set<SpanID> = [], ended: Set<SpanID> = [], known: Set<SpanID> = [], parents: Set<SpanID> = []
        var devices: [TraceID: Set<UInt32>] = [:]
        var layers: [SpanID: [(start: Timestamp, end: Timestamp)]] = [:]
        var sent: Set<String> = [], received: Set<String> = []
        var emitted: [TraceID: Int64] = [:]
        _ = try reader.poll { batch in
            for event in batch.events {
                let role = reader.symbols.role(event.role)
                if event.kind == .begin { open.insert(event.span) }
                if event.kind == .end { ended.insert(event.span) }
                if event.kind == .begin || event.kind == .span {
                    known.insert(event.span)
                    if !event.parent.isNone { parents.insert(event.parent) }
                    devices[event.trace, default: []].insert(event.stream)
                }
                if role.operation == .layer { layers[event.parent, default: []].append((event.start, event.time)) }
                if event.kind == .tokens, role.phase == .decode { emitted[event.trace, default: 0] += event.value }
                if let link = role.link, let id = batch.int(.messageID, of: event) {
                    let key = "\(link.from) \(link.to) \(id)"
                    if role.operation == .hopSend { sent.insert(key) } else { received.insert(key) }
                }
            }
        }
        #expect(open == ended)
        #expect(parents.isSubset(of: known))
        #expect(devices.count == prompts.count && devices.values.allSatisfy { $0.count == 3 })
        #expect(emitted.count == prompts.count && emitted.values.allSatisfy { $0 >= Int64(Sampler.shortestText) })
        #expect(sent.subtracting(received) == [])
        #expect(received.subtracting(sent) == [])
        #expect(!sent.isEmpty)
        // Layers are chained: one's end is the next one's begin.
        #expect(!layers.isEmpty)
        for chain in layers.values {
            let sorted = chain.sorted { $0.start < $1.start }
            #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0.end == $1.start })
        }
    }
}
