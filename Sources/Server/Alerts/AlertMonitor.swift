internal import SpanreelReplay
internal import SpanreelTracing

/// Looks at every live session once a second and hands what fired and resolved to a webhook.
///
/// Sessions are asked through the same handles as any client asks; nothing waits for the webhook. A session that was
/// over before is left alone: its alerts are history.
struct AlertMonitor {
    let catalog: SessionCatalog
    let webhook: Webhook
    var interval: Duration = .seconds(1)

    /// Watches until cancelled.
    func run() async {
        var watches: [String: AlertWatch] = [:]
        while !Task.isCancelled {
            let sessions = await catalog.list()
            let live = Set(sessions.filter { $0.state == .live }.map(\.id))
            // One that has ended is watched on until its last ticks were looked at.
            for id in live.union(watches.keys).sorted() {
                guard let handle = try? await catalog.find(id), let status = try? await handle.alertStatus() else {
                    watches[id] = nil
                    continue
                }
                var watch = watches[id] ?? AlertWatch(startingAt: status.report)
                for (change, alert) in watch.changes(status.report) {
                    webhook.send(alert.json(change, session: status.session, start: status.start))
                }
                watches[id] = live.contains(id) || !status.isFinal ? watch : nil
            }
            do { try await Task.sleep(for: interval) } catch { return }
        }
    }
}
