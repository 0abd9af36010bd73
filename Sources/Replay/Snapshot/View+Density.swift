import SpanreelTracing

/// Events per stretch of the whole session, and what a person wants to see on the time line.
struct DensityView {
    let input: SnapshotInput

    func write(_ json: inout JSONWriter) {
        let columns = input.fold.processes.counts.columns(from: 0, to: input.lastBucket, limit: 400)
        json.field("fromNanos", input.tickClock.start(columns.firstBucket))
        json.field("bucketNanos", input.tickClock.start(columns.width))
        json.array("counts") { json in for column in 0..<columns.count { json.int(columns.value(0, column)) } }
        json.array("marks") { json in
            for mark in input.fold.processes.marks {
                json.object { json in
                    json.field("atNanos", input.relative(mark.time))
                    json.field("kind", mark.kind == .mark ? "mark" : "restart")
                    json.field("text", mark.text)
                }
            }
            for silence in input.silent {
                json.object { json in
                    json.field("atNanos", input.relative(input.instant.nanos &- silence.silentNanos))
                    json.field("kind", "silent")
                    json.field("text", "\(silence.device) is silent")
                }
            }
        }
    }
}
