import Foundation
import Testing

@testable import SpanreelTracing

@Suite struct SessionFileTests {
    let folder = TemporaryFolder()

    private func recorded(_ name: String, events: Int = 300) throws -> String {
        let path = folder(name)
        let recorder = try Recorder.open(options(path))
        let role = recorder.role(Role(.layer, phase: .decode, layer: 3))
        let root = recorder.begin(recorder.role(Role(.request)))
        for index in 1..<events {
            recorder.record(role, from: recorder.now(), parent: root) { $0.set(.batchTokens, index) }
        }
        try recorder.close()
        return path
    }

    @Test func packingKeepsEveryEventAndReplacesTheDirectoryByAFile() throws {
        let path = try recorded("pack.reel")
        let before = try readAll(path)
        let report = try SessionPacker.pack(path: path)
        #expect(report.events == 300 && report.damages.isEmpty)
        let after = try readAll(path)
        #expect(after.reader.session.isPacked)
        #expect(after.reader.session.id == before.reader.session.id)
        #expect(after.reader.session.name == "pack")
        #expect(
            after.batches.flatMap { BlockTests.describe($0, after.reader.symbols) }
                == before.batches.flatMap { BlockTests.describe($0, before.reader.symbols) })
        #expect(after.reader.streams.first?.recordCostNanos == before.reader.streams.first?.recordCostNanos)
        #expect(try SessionVerifier.verify(path: path).isSound)
    }

    @Test func aLiveSessionIsNotPacked() throws {
        let path = folder("busy.reel")
        let recorder = try Recorder.open(options(path))
        let error = try #require(throws: TraceError.self) { try SessionPacker.pack(path: path) }
        #expect(error.code == .busy)
        try recorder.close()
    }

    @Test func everyFlippedByteOfAPackedSessionIsFound() throws {
        let path = try recorded("flip.reel", events: 60)
        try SessionPacker.pack(path: path)
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        let copy = folder("flipped.reel")
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x10
            try Data(damaged).write(to: URL(fileURLWithPath: copy))
            let report = try SessionVerifier.verify(path: copy)
            #expect(!report.isSound, "byte \(index)")
            #expect(report.damages.allSatisfy { $0.offsetBytes <= index + 1 || $0.kind == .gap }, "byte \(index)")
            _ = try? readAll(copy)
        }
    }

    @Test func everyTruncationOfAPackedSessionIsFound() throws {
        let path = try recorded("cut.reel", events: 60)
        try SessionPacker.pack(path: path)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let copy = folder("cutcopy.reel")
        for length in stride(from: 0, to: bytes.count, by: 3) {
            try bytes.prefix(length).write(to: URL(fileURLWithPath: copy))
            do {
                #expect(!(try SessionVerifier.verify(path: copy).isSound), "length \(length)")
            } catch {
                #expect(length < FileHeader.sizeBytes, "\(error)")
            }
        }
    }

    @Test func oneDamagedBlockLosesOnlyItsOwnEvents() throws {
        let path = folder("hole.reel")
        let recorder = try Recorder.open(options(path))
        let role = recorder.role(Role(.layer, layer: 1))
        for _ in 0..<5 {
            for _ in 0..<100 { recorder.record(role, from: recorder.now(), parent: nil) }
            try recorder.flush()
        }
        try recorder.close()
        let stream = try #require(SessionDirectory(path).streams.first).path
        let file = Path.join(stream, "0000.seg")
        let blocks = try BlockFileReader(path: file).newBlocks().filter { $0.header.type == .events }
        let victim = try #require(blocks.dropFirst(2).first)
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        bytes[victim.payloadOffset + 5] ^= 1
        bytes[Int(try #require(blocks.last).header.fileOffset) + 30] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        let (events, reader, _) = try readAll(path)
        #expect(events.count == 300)
        #expect(
            reader.damages.contains {
                $0.kind == .payload && $0.lostSequences == victim.header.firstSequence...victim.header.lastSequence
            })
        #expect(reader.damages.contains { $0.kind == .header } || reader.hasTornTail)
    }

    @Test(arguments: [
        "", "x", "not a session at all, but longer than eighty bytes so that a header would fit into it, were it one",
    ])
    func whatIsNoSessionIsSaidInOneSentence(content: String) throws {
        let path = folder("no.reel")
        try content.write(toFile: path, atomically: true, encoding: .utf8)
        let error = try #require(throws: TraceError.self) { try SessionReader(path: path) }
        #expect(error.code == .notASession)
        // Not damage either: verify refuses it in the same way.
        #expect(try #require(throws: TraceError.self) { try SessionVerifier.verify(path: path) }.code == .notASession)
        #expect(!error.description.contains("\n"))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == content)
    }

    @Test func aDirectoryThatIsNoSessionIsRefusedAndUntouched() throws {
        let path = folder("dir")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        #expect(throws: TraceError.self) { try SessionReader(path: path) }
        #expect(throws: TraceError.self) { try Recorder.open(options(path)) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
    }

    @Test func keepForgetsTheOldestSegmentsAsAFactNotAsDamage() throws {
        let path = folder("keep.reel")
        var settings = options(path)
        settings.retention = Retention(sizeBytes: 200_000)
        let recorder = try Recorder.open(settings)
        let role = recorder.role(Role(.layer, layer: 1))
        var random = SeededGenerator(seed: 4)
        for _ in 0..<200 {
            for _ in 0..<500 {
                recorder.record(role, from: recorder.now(), parent: nil) {
                    $0.set(.tokenID, Int64(bitPattern: random.next()))
                }
            }
            try recorder.flush()
        }
        usleep(1_300_000)
        try recorder.close()
        let (events, reader, _) = try readAll(path)
        #expect(events.last?.sequence == 100_000)
        #expect((events.first?.sequence ?? 0) > 1 && events.count < 100_000 && events.count > 1000)
        #expect(reader.damages.isEmpty)
        #expect(reader.sizeBytes < 300_000)
        #expect(throws: TraceError.self) { try Retention(parsing: "lots") }
        #expect(try Retention(parsing: "16000000d").ageNanos == .max)
        #expect(try Retention(parsing: "24h").ageNanos == 86_400_000_000_000)
    }

    @Test func sharingStripsWhoAndWhatButKeepsTheNumbers() throws {
        let path = folder("secret.reel")
        var settings = options(path)
        settings.resource = [
            "host.name": "annas-macbook", "process.command_line": "--token abc", "service.name": "chat",
        ]
        let recorder = try Recorder.open(settings)
        let role = recorder.role(Role(.request))
        recorder.record(role, from: recorder.now(), parent: nil) {
            $0.set(.peerAddress, "10.1.2.3")
            $0.set(.inputTokens, 42)
            $0.set(.model, "tiny")
        }
        try recorder.close()
        let target = folder("shared.reel")
        let report = try SessionSharer.share(path: path, to: target)
        #expect(report.events == 1)
        let (events, reader, batches) = try readAll(target)
        #expect(batches[0].int(.inputTokens, of: events[0]) == 42)
        #expect(batches[0].string(.model, of: events[0]).map(reader.symbols.string) == "tiny")
        #expect(batches[0].string(.peerAddress, of: events[0]).map(reader.symbols.string) == "redacted")
        #expect(reader.streams[0].host == "host-1")
        #expect(reader.streams[0].resource == ["service.name": "chat"])
        let raw = String(decoding: try Data(contentsOf: URL(fileURLWithPath: target)), as: UTF8.self)
        #expect(!raw.contains("annas") && !raw.contains("10.1.2.3"))
    }

    @Test func dumpEscapesWhatCouldSteerATerminal() throws {
        let path = folder("dump.reel")
        let recorder = try Recorder.open(options(path))
        recorder.mark("evil\u{1b}[31m\u{202e}name")
        try recorder.close()
        var lines: [String] = []
        try SessionDump.run(path: path) { lines.append($0) }
        #expect(lines.count == 1)
        #expect(!lines[0].unicodeScalars.contains { $0.value == 0x1b || $0.value == 0x202e })
        var json = SessionDump.Options()
        json.json = true
        lines = []
        try SessionDump.run(path: path, options: json) { lines.append($0) }
        let object = try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any]
        #expect(object?["name"] as? String == "evil\u{1b}[31m\u{202e}name")
    }
}
