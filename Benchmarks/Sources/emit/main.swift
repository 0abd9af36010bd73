// What emitting costs, beside bare clock reads in the same process, interleaved. One JSON line a metric.
//
//   emit [--only hot,threads,burst,disabled,tail] [--seconds 90] [--disk] [--suffix _disk]
//
// Each figure is the least-disturbed of its batches' middle: the median of per-batch means.

import BenchSupport
import CSpanreel
import Foundation
import SpanreelTracing

let parts = Set((option("--only") ?? "hot,threads,burst,disabled").split(separator: ",").map(String.init))

let folder = FileManager.default.currentDirectoryPath + "/.bench-" + UUID().uuidString
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(atPath: folder) }

var options = Recorder.Options()
options.path = folder + "/emit.reel"
options.device = "bench"
options.durability = .none
options.laneSlots = 1 << 19
if CommandLine.arguments.contains("--disk") { options.lanePlacement = .besideSegments }
let recorder = try Recorder.open(options)
let handles = Handles(recorder)

if parts.contains("hot") { measureHot(recorder, handles) }
if parts.contains("threads") { measureTwoThreads(recorder, handles) }
if parts.contains("burst") { measureBursts(recorder, handles) }
if parts.contains("disabled") { measureDisabled(handles) }
if parts.contains("tail") { measureTail(recorder, handles, seconds: option("--seconds").flatMap(Double.init) ?? 90) }

try recorder.close()

// Dropping costs less than recording: figures from batches that were dropped would flatter.
let closed = try SessionReader(path: folder + "/emit.reel")
report("emit_dropped", Double(closed.streams.reduce(0) { $0 + $1.dropped.values.reduce(0, +) }), "events")
