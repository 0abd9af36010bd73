import Foundation
import Testing

@testable import SpanreelTracing

@Suite(.serialized) struct RecoveryTests {
    let folder = TemporaryFolder()

    /// Five blocks of a hundred events in one segment.
    func recorded(_ name: String, closes: Bool = true) throws -> (path: String, file: String) {
        let path = folder(name)
        let recorder = try Recorder.open(options(path))
        let role = recorder.role(Role(.layer, layer: 1))
        for _ in 0..<5 {
            for index in 0..<100 {
                recorder.record(role, from: recorder.now(), parent: nil) { $0.set(.tokenID, index) }
            }
            try recorder.flush()
        }
        let stream = try #require(SessionDirectory(path).streams.first).path
        let file = Path.join(stream, "0000.seg")
        if closes {
            try recorder.close()
        } else {
            // As a killed process leaves it: a copy has no lock, and lanes that are gone after a reboot.
            let copy = folder("dead-" + name)
            try FileManager.default.copyItem(atPath: path, toPath: copy)
            try recorder.close()
            return (copy, file.replacingOccurrences(of: path, with: copy))
        }
        return (path, file)
    }

    func edit(_ file: String, _ change: (inout [UInt8]) -> Void) throws {
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        change(&bytes)
        try Data(bytes).write(to: URL(fileURLWithPath: file))
    }

    func events(_ file: String) throws -> [BlockReference] {
        try BlockFileReader(path: file).newBlocks().filter { $0.header.type == .events }
    }

    func read(_ path: String, _ mode: RecoveryMode) throws -> (count: Int, delivered: Int, reader: SessionReader) {
        let reader = try SessionReader(path: path, mode: mode)
        var delivered = 0
        let count = try reader.poll { delivered += $0.events.count }
        return (count, delivered, reader)
    }

