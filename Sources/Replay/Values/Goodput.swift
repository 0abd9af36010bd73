/// The goals that goodput counts against: vLLM's `--goodput ttft:1000 tpot:100`.
enum Goodput {
    static let ttftGoalNanos: Int64 = 1_000_000_000
    static let tpotGoalNanos: Int64 = 100_000_000
}
