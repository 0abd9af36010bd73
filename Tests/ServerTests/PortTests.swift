import Foundation
import Synchronization
import Testing

@testable import SpanreelServer

@Suite struct PortTests {
    private func start(_ port: ViewerOptions.Port, _ body: @Sendable @escaping (ViewerAddress) async throws -> Void)
        async throws
    {
        var options = ViewerOptions()
        options.port = port
        let (ready, continuation) = AsyncStream<ViewerAddress>.makeStream()
        let server = ViewerServer(options, source: TestServer.source(FakeLog())) { continuation.yield($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { continuation.finish() }
                try await server.run()
            }
            var iterator = ready.makeAsyncIterator()
            if let address = await iterator.next() {
                try await body(address)
                group.cancelAll()
            }
            try await group.waitForAll()
        }
    }

    @Test func aTakenPortIsAnErrorWhenAskedForAndSkippedWhenPreferred() async throws {
        try await start(.exactly(0)) { first in
            #expect(first.port > 0 && first.takenPort == nil)
            await #expect(throws: ViewerError.self) { try await start(.exactly(first.port)) { _ in } }
            try await start(.preferred(first.port)) { second in
                #expect(second.port > first.port && second.takenPort == first.port)
            }
        }
    }
}
