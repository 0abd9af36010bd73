import Foundation

/// The built `spanreel`, run as a process.
struct Program {
    struct Result: Sendable {
        var status: Int32
        var output: String
        var errors: String

        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(output.utf8))) as? [String: Any] ?? [:]
        }
    }

    /// The executable beside the test bundle; nil when only the tests were built.
    static let path: String? = {
        let bundles =
            Bundle.allBundles.map(\.bundleURL) + [Bundle.main.bundleURL, Bundle.main.executableURL].compactMap { $0 }
        let folders = bundles.flatMap { [$0, $0.deletingLastPathComponent()] }
        return folders.map { $0.appendingPathComponent("spanreel").path }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }()

    /// An empty folder of its own for each test; sessions given by name lie in it too.
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("spanreel-cli-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    func file(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// Files in the folder, by name and size: what a command must not change.
    func listing() -> [String: Int] {
        var files: [String: Int] = [:]
        let names = FileManager.default.enumerator(atPath: folder.path)
        while let name = names?.nextObject() as? String {
            files[name] =
                (try? FileManager.default.attributesOfItem(atPath: file(name))[.size] as? NSNumber)?.intValue ?? -1
        }
        return files
    }

    func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> Result {
        try await start(arguments, environment: environment).result()
    }

    func start(_ arguments: [String], environment: [String: String] = [:]) throws -> Running {
        guard let path = Self.path else { throw CocoaError(.fileNoSuchFile) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        var all = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        all["SPANREEL_DIR"] = folder.path
        for name in ["SPANREEL_SESSION", "DASHBOARD_PORT", "DISPLAY", "SSH_CONNECTION"] where environment[name] == nil {
            all[name] = nil
        }
        process.environment = all
        return try Running(process, folder)
    }

    /// A process under way, its output in files so that no pipe fills up.
    final class Running: @unchecked Sendable {
        // Only the test that started it uses it, one step after the other.
        let process: Process
        private let output: URL
        private let errors: URL

        init(_ process: Process, _ folder: URL) throws {
            self.process = process
            let base = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
            output = base.appendingPathExtension("out")
            errors = base.appendingPathExtension("err")
            for file in [output, errors] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
            process.standardOutput = try FileHandle(forWritingTo: output)
            process.standardError = try FileHandle(forWritingTo: errors)
            process.standardInput = FileHandle.nullDevice
            try process.run()
        }

        var outputSoFar: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }

        /// Waits until the output contains `text`, at most ten seconds.
        func waits(for text: String) async throws -> Bool {
            for _ in 0..<200 {
                if outputSoFar.contains(text) { return true }
                try await Task.sleep(for: .milliseconds(50))
            }
            return false
        }

        func result() async throws -> Result {
            let process = process
            await withCheckedContinuation { done in
                Thread.detachNewThread {
                    process.waitUntilExit()
                    done.resume()
                }
            }
            defer { for file in [output, errors] { try? FileManager.default.removeItem(at: file) } }
            let status =
                process.terminationReason == .uncaughtSignal
                ? 128 + process.terminationStatus : process.terminationStatus
            return Result(
                status: status, output: outputSoFar, errors: (try? String(contentsOf: errors, encoding: .utf8)) ?? "")
        }
    }
}
