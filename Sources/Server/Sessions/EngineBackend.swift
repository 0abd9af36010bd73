internal import Foundation
internal import SpanreelReplay
internal import SpanreelTracing

/// A session on disk, behind the engine that folds it.
struct EngineBackend: SessionBackend {
    private let engine: SessionEngine

    init(path: String, rules: AlertRules) throws(TraceError) {
        engine = try SessionEngine(
            path: path, options: SessionEngine.Options(environment: ProcessInfo.processInfo.environment, rules: rules))
    }

    var state: SessionPhase {
        switch engine.state {
        case .live: .live
        case .saved: .saved
        case .crashed: .crashed
        }
    }

    var canGrow: Bool { !engine.info.isPacked }
    var bounds: (start: Timestamp, end: Timestamp) { engine.bounds }

    func refresh() throws { try engine.refresh() }

    func views(_ names: [ViewName], _ query: SnapshotQuery) throws -> [UInt8] { try engine.views(names, view(query)) }

    func traces(limit: Int, _ query: SnapshotQuery) throws -> [UInt8] { try engine.traces(limit: limit, view(query)) }

    func trace(_ id: TraceID, _ query: SnapshotQuery) throws -> [UInt8] { try engine.trace(id, view(query)) }

    func path(_ query: SnapshotQuery) throws -> [UInt8] { try engine.pathJSON(view(query)) }

    func tokens(_ id: TraceID, _ query: SnapshotQuery) throws -> [UInt8] { try engine.tokens(id, view(query)) }

    func timeline(from: Timestamp, to: Timestamp, pixels: Int, _ query: SnapshotQuery) throws -> [UInt8] {
        try engine.timeline(from: from, to: to, pixels: pixels, view(query))
    }

    func alerts(_ query: SnapshotQuery) throws -> [UInt8] { try engine.alertsJSON(view(query)) }

    func alertStatus() throws -> AlertStatus {
        AlertStatus(
            session: engine.info, start: engine.bounds.start, report: try engine.alerts(),
            isFinal: engine.hasFinalAlerts)
    }

    func dashboardMetrics(_ filter: RequestFilter) throws -> [UInt8] { try engine.dashboardMetrics(filter) }

    func dashboardLayers(_ filter: RequestFilter) throws -> [UInt8] { try engine.dashboardLayers(filter) }

    func dashboardHistory(from: Timestamp?, to: Timestamp?, limit: Int?, _ filter: RequestFilter) throws -> [UInt8] {
        try engine.dashboardHistory(from: from, to: to, limit: limit, filter)
    }

    private func view(_ query: SnapshotQuery) throws -> ViewQuery {
        var cut: Cut?
        if let text = query.cut {
            guard let parsed = Cut(text) else {
                throw APIError.invalid("`cut` is not one that an answer of this API gave.")
            }
            cut = parsed
        }
        return ViewQuery(
            at: query.at.map { .instant($0) } ?? .live, window: try .init(parsing: query.window), cut: cut,
            clock: query.clock, filter: query.filter, split: query.split)
    }
}

extension SessionSource {
    /// The real thing: sessions on disk, looked at with these alert rules.
    static func engine(rules: AlertRules) -> SessionSource {
        SessionSource(
            describe: { path in try describe(path) },
            open: { path in try EngineBackend(path: path, rules: rules) },
            diff: { before, after in try SessionDiff(before: before, after: after).json() })
    }

    private static func describe(_ path: String) throws(TraceError) -> SessionDescription {
        let reader = try SessionReader(path: path)
        let states = reader.streams.map(\.state)
        let isCrashed = !reader.session.isPacked && states.contains(.dead)
        return SessionDescription(
            id: "\(reader.session.id)", name: reader.session.name,
            state: states.contains(.live) ? .live : isCrashed ? .crashed : .saved,
            createdUnixNanos: reader.session.createdUnixNanos, sizeBytes: reader.sizeBytes)
    }
}
