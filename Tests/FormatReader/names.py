"""The tables of wire tags: a number never changes its meaning."""

OPERATIONS = [
    "other", "request", "clientRequest", "queue", "prefill", "decode", "step", "stage", "layer", "embed", "head",
    "sampling", "hopSend", "hopReceive", "cacheLookup", "cacheInsert", "cacheEvict", "memorySample", "clockProbe",
    "clockReply", "tokens",
]
PHASES = ["", "prefill", "decode"]
KINDS = ["", "begin", "end", "span", "mark", "tokens", "sample"]
BEGIN, END, SPAN, MARK, TOKENS, SAMPLE = range(1, 7)
STATUSES = ["unset", "ok", "error"]
SPAN_KINDS = 6
INT, DOUBLE, BOOL, STRING, BLOB = range(1, 6)

FIRST_OWN_KEY = 256
KEYS = [
    "", "gen_ai.request.id", "gen_ai.request.model", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens",
    "gen_ai.usage.cache_read.input_tokens", "gen_ai.request.max_tokens", "gen_ai.response.finish_reasons",
    "http.response.status_code", "error.type", "spanreel.status.message", "spanreel.hop.message_id",
    "spanreel.hop.size_bytes", "spanreel.hop.wait_nanos", "spanreel.cache.hit", "spanreel.cache.hit_tokens",
    "spanreel.cache.prompt_tokens", "spanreel.cache.entries", "spanreel.cache.size_bytes", "spanreel.cache.evicted",
    "spanreel.batch.tokens", "spanreel.batch.sequences", "spanreel.kv.offset", "spanreel.cpu_nanos",
    "spanreel.barrier", "process.memory.rss", "spanreel.memory.active_bytes", "spanreel.memory.cache_bytes",
    "spanreel.memory.peak_bytes", "spanreel.memory.gpu_bytes", "spanreel.memory.limit_bytes",
    "system.memory.total_bytes", "system.memory.used_bytes", "system.memory.pressure", "system.cpu.utilization",
    "process.cpu.time_nanos", "spanreel.requests.waiting", "spanreel.requests.running", "spanreel.kv.size_bytes",
    "spanreel.clock.peer", "spanreel.clock.t0", "spanreel.clock.t1", "spanreel.clock.t2", "spanreel.clock.t3",
    "spanreel.token.id", "spanreel.token.index", "spanreel.variant", "network.interface.name",
    "network.peer.address", "spanreel.otlp.remainder", "spanreel.prompt.hash", "spanreel.output.hash",
    "spanreel.prefill.computed_tokens", "spanreel.hop.rtt_nanos", "network.transport", "spanreel.kv.sequences",
    "gen_ai.request.temperature", "spanreel.truncated_bytes", "spanreel.derived",
]
