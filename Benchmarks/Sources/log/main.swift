// What the log does with what was emitted, one JSON line a metric.
//
//   log seal [--seconds 2] [--pairs]     the highest paced rate that loses nothing, sealed on disk
//   log overhead [--seconds 20]          spans at 100,000/s around real work: the loop's cost, the sealer's, memory
//   log visible                          from emit to a reader of the growing session
//   log recovery [--events 5000000]      reading and sealing what a killed process left

import BenchSupport
import Foundation
import SpanreelTracing

/// A folder for sessions, on disk and removed at the end.
let folder = FileManager.default.currentDirectoryPath + "/.bench-" + UUID().uuidString
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(atPath: folder) }

func open(_ name: String, laneSlots: Int = 1 << 16) throws -> Recorder {
    var options = Recorder.Options()
    options.path = folder + "/\(name).reel"
    options.device = "bench"
    options.laneSlots = laneSlots
    return try Recorder.open(options)
}

switch CommandLine.arguments.dropFirst().first {
case "seal":
    try measureSeal(
        seconds: option("--seconds").flatMap(Double.init) ?? 2, pairs: CommandLine.arguments.contains("--pairs"))
case "overhead": try measureOverhead(seconds: option("--seconds").flatMap(Double.init) ?? 20)
case "visible": try measureVisibility()
case "recovery": try measureRecovery(events: option("--events").flatMap(Int.init) ?? 5_000_000)
default:
    FileHandle.standardError.write(Data("usage: log seal|overhead|visible|recovery [options]\n".utf8))
    exit(2)
}
