import Foundation
import SpanreelTracing
import Testing

/// Real processes, real SIGKILL. `SPANREEL_TORTURE_ROUNDS` sets how many; CI runs a short slice.
@Suite(.serialized) struct KillTests {
    static let rounds = ProcessInfo.processInfo.environment["SPANREEL_TORTURE_ROUNDS"].flatMap { Int($0) } ?? 12

    /// The executable beside the test bundle.
    static var child: URL {
        #if os(macOS)
            let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL
                .deletingLastPathComponent()
            return (bundle ?? URL(fileURLWithPath: ".")).appendingPathComponent("torture-child")
        #else
            return URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent(
                "torture-child")
        #endif
    }

    struct Killed {
        var session: String
        var folder: String
        var emitted: [UInt64]
    }

    static func killOne(seed: UInt64, threads: Int) throws -> Killed {
        let folder = NSTemporaryDirectory() + "spanreel-kill-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let session = folder + "/victim.reel"
        let process = Process()
        process.executableURL = child
        process.arguments = [session, folder + "/count", "\(threads)"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        _ = output.fileHandleForReading.readData(ofLength: 6)
        usleep(UInt32(1_000 + seed &* 7919 % 60_000))
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/count"))
        let emitted = (0..<threads).map { index in
            data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: index * 64, as: UInt64.self) }
        }
        return Killed(session: session, folder: folder, emitted: emitted)
    }

    struct Count: Equatable {
        var readable = 0
        var dropped: UInt64 = 0
        var begins = 0
    }

    static func count(_ path: String) throws -> Count {
        let reader = try SessionReader(path: path)
        var count = Count()
        var last: [UInt64: UInt64] = [:]
        try reader.poll { batch in
            for event in batch.events {
                count.readable += 1
                if event.kind == .begin { count.begins += 1 }
                let expected = last[event.incarnation, default: 0] + 1
                #expect(event.sequence == expected)
                last[event.incarnation] = event.sequence
            }
        }
        #expect(reader.damages.isEmpty)
        count.dropped = reader.streams.reduce(0) { $0 + $1.dropped.values.reduce(0, +) }
        return count
    }

    @Test func aKilledProcessLosesNothingThatEmitReturnedFor() throws {
        for round in 0..<Self.rounds {
            let threads = round % 3 + 1
            let killed = try Self.killOne(seed: UInt64(round), threads: threads)
            defer { try? FileManager.default.removeItem(atPath: killed.folder) }
            let emitted = killed.emitted.reduce(0, +)
            let found = try Self.count(killed.session)
            let accounted = UInt64(found.readable) + found.dropped
            // Killed between emit and count: at most one event a thread is more than counted, none is less.
            #expect(
                accounted >= emitted && accounted <= emitted + UInt64(threads),
                "round \(round): \(accounted) of \(emitted)")

            // Reading changed nothing; sealing moves the same events into blocks; packing keeps them.
            #expect(try Self.count(killed.session) == found)
            let report = try SessionSealer.seal(path: killed.session)
            #expect(report.adopted == 1 && report.live == 0)
            #expect(try Self.count(killed.session) == found, "round \(round) after seal")
            #expect(try SessionSealer.seal(path: killed.session).adopted == 0)
            try SessionPacker.pack(path: killed.session)
            #expect(try Self.count(killed.session) == found, "round \(round) after pack")
            #expect(try SessionVerifier.verify(path: killed.session).isSound)
        }
    }
}
