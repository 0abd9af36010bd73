// The one state of the page. Modules read it, patch it, and are told once per frame that it changed.
// What can be computed from it (is this live? which instant?) is computed here, never stored.

/** @typedef {import("./types.js").State} State */

/** @returns {State} */
export function initialState() {
  return {
    sessions: null, session: "current", view: "overview", at: "live", playing: false, speed: 1, window: "", clock: "", model: "", variant: "", trace: null,
    selection: null, query: "", focus: null, range: null, diffA: null, diffB: null, timeFormat: "relative",
    envelope: null, views: {}, density: null, recent: null, alerts: null, connection: "connecting", retryAtMs: 0, problem: null,
  };
}

/** @param {State} state */
export function createStore(state) {
  /** @type {Set<(state: State, changed: Set<string>) => void>} */
  const listeners = new Set();
  /** @type {Set<string>} */
  let changed = new Set();
  let pending = false;

  function announce() {
    pending = false;
    const what = changed;
    changed = new Set();
    for (const listener of listeners) listener(state, what);
  }

  return {
    get state() {
      return state;
    },
    /**
     * Merges a patch; listeners hear of it in one go before the next frame.
     * @param {Partial<State>} patch
     */
    set(patch) {
      for (const [key, value] of Object.entries(patch)) {
        if (/** @type {any} */ (state)[key] === value) continue;
        /** @type {any} */ (state)[key] = value;
        changed.add(key);
      }
      if (changed.size && !pending) {
        pending = true;
        // a hidden page gets no frames, yet its state has to follow
        queueMicrotask(announce);
      }
    },
    /** @param {(state: State, changed: Set<string>) => void} listener */
    subscribe(listener) {
      listeners.add(listener);
    },
  };
}

/** @typedef {ReturnType<typeof createStore>} Store */

/**
 * The session shown, as the list knows it or as the last answer said.
 * @param {State} state
 */
export function currentSession(state) {
  return state.envelope?.session ?? state.sessions?.find((s) => s.id === state.session || s.name === state.session) ?? null;
}

/**
 * The window asked for: 100 samples while live, the whole of a saved session, unless chosen.
 * @param {State} state
 */
export function windowOf(state) {
  if (state.window) return state.window;
  return isGrowing(state) ? "100" : "all";
}

/** The state of a session that is opened: nothing of another one stays. */
export const FRESH = Object.freeze({ at: /** @type {const} */ ("live"), playing: false, trace: null, selection: null, range: null, focus: null, window: "", model: "", variant: "" });

/**
 * Whose clock and which requests: what every question about the session carries.
 * @param {State} state
 */
export const scopeOf = (state) => ({ clock: state.clock, model: state.model, variant: state.variant });

/**
 * Whether the session still receives events.
 * @param {State} state
 */
export function isGrowing(state) {
  const id = state.session === "current" ? state.envelope?.session.id : state.session;
  const listed = state.sessions?.find((s) => s.id === id || s.name === id);
  if (listed) return listed.state === "live";
  if (state.envelope) return state.envelope.session.state === "live";
  return state.sessions?.some((s) => s.state === "live") ?? false;
}

/**
 * The end of the session so far.
 * @param {State} state
 */
export function endOf(state) {
  return Math.max(state.envelope?.endNanos ?? 0, state.at === "live" ? state.envelope?.atNanos ?? 0 : 0);
}

/**
 * The instant shown: the one asked for, or that of the newest answer.
 * @param {State} state
 */
export function instantOf(state) {
  return typeof state.at === "number" ? state.at : state.envelope?.atNanos ?? 0;
}

/**
 * The time axis every chart shares.
 * @param {State} state
 * @returns {{from: number, to: number}}
 */
export function axisOf(state) {
  const to = state.envelope?.atNanos ?? 0;
  const from = Math.max(0, to - (state.envelope?.windowNanos ?? 0));
  return { from, to: Math.max(to, from + 1e6) };
}
