internal import Dispatch
public import SpanreelTracing

/// Layers, tokens, links, cache and one trace of a whole session in one pass over its columns, in the order in which they
/// were written: what one would ask a database. The views answer more questions, at any instant and on one clock; a scan
/// reads only the columns that it needs, and holds no event.
public enum SessionScan {
    /// Scans everything that the session at `path` holds by now. O(events), memory bounded by layers, links and seconds,
    /// and 8 bytes an emission of tokens.
    ///
    /// - Parameters:
    ///   - threads: how many, 1 to 64; the result does not depend on it.
    ///   - trace: the trace whose spans are wanted too.
    /// - Throws: ``TraceError`` as opening a session does; damaged blocks are counted in the report's quality.
    public static func run(path: String, threads: Int = 1, trace: TraceID? = nil) throws(TraceError) -> ScanReport {
        let reader = try SessionReader(path: path)
        let pass = try reader.columnPass()
        let start = pass.start ?? Timestamp(nanos: reader.session.createdUnixNanos)
        let devices = reader.streams.map { (id: $0.id, epoch: $0.epoch, device: $0.device) }
        let lanes = min(max(1, threads), 64, max(1, pass.count))
        let results = Results(lanes)
        // Each thread takes every n-th block: blocks are of one size, so all are done at about the same time.
        DispatchQueue.concurrentPerform(iterations: lanes) { lane in
            let worker = ColumnPass.Worker(pass)
            var counter = ScanCounter(worker, origin: start.nanos, trace: trace) { id, epoch in
                devices.first { $0.id == id && $0.epoch == epoch }?.device ?? ""
            }
            do throws(TraceError) {
                for index in stride(from: lane, to: pass.count, by: lanes) {
                    if let block = try worker.load(index) {
                        counter.count(block)
                    } else {
                        counter.miss(pass.eventCount(index))
                    }
                }
                counter.finish()
                results.set(lane, .success(counter.part))
            } catch {
                results.set(lane, .failure(error))
            }
        }
        var all = ScanPart(origin: start.nanos)
        for result in results.all { all.merge(try result.get()) }
        return ScanReport(all, start: start)
    }

    /// One result a thread.
    // @unchecked: each thread writes its own element, and they are read after all have ended.
    private final class Results: @unchecked Sendable {
        private let parts: UnsafeMutableBufferPointer<Result<ScanPart, TraceError>?>

        init(_ count: Int) {
            parts = .allocate(capacity: count)
            parts.initialize(repeating: nil)
        }

        deinit {
            parts.deinitialize()
            parts.deallocate()
        }

        func set(_ index: Int, _ result: Result<ScanPart, TraceError>) { parts[index] = result }

        var all: [Result<ScanPart, TraceError>] { parts.compactMap(\.self) }
    }
}
