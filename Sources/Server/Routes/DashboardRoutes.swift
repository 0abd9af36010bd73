internal import Hummingbird

/// The API that dashboards of MLX monitors already call, answered from the current session.
///
/// Before there is a session every number is 0: an old page calls `toFixed` on each of them.
extension ViewerRoutes {
    func dashboardMetrics(_ parameters: Parameters) async throws -> Response {
        let filter = try parameters.filter()
        guard let handle = try await catalog.currentHandle() else { return .json(Self.noMetrics) }
        return .json(try await handle.dashboardMetrics(filter))
    }

    func dashboardLayers(_ parameters: Parameters) async throws -> Response {
        let filter = try parameters.filter()
        guard let handle = try await catalog.currentHandle() else { return .json("{}") }
        return .json(try await handle.dashboardLayers(filter))
    }

    func dashboardHistory(_ parameters: Parameters) async throws -> Response {
        let from = try parameters.instant("from")
        let to = try parameters.instant("to")
        let limit = try parameters.integer("limit", 0...1_000_000)
        let filter = try parameters.filter()
        guard let handle = try await catalog.currentHandle() else { return .json(#"{"history":[]}"#) }
        return .json(try await handle.dashboardHistory(from: from, to: to, limit: limit, filter))
    }

    private static let noMetrics: String = {
        let sample = zeros([
            "timestamp", "tokens_per_second", "prompt_eval_tokens_per_second", "eval_tokens_per_second", "latency_ms",
            "memory_usage_mb", "gpu_memory_mb", "cpu_percent", "network_bandwidth_mbps", "cache_hit_rate",
            "active_sessions",
            "total_tokens_processed",
        ])
        let peaks = zeros(["max_tokens_per_second", "max_latency_ms", "max_memory_usage_mb", "max_gpu_memory_mb"])
        let totals = zeros(["total_tokens_processed", "active_sessions", "cache_hits", "cache_misses"])
        return "{\"current\":\(sample),\"averages\":\(sample),\"peaks\":\(peaks),\"totals\":\(totals)}"
    }()

    private static func zeros(_ keys: [String]) -> String {
        "{" + keys.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
    }
}
