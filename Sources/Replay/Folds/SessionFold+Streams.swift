import SpanreelTracing

/// Which process speaks for a device. A device that was restarted, or that several processes share, has several streams.
extension SessionFold {
    /// The number of the stream that speaks for a device: of those that said something so far the last to, one with a
    /// stage before one without. Nil while none of them said anything. O(streams).
    ///
    /// What a reader knows of streams that are silent so far depends on when it looked, and so never counts.
    func stream(ofDevice device: Int) -> Int? {
        let spoken = directory.streamPlans.indices.filter { index in
            Int(directory.streamPlans[index].device) == device && index < processes.streams.count
                && processes.streams[index].events > 0
        }
        return spoken.max { a, b in rank(a) < rank(b) }
    }

    private func rank(_ stream: Int) -> (Int, Int64, String) {
        let fact = directory.streams[stream]
        return (fact.stage == nil ? 0 : 1, processes.streams[stream].lastTime, fact.id)
    }

    /// The facts of the stream that speaks for a device.
    func fact(ofDevice device: Int) -> StreamFact? { stream(ofDevice: device).map { directory.streams[$0] } }
}
