import Foundation
import Testing

/// Short slices of the torture kit with fixed seeds: real processes, real SIGKILL, every kind of damage. The whole is
/// `make torture`; what each mode does is told in `Tests/Torture/Child`.
@Suite(.serialized) struct TortureSlices {
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

    /// Runs one mode; returns its exit code and what it printed. Waits on a thread of its own: the pool that runs the tests
    /// has one for each core, and others need them.
    static func run(_ arguments: [String]) async throws -> (code: Int32, output: String) {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try wait(arguments) }) }
        }
    }

    private static func wait(_ arguments: [String]) throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = child
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    @Test func aKilledProcessLosesNothingThatEmitReturnedFor() async throws {
        let (code, output) = try await Self.run(["kills", "0", "40", "7"])
        #expect(code == 0 && output.contains("failures 0"), "\(output)")
    }

    @Test(arguments: [
        ["flips", "0", "1", "1999"], ["cuts", "0", "2", "499"], ["cuts", "1", "2", "499"],
        ["sectors", "0", "2", "997"], ["sectors", "1", "2", "997"],
    ])
    func damageIsSeenAndWhatItDoesNotTouchIsRead(mode: [String]) async throws {
        let (code, output) = try await Self.run(mode)
        #expect(code == 0 && output.contains("failures 0"), "\(output)")
    }

    @Test func aSteadyEmitterThatForksAccountsForEveryEvent() async throws {
        let folder = NSTemporaryDirectory() + "spanreel-rate-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (code, output) = try await Self.run(["rate", folder + "/fork.reel", "1", "20000", "fork"])
        #expect(code == 0 && output.contains(" exact "), "\(output)")
    }
}
