import Foundation
import SpanreelTracing

/// A folder of its own that is gone after the test.
final class TemporaryFolder {
    let path: String
    init() {
        path = NSTemporaryDirectory() + "spanreel-test-" + UUID().uuidString
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    func callAsFunction(_ name: String) -> String { path + "/" + name }
}

/// Small lanes, so that rings wrap and drop within a test.
func options(_ path: String, device: String = "mini1", slots: Int = 1 << 12) -> Recorder.Options {
    var options = Recorder.Options()
    options.path = path
    options.device = device
    options.laneSlots = slots
    options.durability = .none
    return options
}

/// Everything a session holds, in the order of delivery.
func readAll(_ path: String) throws -> (events: [Event], reader: SessionReader, batches: [EventBatch]) {
    let reader = try SessionReader(path: path)
    var events: [Event] = []
    var batches: [EventBatch] = []
    try reader.poll { batch in
        events.append(contentsOf: batch.events)
        batches.append(copy batch)
    }
    return (events, reader, batches)
}

/// xorshift64*, so that a printed seed repeats a test.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
