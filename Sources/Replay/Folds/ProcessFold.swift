import SpanreelTracing

/// Events per stream and the age of the last one; events per tick of the session; marks.
struct ProcessFold: Sendable {
    struct Stream: Sendable {
        var events = 0
        var firstTime = Int64.max
        var lastTime = Int64.min
        var samples = 0
        var firstSample = Int64.max
        var lastSample = Int64.min
    }

    /// Something a person wants to see on the time line.
    struct Mark: Sendable {
        var time: Int64
        var kind: Kind
        var text: String

        enum Kind: Sendable { case mark, restart }
    }

    private static let markLimit = 512
    private(set) var streams: ContiguousArray<Stream> = []
    private(set) var density = Series(channels: 1)
    private(set) var marks: [Mark] = []
    // Events of the tick at hand are counted here first: one addition per event.
    private var pendingBucket = 0
    private var pendingCount: Int64 = 0

    @inline(__always) mutating func note(_ event: Event, ticks: TickClock) {
        let index = Int(event.stream)
        if index >= streams.count {
            guard index < 65_536 else { return }
            while streams.count <= index { streams.append(Stream()) }
        }
        streams[index].events &+= 1
        if event.time.nanos < streams[index].firstTime { streams[index].firstTime = event.time.nanos }
        if event.time.nanos > streams[index].lastTime { streams[index].lastTime = event.time.nanos }
        if event.kind == .sample {
            streams[index].samples &+= 1
            if streams[index].samples == 1 { streams[index].firstSample = event.time.nanos }
            streams[index].lastSample = event.time.nanos
        }
        let bucket = ticks.bucket(event.time.nanos)
        if bucket != pendingBucket {
            density.add(pendingCount, bucket: pendingBucket, channel: 0)
            pendingBucket = bucket
            pendingCount = 0
        }
        pendingCount &+= 1
    }

    mutating func mark(_ kind: Mark.Kind, _ text: String, at time: Int64) {
        if marks.count >= Self.markLimit { marks.removeFirst() }
        marks.append(Mark(time: time, kind: kind, text: text))
    }

    /// The events per tick, the tick at hand included.
    var counts: Series {
        var all = density
        all.add(pendingCount, bucket: pendingBucket, channel: 0)
        return all
    }
}
