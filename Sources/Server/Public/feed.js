// Keeps the state's data in step with what the page looks at: a stream while time moves, single answers while it stands.
// At most one request per kind is under way; when the wish changed meanwhile, the newest wish goes next.

import * as api from "./api.js";
import { isGrowing, scopeOf, windowOf } from "./store.js";
import { instantParameter } from "./time.js";

/** @typedef {import("./store.js").Store} Store */

/** Interval of the visible view; digits change at most twice a second. */
const INTERVAL_MS = 500;
/** How many of the newest requests the cards and the waterfall's arrows look at. */
const RECENT = 60;
const BACKOFF_MS = [1000, 2000, 4000, 8000, 15000];

/**
 * @param {Store} store
 * @param {(view: string) => string[]} viewsNeeded names of the API's views that a page view draws
 */
export function startFeed(store, viewsNeeded) {
  const state = store.state;
  let stop = () => {};
  let generation = 0;
  let failures = 0;
  let retry = 0;
  /**
   * The instant that the running stream has written last: tells its own writes from a seek.
   * @type {number | null}
   */
  let streamed = null;
  let loaded = "";

  const names = () => ["overview", ...viewsNeeded(state.view).filter((name) => name !== "overview")];
  const at = () => (typeof state.at === "number" ? instantParameter(state.at) : "live");

  /** @param {import("./types.js").Envelope} envelope */
  function accept(envelope) {
    failures = 0;
    // "current" may have become another session
    const other = state.envelope !== null && state.envelope.session.id !== envelope.session.id;
    if (other) store.set({ views: {}, density: null, recent: null, alerts: null, model: "", variant: "" });
    const patch = { envelope, views: { ...state.views, ...envelope.views }, connection: /** @type {const} */ ("open"), problem: null };
    if (!state.playing) return store.set(patch);
    // caught up with the live edge, or at the end: follow it instead of chasing it
    const caughtUp = envelope.atNanos >= envelope.endNanos;
    streamed = envelope.atNanos;
    store.set(caughtUp ? { ...patch, playing: false, at: "live" } : { ...patch, at: envelope.atNanos });
  }

  function lost() {
    if (retry) return;
    stop();
    const delay = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)];
    failures += 1;
    store.set({ connection: "lost", retryAtMs: Date.now() + delay });
    retry = window.setTimeout(() => {
      retry = 0;
      refreshSessions();
      restart();
    }, delay);
  }

  /** @param {any} error */
  function failed(error) {
    if (error?.name === "AbortError") return;
    if (error instanceof api.ApiError && error.status > 0) store.set({ problem: error.message, connection: "open" });
    else lost();
  }

  /** Starts over with what the state asks for now. */
  function restart() {
    stop();
    stop = () => {};
    streamed = null;
    const mine = ++generation;
    if (!state.sessions || (state.sessions.length === 0 && state.session === "current")) return;
    const moving = state.playing || (state.at === "live" && isGrowing(state));
    if (!moving) return fetchOnce(mine);
    const query = {
      at: at(), views: names().join(","), window: windowOf(state), ...scopeOf(state), interval: INTERVAL_MS,
      ...(state.playing ? { speed: state.speed } : {}),
    };
    stop = api.stream(state.session, query, {
      snapshot: (envelope) => mine === generation && accept(envelope),
      end: () => {
        if (mine !== generation) return;
        if (state.playing) return store.set({ playing: false, at: "live" });
        // the session was closed: its state will say so, and the end is what there is to see
        window.setTimeout(() => refreshSessions().then(() => void (mine === generation && restart())), 1000);
      },
      lost: () => mine === generation && lost(),
      refused: (message) => {
        if (mine !== generation) return;
        store.set({ problem: message });
        window.setTimeout(() => mine === generation && restart(), 5000);
      },
    });
  }

  let fetching = false;
  let again = false;
  /** @param {number} mine */
  async function fetchOnce(mine) {
    if (fetching) {
      again = true;
      return;
    }
    fetching = true;
    const session = state.session;
    try {
      const envelope = await api.views(session, names(), { at: at(), window: windowOf(state), ...scopeOf(state) });
      if (session === state.session && (mine === generation || !state.playing)) accept(envelope);
    } catch (error) {
      if (session === state.session) failed(error);
    }
    fetching = false;
    if (again) {
      again = false;
      if (!state.playing) fetchOnce(generation);
    }
  }

  let densityUnderWay = "";
  /** Density and marks of the whole session: the scrubber's ground, whatever instant is shown. */
  async function refreshDensity() {
    const session = state.session;
    if (!state.sessions?.length || state.connection === "lost" || densityUnderWay === session) return;
    densityUnderWay = session;
    try {
      const envelope = await api.views(session, ["density"], { at: "live", window: "all" });
      if (session === state.session) store.set({ density: envelope.views?.density ?? null });
    } catch (error) {
      if (session === state.session) failed(error);
    }
    densityUnderWay = "";
  }

  let recentUnderWay = false;
  let recentAgain = false;
  async function refreshRecent() {
    const session = state.session;
    if (!["overview", "waterfall"].includes(state.view) || !state.sessions?.length || state.connection === "lost") return;
    recentAgain = recentUnderWay;
    if (recentUnderWay) return;
    recentUnderWay = true;
    try {
      const [recent, alerts] = await Promise.all([
        api.traces(session, { limit: RECENT, at: at(), ...scopeOf(state) }),
        state.view === "overview" ? api.alerts(session, { at: at(), model: state.model, variant: state.variant }) : state.alerts,
      ]);
      if (session === state.session) store.set({ recent, alerts });
    } catch (error) {
      if (session === state.session) failed(error);
    }
    recentUnderWay = false;
    if (recentAgain) refreshRecent();
  }

  async function refreshSessions() {
    try {
      const sessions = await api.sessions();
      const first = state.sessions === null || (state.sessions.length === 0 && sessions.length > 0);
      store.set({ sessions, connection: state.connection === "connecting" || !sessions.length ? "open" : state.connection });
      if (first && sessions.length) {
        refreshDensity();
        refreshRecent();
      }
    } catch (error) {
      failed(error);
    }
  }

  /** Whether the recent requests may have changed: polled slowly while time moves, at once after a jump. */
  let recentFor = "";
  store.subscribe((_, changed) => {
    if (changed.has("session")) store.set({ envelope: null, views: {}, density: null, recent: null, alerts: null, problem: null });
    const scope = Object.values(scopeOf(state)).join("|");
    const wish = [state.session, names().join(), windowOf(state), scope, state.playing, state.speed, isGrowing(state), state.sessions?.length].join("|");
    const seek = changed.has("at") && state.at !== streamed;
    if (wish !== loaded || seek) {
      loaded = wish;
      restart();
    }
    if (changed.has("session") || (!state.density && changed.has("envelope"))) refreshDensity();
    const recentWish = `${state.session}|${state.view}|${scope}|${state.playing ? "" : state.at}`;
    if (recentWish !== recentFor) {
      recentFor = recentWish;
      refreshRecent();
    }
  });

  window.setInterval(() => isGrowing(state) && refreshDensity(), 1000);
  window.setInterval(() => (state.playing || (state.at === "live" && isGrowing(state))) && refreshRecent(), 2000);
  window.setInterval(() => state.connection !== "lost" && refreshSessions(), 4000);
  refreshSessions();

  return {
    /** Tries at once instead of waiting for the countdown. */
    retryNow() {
      window.clearTimeout(retry);
      retry = 0;
      refreshSessions();
      restart();
    },
  };
}
