import Foundation
import Testing

/// That emitting allocates nothing and makes no system call is proved by taking both away.
@Suite struct QuietTests {
    @Test func emittingAllocatesNothingAndMakesNoSystemCall() throws {
        #if os(Linux)
            let folder = NSTemporaryDirectory() + "spanreel-quiet-" + UUID().uuidString
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let process = Process()
            process.executableURL = TortureSlices.child.deletingLastPathComponent().appendingPathComponent(
                "quiet-child")
            process.arguments = [folder + "/quiet.reel", "20000"]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            // 3: this system has no seccomp, and the proof cannot be made here.
            if process.terminationStatus == 3 { return }
            #expect(process.terminationReason == .exit, "a system call was made while emitting")
            #expect(text == "allocations 0\n")
        #endif
    }
}
