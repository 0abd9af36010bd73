extension AlertRules {
    /// What is wrong in any inference, whoever runs it. Thresholds are such that a healthy session is silent.
    public static let standard: AlertRules = {
        // An engine that starts a request at every step leaves nobody queued beside an idle engine for longer than a step;
        // ten seconds are far beyond any step, and far below the hours for which such a stall has gone unseen.
        var stalled = AlertRule("queued-but-none-running", .queuedNoneRunning, above: 0)
        stalled.forNanos = 10_000_000_000
        stalled.severity = .critical

        // 14.4 is the fast burn of Google's SRE workbook (2 % of a month's budget in an hour), with its second window of a
        // twelfth: 14.4 % of the requests of five minutes and of the last 25 s missed a goal. A recording lasts minutes, so
        // five minutes stand for the workbook's hour.
        var burn = AlertRule("slo-burn", .sloBurn, above: 14.4)
        burn.windowNanos = 300_000_000_000
        burn.severity = .critical

        // Linux PSI "some": tasks wait for memory for a fifth of the time. What merely caches stays below 1 %;
        // systemd-oomd kills at 60 %.
        var pressure = AlertRule("memory-pressure", .memoryPressure, above: 0.2)
        pressure.forNanos = 10_000_000_000

        // Beyond the recommended working set a unified-memory GPU pages, and tokens take ten times as long.
        var limit = AlertRule("memory-limit", .memoryRatio, above: 0.9)
        limit.forNanos = 10_000_000_000

        // Activations over Wi-Fi or a tunnel cost more than the layers that they join, and the wire is mostly there.
        var wrong = AlertRule("wrong-link", .wrongLink, above: 0)
        wrong.forNanos = 5_000_000_000

        // Interfaces are seldom recorded. Three times the other hops at messages of like size is no matter of luck.
        var slow = AlertRule("slow-link", .linkRatio, above: 3)
        slow.windowNanos = 30_000_000_000
        slow.forNanos = 10_000_000_000

        // The page says "silent" after two seconds; five are beyond any pause of a runtime or a swapped page.
        var silent = AlertRule("silent-process", .silence, above: 5_000_000_000)
        silent.severity = .critical

        // Any dropped event makes every number a lower bound.
        let drops = AlertRule("drops", .droppedEvents, above: 0)
        return AlertRules([stalled, burn, pressure, limit, wrong, slow, silent, drops])
    }()
}
