// The state that a link carries, in the hash: #s=demo&view=waterfall&at=12.5s&trace=... Pure but for the two last functions.

import { instantParameter, parseInstant } from "./time.js";

/** @typedef {import("./types.js").State} State */

const WINDOWS = ["100", "1m", "5m", "all"];
const CLOCKS = ["raw", "refit"];

/**
 * @param {State} state
 * @returns {string} without the leading #
 */
export function encode(state) {
  const parts = new URLSearchParams();
  if (state.session !== "current") parts.set("s", state.session);
  parts.set("view", state.view);
  if (typeof state.at === "number" && !state.playing) parts.set("at", instantParameter(state.at).replace(/\.?0+s$/, "s"));
  if (state.window) parts.set("window", state.window);
  if (state.clock) parts.set("clock", state.clock);
  if (state.model) parts.set("model", state.model);
  if (state.variant) parts.set("variant", state.variant);
  if (state.focus) parts.set("focus", state.focus);
  if (state.view === "waterfall") {
    if (state.trace) parts.set("trace", state.trace);
    if (state.selection) parts.set("sel", state.selection);
    if (state.range) {
      parts.set("t0", String(Math.round(state.range[0])));
      parts.set("t1", String(Math.round(state.range[1])));
    }
  }
  if (state.query) parts.set("q", state.query);
  if (state.view === "diff") {
    if (state.diffA) parts.set("a", state.diffA);
    if (state.diffB) parts.set("b", state.diffB);
  }
  return parts.toString();
}

/**
 * What a hash asks for; unknown or malformed parts are left out.
 * @param {string} hash with or without #
 * @param {string[]} viewNames
 * @returns {Partial<State>}
 */
export function decode(hash, viewNames) {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  /** @type {Partial<State>} */
  const out = {
    session: parts.get("s") || "current",
    trace: parts.get("trace"),
    selection: parts.get("sel"),
    query: parts.get("q") ?? "",
    focus: parts.get("focus"),
    model: parts.get("model") ?? "",
    variant: parts.get("variant") ?? "",
    diffA: parts.get("a"),
    diffB: parts.get("b"),
  };
  const view = parts.get("view") ?? (out.trace ? "waterfall" : "overview");
  out.view = viewNames.includes(view) ? view : "overview";
  const at = parts.get("at");
  const instant = at && at !== "live" && !at.startsWith("-") ? parseInstant(at, 0) : null;
  out.at = instant ?? "live";
  const window = parts.get("window");
  out.window = window && WINDOWS.includes(window) ? window : "";
  const clock = parts.get("clock");
  out.clock = clock && CLOCKS.includes(clock) ? clock : "";
  const t0 = Number(parts.get("t0") ?? NaN);
  const t1 = Number(parts.get("t1") ?? NaN);
  out.range = Number.isFinite(t0) && Number.isFinite(t1) && t1 > t0 ? [t0, t1] : null;
  return out;
}

/** @param {string} encoded */
export function writeHash(encoded) {
  if (location.hash.slice(1) !== encoded) history.replaceState(null, "", `#${encoded}`);
}

/**
 * Like writeHash, with an entry to go back to.
 * @param {string} encoded
 */
export function pushHash(encoded) {
  if (location.hash.slice(1) !== encoded) history.pushState(null, "", `#${encoded}`);
}
