// Writes a session of random events, for readers to agree on: every kind, attributes at the edges of their types,
// foreign ids, times out of order, several threads.
//
//   format-writer SESSION.reel SEED EVENTS pack|leave
//
// `pack` ends cleanly and packs; `leave` seals everything and dies by SIGKILL, which leaves a directory.

import Foundation
import SpanreelTracing

let arguments = CommandLine.arguments
guard arguments.count == 5, let seed = UInt64(arguments[2]), let events = Int(arguments[3]),
    ["pack", "leave"].contains(arguments[4])
else {
    FileHandle.standardError.write(Data("usage: format-writer SESSION.reel SEED EVENTS pack|leave\n".utf8))
    exit(2)
}

var options = Recorder.Options()
options.path = arguments[1]
options.device = seed % 2 == 0 ? "mini1" : "\u{1b}é"
options.durability = .none
options.laneSlots = 1 << 18
let recorder = try Recorder.open(options)

@Sendable func write(thread: Int, count: Int, _ recorder: Recorder) {
    var wild = Wild(state: seed &* 7_919 &+ UInt64(thread) &+ 1)
    let names = (0..<12).map { "own.\(thread % 2).\($0)" } + ["gen_ai.request.id", "spanreel.cache.hit", "error.type"]
    let keys = names.map { recorder.key($0) }
    let roles = (0..<30).map { recorder.role(wild.role($0)) }
    var open: [SpanContext] = []
    for index in 0..<count {
        let role = wild.pick(roles)
        let parent: SpanContext? =
            switch wild.below(10) {
            case 0: nil
            case 1: wild.foreign()
            default: open.isEmpty ? nil : wild.pick(open)
            }
        let now = recorder.now()
        // Now and then a stamp that is not in order, and a span as long as minutes.
        let odd = wild.below(50) == 0
        let at = odd ? Ticks(now.rawValue &- UInt64(wild.below(2_000_000)) &+ 1_000_000) : nil
        switch wild.below(12) {
        case 0:
            let kind = wild.pick([SpanKind.internal, .server, .client, .unspecified])
            open.append(recorder.begin(role, kind: kind, parent: parent, at: at) { wild.attributes(&$0, keys) })
            if open.count > 50 { open.removeFirst() }
        case 1:
            guard !open.isEmpty else { continue }
            let span = open.remove(at: wild.below(open.count))
            recorder.end(span, status: wild.pick([.unset, .ok, .error]), at: at) { wild.attributes(&$0, keys) }
        case 2: recorder.end(wild.foreign()) { wild.attributes(&$0, keys) }
        case 3: recorder.mark(wild.text(), parent: parent, at: at)
        case 4: recorder.sample(at: at) { wild.attributes(&$0, keys) }
        case 5: recorder.tokens(wild.below(5), phase: .decode, in: parent ?? wild.foreign())
        default:
            let start = Ticks(now.rawValue &- UInt64(wild.below(odd ? 1 << 40 : 100_000)))
            let end = wild.below(20) == 0 ? start : nil
            let status = wild.pick([SpanStatus.unset, .unset, .ok, .error])
            let span = recorder.record(role, from: start, to: end, parent: parent, status: status) {
                if wild.below(3) == 0 { wild.attributes(&$0, keys) }
            }
            if wild.below(9) == 0 { open.append(span) }
        }
        // The sealer keeps up, so that nothing is dropped, and cuts blocks here and there.
        if index % 5_000 == 4_999 { usleep(30_000) }
    }
}

let group = DispatchGroup()
for thread in 0..<3 {
    group.enter()
    Thread {
        write(thread: thread, count: events / 3, recorder)
        group.leave()
    }.start()
}
group.wait()
if seed % 3 == 0 { recorder.describe(["service.name": "chat\n"]) }
if arguments[4] == "pack" {
    try recorder.close()
    _ = try SessionPacker.pack(path: recorder.sessionPath)
} else {
    try recorder.flush()
    kill(getpid(), SIGKILL)
}
