internal import Foundation
internal import Hummingbird
internal import SpanreelReplay
internal import SpanreelTracing

/// Maps every path to its answer. The edge has admitted the request: it is a GET or HEAD without a body.
struct ViewerRoutes: HTTPResponder {
    typealias Context = BasicRequestContext

    let catalog: SessionCatalog
    let source: SessionSource
    let files: StaticFiles

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        let path = request.uri.path
        let segments = try Self.segments(of: path)
        switch segments.first {
        case "api":
            return try await api(Array(segments.dropFirst()), request)
        case "healthz" where segments.count == 1:
            return .json(#"{"status":"ok"}"#)
        default:
            if let response = files.response(path: path, ifNoneMatch: request.headers[.ifNoneMatch]) { return response }
            guard path == "/", !files.hasPage else { throw APIError.notFound("There is no such page.") }
            throw APIError(
                .serviceUnavailable, "no-page",
                "The page's files are missing: keep the folder spanreel_SpanreelServer.resources beside the program.")
        }
    }

    private func api(_ segments: [String], _ request: Request) async throws -> Response {
        let parameters = Parameters(request)
        switch segments.count {
        case 1:
            switch segments[0] {
            case "sessions": return await sessions()
            case "diff": return try await diff(parameters)
            case "metrics": return try await dashboardMetrics(parameters)
            case "layers": return try await dashboardLayers(parameters)
            case "history": return try await dashboardHistory(parameters)
            default: break
            }
        case 3 where segments[0] == "sessions":
            switch segments[2] {
            case "traces": return try await traces(segments[1], parameters, request)
            case "alerts": return try await alerts(segments[1], parameters, request)
            case "path": return try await path(segments[1], parameters, request)
            case "timeline": return try await timeline(segments[1], parameters, request)
            case "stream": return try await stream(segments[1], parameters, request)
            default: break
            }
        case 4 where segments[0] == "sessions":
            switch segments[2] {
            case "views": return try await views(segments[1], segments[3], parameters, request)
            case "traces": return try await trace(segments[1], segments[3], parameters, request)
            default: break
            }
        case 5 where segments[0] == "sessions" && segments[2] == "traces" && segments[4] == "tokens":
            return try await tokens(segments[1], segments[3], parameters, request)
        default: break
        }
        throw APIError.notFound("The API has no such path; docs/API.md lists them.")
    }

    /// The decoded parts between slashes. They are keys of tables: what they contain does no harm.
    private static func segments(of path: String) throws(APIError) -> [String] {
        var segments: [String] = []
        for part in path.split(separator: "/", omittingEmptySubsequences: true) {
            guard let text = String(part).removingPercentEncoding, !text.utf8.contains(0) else {
                throw .invalid("The path is not well-formed.")
            }
            segments.append(text)
        }
        return segments
    }

    // MARK: Sessions

    private func sessions() async -> Response {
        let rows = await catalog.list().map(\.json).joined(separator: ",")
        return .json("{\"sessions\":[\(rows)]}")
    }

    private func views(_ session: String, _ list: String, _ parameters: Parameters, _ request: Request) async throws
        -> Response
    {
        let names = try ViewName.parse(list)
        let snapshot = try parameters.snapshot(splits: true)
        let handle = try await catalog.find(session)
        return .json(try await handle.views(names, handle.resolve(snapshot)), for: request)
    }

    private func traces(_ session: String, _ parameters: Parameters, _ request: Request) async throws -> Response {
        let limit = try parameters.integer("limit", 1...500) ?? 100
        let snapshot = try parameters.snapshot()
        let handle = try await catalog.find(session)
        return .json(try await handle.traces(limit: limit, handle.resolve(snapshot)), for: request)
    }

    private func alerts(_ session: String, _ parameters: Parameters, _ request: Request) async throws -> Response {
        let snapshot = try parameters.snapshot()
        let handle = try await catalog.find(session)
        return .json(try await handle.alerts(handle.resolve(snapshot)), for: request)
    }

    private func path(_ session: String, _ parameters: Parameters, _ request: Request) async throws -> Response {
        let snapshot = try parameters.snapshot()
        let handle = try await catalog.find(session)
        return .json(try await handle.path(handle.resolve(snapshot)), for: request)
    }

    private static func traceID(_ id: String) throws(APIError) -> TraceID {
        guard let trace = TraceID(hex: id), !trace.isNone else {
            throw .invalid("A trace id has thirty-two hexadecimal digits.")
        }
        return trace
    }

    private func tokens(_ session: String, _ id: String, _ parameters: Parameters, _ request: Request) async throws
        -> Response
    {
        let trace = try Self.traceID(id)
        let snapshot = try parameters.snapshot()
        let handle = try await catalog.find(session)
        return .json(try await handle.tokens(trace, handle.resolve(snapshot)), for: request)
    }

    private func trace(_ session: String, _ id: String, _ parameters: Parameters, _ request: Request) async throws
        -> Response
    {
        let trace = try Self.traceID(id)
        let snapshot = try parameters.snapshot()
        let handle = try await catalog.find(session)
        return .json(try await handle.trace(trace, handle.resolve(snapshot)), for: request)
    }

    private func timeline(_ session: String, _ parameters: Parameters, _ request: Request) async throws -> Response {
        let from = try parameters.instant("from")
        let to = try parameters.instant("to")
        let pixels = try parameters.integer("px", 1...16384) ?? 1200
        let snapshot = try parameters.snapshot()
        let handle = try await catalog.find(session)
        return .json(
            try await handle.timeline(from: from, to: to, pixels: pixels, handle.resolve(snapshot)), for: request)
    }

    private func diff(_ parameters: Parameters) async throws -> Response {
        guard let a = try parameters.text("a"), let b = try parameters.text("b") else {
            throw APIError.invalid("`a` and `b` must name two sessions.")
        }
        let (before, after) = (try await catalog.path(of: a), try await catalog.path(of: b))
        let source = source
        return .json(ByteBuffer(bytes: try await OffPool.run { try source.diff(before, after) }))
    }
}
