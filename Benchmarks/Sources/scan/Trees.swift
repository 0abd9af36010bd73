import BenchSupport
import CSpanreel
import SpanreelReplay

/// The tree queries: the critical paths of every request of the session, which the kinds of time (bubbles among them)
/// and the token strips are cut from. The median of three passes over the opened session.
func measureTrees(_ path: String) throws {
    let engine = try SessionEngine(path: path)
    let events = try SessionScan.run(path: path).quality.events
    let times = try (0..<3).map { _ in
        let start = sp_monotonic_nanos()
        let found = try engine.path()
        guard found.requests > 0, found.rows.reduce(0, { $0 + $1.nanos }) == found.totalNanos else {
            fatalError("the paths do not add up")
        }
        return Double(sp_monotonic_nanos() - start)
    }
    report("tree_events_per_s", Double(events) / (times.sorted()[1] / 1e9), "events/s")
}