    @Test func theModesDifferInWhatTheyTolerate() throws {
        let whole = try recorded("whole.reel")
        for mode in RecoveryMode.allCases {
            let found = try read(whole.path, mode)
            #expect(found.count == 500 && found.reader.damages.isEmpty, "\(mode)")
            #expect(found.delivered == (mode == .reportOnly ? 0 : 500))
        }
        let torn = try recorded("torn.reel", closes: false)
        let last = try #require(try events(torn.file).last)
        try edit(torn.file) { $0.removeLast($0.count - last.endOffset + 7) }
        #expect(throws: TraceError.self) { try read(torn.path, .strict) }
        for mode in [RecoveryMode.tail, .salvage, .reportOnly] {
            let found = try read(torn.path, mode)
            #expect(found.reader.damages.isEmpty && found.count == 400, "\(mode)")
            let tail = try #require(found.reader.tornTails.first { $0.kind == .tornTail })
            #expect(tail.lostSequences == 401...500 && tail.level == .emitted)
        }
        let hole = try recorded("hole.reel")
        let victim = try events(hole.file)[2]
        try edit(hole.file) { $0[victim.payloadOffset + 9] ^= 4 }
        for mode in [RecoveryMode.strict, .tail] {
            let error = try #require(throws: TraceError.self) { try read(hole.path, mode) }
            #expect(
                error.code == .corrupt && error.offsetBytes == victim.payloadOffset && error.description.contains("A1"))
        }
        let salvaged = try read(hole.path, .salvage)
        #expect(salvaged.delivered == 400)
        #expect(salvaged.reader.damages.map(\.lostSequences) == [201...300])
        #expect(salvaged.reader.damages.lostEvents == 100)
    }

    @Test func aDamagedFileHeaderIsRebuiltFromTheBlocks() throws {
        let session = try recorded("header.reel")
        let identity = try SessionReader(path: session.path).session.id
        try edit(session.file) { for index in 0..<80 { $0[index] = 0 } }
        let found = try read(session.path, .salvage)
        #expect(found.delivered == 500)
        #expect(found.reader.damages.map(\.kind) == [.fileHeader])
        // Who the session is, from its segments.
        try edit(SessionDirectory(session.path).sessionFile) { $0[20] ^= 1 }
        #expect(try read(session.path, .salvage).reader.session.id == identity)
        #expect(throws: TraceError.self) { try Recorder.open(options(session.path)) }
        // And a packed file's id, from its own first block.
        let packed = folder("header-packed.reel")
        try SessionPacker.pack(path: session.path, to: packed)
        try edit(packed) { for index in 0..<64 { $0[index] = 0xff } }
        let again = try read(packed, .salvage)
        #expect(again.delivered == 500 && again.reader.session.id == identity)
        #expect(try !SessionVerifier.verify(path: packed).isSound)
    }

    @Test func aBlockOfAnotherFilePositionOrStreamIsRejectedAndNamed() throws {
        let one = try recorded("one.reel")
        let other = try recorded("other.reel")
        let stale = try Array(Data(contentsOf: URL(fileURLWithPath: other.file)))
        let foreign = try events(other.file)[1]
        let block = try events(one.file)[1]
        try edit(one.file) { $0 += stale[Int(foreign.header.fileOffset)..<foreign.endOffset] }
        #expect(try read(one.path, .salvage).reader.damages.map(\.kind) == [.stale])
        let two = try recorded("two.reel")
        let twice = try events(two.file)[1]
        try edit(two.file) { $0 += $0[Int(twice.header.fileOffset)..<twice.endOffset] }
        let found = try read(two.path, .salvage)
        #expect(found.delivered == 500 && found.reader.damages.map(\.kind) == [.duplicate])
        let three = try recorded("three.reel")
        let moved = try events(three.file)[1]
        try edit(three.file) {
            $0.insert(contentsOf: [UInt8](repeating: 7, count: 16), at: Int(moved.header.fileOffset))
        }
        let kinds = try read(three.path, .salvage).reader.damages.map(\.kind)
        #expect(kinds.contains(.header) && block.header.firstSequence == 101)
        let four = try recorded("four.reel")
        let swapped = try events(four.file)
        try edit(four.file) { bytes in
            let a = swapped[1], b = swapped[2]
            // The first is put where the second was, as far as it goes.
            let copy = Array(bytes[Int(a.header.fileOffset)..<a.endOffset])
            for (index, byte) in copy.enumerated() where Int(b.header.fileOffset) + index < bytes.count {
                bytes[Int(b.header.fileOffset) + index] = byte
            }
        }
        let misplaced = try read(four.path, .salvage)
        #expect(
            misplaced.reader.damages.contains { $0.kind == .duplicate || $0.kind == .misplaced || $0.kind == .header })
        #expect(misplaced.delivered + misplaced.reader.damages.lostEvents == 500)
    }

    @Test func aBlockThatASecondFileRepeatsIsReadOnceAndFromWhicheverIsIntact() throws {
        let session = try recorded("copy.reel")
        let second = session.file.replacingOccurrences(of: "0000", with: "0001")
        let source = try BlockFileReader(path: session.file)
        var header = source.header
        header.syncMarker = .random()
        let writer = try BlockFileWriter(creating: second, header: header, compressor: ZstdCompressor(level: 1))
        for block in try events(session.file) {
            try writer.append(try #require(try source.payload(block)), block.header)
        }
        let once = try read(session.path, .salvage)
        #expect(once.delivered == 500 && once.reader.damages.isEmpty)
        let victim = try events(session.file)[3]
        try edit(session.file) { $0[victim.payloadOffset] ^= 1 }
        let found = try read(session.path, .salvage)
        #expect(found.delivered == 500 && found.reader.damages.lostEvents == 0)
        #expect(found.reader.damages.map(\.kind) == [.payload])
    }

    @Test func aClosedStreamThatLostItsEndIsDamaged() throws {
        let session = try recorded("end.reel")
        let last = try #require(try events(session.file).last)
        try edit(session.file) { $0.removeLast($0.count - Int(last.header.fileOffset)) }
        let report = try SessionVerifier.verify(path: session.path)
        #expect(!report.isSound && report.events == 400)
    }

    @Test func repairGivesTheSameBytesTwiceAndLeavesTheOriginalAlone() throws {
        let session = try recorded("broken.reel")
        let victim = try events(session.file)[2]
        try edit(session.file) { $0[victim.payloadOffset + 9] ^= 4 }
        let before = try Data(contentsOf: URL(fileURLWithPath: session.file))
        let report = try SessionRepairer.repair(path: session.path, to: folder("a.reel"))
        #expect(report.events == 400 && report.lost == 100 && report.damages.map(\.level) == [.sealed])
        _ = try SessionRepairer.repair(path: session.path, to: folder("b.reel"))
        #expect(try SessionRepairer.repair(path: folder("a.reel"), to: folder("c.reel")).events == 400)
        func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: folder(name))) }
        #expect(try bytes("a.reel") == bytes("b.reel"))
        #expect(try bytes("a.reel") == bytes("c.reel"), "repair of what is mended changes nothing but the hole")
        #expect(try Data(contentsOf: URL(fileURLWithPath: session.file)) == before)
        #expect(try read(folder("a.reel"), .salvage).delivered == 400)
        #expect(throws: TraceError.self) { try SessionRepairer.repair(path: session.path, to: folder("a.reel")) }
        let json = try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any]
        #expect((json?["damages"] as? [Any])?.count == 1)
    }

    @Test func mergeTakesEachEventOnceAndFromTheIntactPart() throws {
        let session = try recorded("part.reel")
        let copy = folder("copy-part.reel")
        try FileManager.default.copyItem(atPath: session.path, toPath: copy)
        let packed = folder("packed-part.reel")
        try SessionPacker.pack(path: copy, to: packed)
        let victim = try events(session.file)[1]
        try edit(session.file) { $0[victim.payloadOffset] ^= 1 }
        let report = try SessionMerger.merge(paths: [session.path, packed], to: folder("merged.reel"))
        #expect(report.events == 500 && report.duplicates == 400 && report.streams == 1)
        #expect(try read(folder("merged.reel"), .strict).delivered == 500)
        let stranger = try recorded("stranger.reel")
        let error = try #require(throws: TraceError.self) {
            try SessionMerger.merge(paths: [session.path, stranger.path], to: folder("no.reel"))
        }
        #expect(error.code == .invalid && error.description.contains("--force"))
        let forced = try SessionMerger.merge(paths: [packed, stranger.path], to: folder("forced.reel"), force: true)
        #expect(forced.events == 1000 && forced.streams == 2)
    }

    @Test func aSecondOwnerIsToldWhoTheFirstIs() throws {
        let path = folder("owner.lock")
        let first = try OwnerLock.take(path)
        let error = try #require(throws: TraceError.self) { try OwnerLock.take(path) }
        #expect(error.code == .busy && error.description.contains("process \(POSIX.processID())"))
        POSIX.closeFile(first)
        POSIX.closeFile(try OwnerLock.take(path))
    }

    @Test func hostileLengthsAreRefusedBeforeAnythingIsAllocated() throws {
        let session = try recorded("hostile.reel")
        let block = try events(session.file)[0]
        let start = Int(block.header.fileOffset)
        try edit(session.file) { bytes in
            var header = Array(bytes[start..<start + BlockHeader.sizeBytes])
            // Raw length: 2 GiB, under a checksum that holds.
            header.replaceSubrange(28..<32, with: [0, 0, 0, 0x7f])
            let crc = CRC32C.checksum(header.prefix(140))
            header.replaceSubrange(140..<144, with: (0..<4).map { UInt8(truncatingIfNeeded: crc >> (8 * UInt32($0))) })
            bytes.replaceSubrange(start..<start + BlockHeader.sizeBytes, with: header)
        }
        let found = try read(session.path, .salvage)
        #expect(found.delivered == 400 && found.reader.damages.first?.kind == .header)
        #expect(found.reader.damages.lostEvents == 100)
    }

    @Test func whatNoSyncCoveredIsKeptInMemory() throws {
        let path = folder("limit.seg")
        let header = FileHeader(
            kind: .segment, epoch: 1, session: .random(), stream: .random(), syncMarker: .random(), createdUnixNanos: 1)
        let writer = try BlockFileWriter(
            creating: path, header: header, compressor: ZstdCompressor(level: 1), keepsUnsynced: true)
        let description = Description(values: ["key": "value"])
        try writer.append(description.payload, BlockHeader(type: .description, stream: header.stream, epoch: 1))
        #expect(writer.unsynced.count == 1)
        try writer.sync()
        #expect(writer.unsynced.isEmpty && writer.isUsable)
        #expect(POSIX.fileSizeBytes(path) == writer.sizeBytes)
    }
}
