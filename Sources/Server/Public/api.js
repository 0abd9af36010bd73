// All network of the page. Every other module works on values.

/** @typedef {import("./types.js").Envelope} Envelope */
/** @typedef {{clock?: string, model?: string, variant?: string}} Scope whose clock and which requests */

/** An answer that is not 2xx, or no answer (`status` 0). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * @param {string} path
 * @param {Record<string, string | number | null | undefined>} [query]
 */
function address(path, query = {}) {
  const parts = [];
  for (const [key, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") continue;
    // a comma separates view names: it must stay one
    parts.push(`${key}=${encodeURIComponent(String(value)).replaceAll("%2C", ",")}`);
  }
  return parts.length ? `${path}?${parts.join("&")}` : path;
}

/**
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
async function get(url, signal) {
  let response;
  try {
    response = await fetch(url, { signal, headers: { accept: "application/json" } });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "unreachable", "The server does not answer.");
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null) return body;
  throw new ApiError(response.status, body?.error?.code ?? "error", body?.error?.message ?? `The server answered ${response.status}.`);
}

/** @param {string} session */
const root = (session) => `/api/sessions/${encodeURIComponent(session)}`;

/** Every session the server knows. */
export const sessions = (/** @type {AbortSignal=} */ signal) => get("/api/sessions", signal).then((body) => body.sessions);

/**
 * Several views at one instant; `views` is always filled, whichever form the server chose.
 * @param {string} session
 * @param {string[]} names
 * @param {{at: string, window: string} & Scope} query
 * @param {AbortSignal} [signal]
 * @returns {Promise<Envelope>}
 */
export async function views(session, names, query, signal) {
  return unfold(await get(address(`${root(session)}/views/${names.join(",")}`, query), signal));
}

/**
 * One view answers under `data`, several under `views`: make it always the latter.
 * @param {Envelope} envelope
 * @returns {Envelope}
 */
function unfold(envelope) {
  if (!envelope.views && envelope.view) envelope.views = { [envelope.view]: envelope.data };
  return envelope;
}

/**
 * The newest requests at an instant.
 * @param {string} session
 * @param {{limit: number, at: string} & Scope} query
 * @param {AbortSignal} [signal]
 */
export const traces = (session, query, signal) =>
  get(address(`${root(session)}/traces`, query), signal).then((body) => body.requests);

/**
 * The alerts as they stood at an instant.
 * @param {string} session
 * @param {{at: string} & Scope} query
 * @param {AbortSignal} [signal]
 * @returns {Promise<import("./types.js").AlertRow[]>}
 */
export const alerts = (session, query, signal) =>
  get(address(`${root(session)}/alerts`, query), signal).then((body) => body.data?.alerts ?? []);

/**
 * One trace with all its spans, as it stood at `at`.
 * @param {string} session
 * @param {string} trace
 * @param {{at: string, clock?: string}} query
 * @param {AbortSignal} [signal]
 */
export const trace = (session, trace, query, signal) =>
  get(address(`${root(session)}/traces/${encodeURIComponent(trace)}`, query), signal);

/**
 * What `spanreel diff --json` prints.
 * @param {string} a
 * @param {string} b
 * @param {AbortSignal} [signal]
 */
export const diff = (a, b, signal) => get(address("/api/diff", { a, b }), signal);

/**
 * Follows views; returns the function that ends it. A broken connection is reported once: the caller decides when to retry.
 * @param {string} session
 * @param {{at: string, speed?: number, views: string, window: string, interval: number} & Scope} query
 * @param {{snapshot: (envelope: Envelope) => void, end: () => void, lost: () => void, refused: (message: string) => void}} on
 */
export function stream(session, query, on) {
  const source = new EventSource(address(`${root(session)}/stream`, query));
  source.addEventListener("snapshot", (event) => on.snapshot(unfold(JSON.parse(event.data))));
  source.addEventListener("end", () => {
    source.close();
    on.end();
  });
  // the browser's own failure and the server's `event: error` share a name; only the latter carries data
  source.addEventListener("error", (event) => {
    source.close();
    const data = /** @type {MessageEvent} */ (event).data;
    if (!data) return on.lost();
    const body = JSON.parse(data);
    on.refused(body.error?.message ?? String(body.error));
  });
  return () => source.close();
}
