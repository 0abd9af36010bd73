/** Shapes that several modules share. Only read by editors and `tsc --noEmit`; the browser never loads this file. */

/** Summary of durations; every field but `count` and `known` is null when there is no observation. */
export interface Stats {
  count: number;
  minNanos: number | null;
  meanNanos: number | null;
  sigmaNanos: number | null;
  p50Nanos: number | null;
  p95Nanos: number | null;
  p99Nanos: number | null;
  maxNanos: number | null;
  /** Whether P99 can be trusted: at least 300 observations. */
  known: boolean;
}

export interface SessionRef { id: string; name: string; state: "live" | "saved" | "crashed" }
export interface SessionRow extends SessionRef { createdUnixNanos: string; sizeBytes: number }

/** What stands around every answer of `/views/`. */
export interface Envelope {
  view?: string;
  session: SessionRef;
  startUnixNanos: string;
  endNanos: number;
  atNanos: number;
  windowNanos: number;
  window: string;
  clock: string;
  filter: { model: string | null; variant: string | null };
  /** What the requests of the session have so far, whichever are asked for. */
  values: { model: RequestValue[]; variant: RequestValue[] };
  cut: string;
  final: boolean;
  revision: number;
  watermarkNanos: number;
  data?: unknown;
  views?: Record<string, any>;
}

export interface RequestValue { value: string; requests: number }
export interface Mark { atNanos: number; kind: string; text: string }
export interface Density { fromNanos: number; bucketNanos: number; counts: number[]; marks: Mark[] }

export interface RequestRow {
  trace: string;
  requestID: string;
  state: string;
  startNanos: number;
  endNanos: number | null;
  queueNanos: number | null;
  ttftNanos: number | null;
  tpotNanos: number | null;
  e2eNanos: number | null;
  inputTokens: number | null;
  cachedTokens: number | null;
  outputTokens: number | null;
  model: string | null;
  status: string;
  error: string | null;
  itlNanos: number[];
}

export interface TraceSpan {
  id: string;
  parent: string | null;
  name: string;
  operation: string;
  phase: string;
  layer: number | null;
  stage: number | null;
  link: string | { from: string; to: string } | null;
  device: number;
  depth: number;
  startNanos: number;
  endNanos: number | null;
  open: boolean;
  selfNanos: number | null;
  status: string;
  critical: boolean;
  attributes: Record<string, unknown>;
}
export interface Flow { from: string; to: string; transitNanos: number | null; errorNanos: number | null }
export interface Trace {
  trace: string;
  startUnixNanos: string;
  fromNanos: number;
  toNanos: number;
  devices: string[];
  spans: TraceSpan[];
  flows: Flow[];
  missingParents: number;
}

/** One row of bars of one device: spans by index, in time order, never overlapping. */
export interface Row { device: number; index: number; spans: number[]; starts: Float64Array; ends: Float64Array }
export interface Layout { rows: Row[]; rowOf: Int32Array; tracks: { device: number; first: number; count: number }[] }

/** An alert of `/alerts`. */
export interface AlertRow {
  rule: string;
  severity: "info" | "warn" | "critical";
  state: "pending" | "firing" | "resolved";
  sinceNanos: number;
  firedAtNanos: number | null;
  resolvedAtNanos: number | null;
  text: string;
}

/** Where the page looks: live (or the end of a saved session), or an instant. */
export type At = "live" | number;

export interface State {
  sessions: SessionRow[] | null;
  /** Id, name or "current". */
  session: string;
  view: string;
  at: At;
  playing: boolean;
  speed: number;
  window: string;
  /** Whose clock stamps stand on: raw or refit; empty means aligned. */
  clock: string;
  /** Only requests of this model, of this variant; empty means all. */
  model: string;
  variant: string;
  trace: string | null;
  selection: string | null;
  query: string;
  /** Evidence to highlight in the view: layer, link, device. */
  focus: string | null;
  range: [number, number] | null;
  diffA: string | null;
  diffB: string | null;
  timeFormat: "relative" | "local" | "utc";
  envelope: Envelope | null;
  views: Record<string, any>;
  density: Density | null;
  recent: RequestRow[] | null;
  alerts: AlertRow[] | null;
  connection: "connecting" | "open" | "lost";
  retryAtMs: number;
  /** A sentence about a request the server refused. */
  problem: string | null;
}
