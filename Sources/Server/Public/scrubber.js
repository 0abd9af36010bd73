// The time scrubber: where in the session the page stands, how fast it plays, and how far back each view looks.

import { h, icon, setAttr, setText } from "./dom.js";
import { surface } from "./canvas.js";
import { colour, mix } from "./theme.js";
import { clock, multiples, niceStep } from "./time.js";
import { endOf, instantOf, isGrowing, windowOf } from "./store.js";

/** @typedef {import("./store.js").Store} Store */

export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 25, 50, 100, 250, 1000];
const WINDOWS = [["100", "100 samples"], ["1m", "1 min"], ["5m", "5 min"], ["all", "session"]];
const PLAY = "M5 3.500v9l7-4.500z";
const PAUSE = "M5.500 3.500v9M10.500 3.500v9";
/** So near the right end that the end is meant. */
const SNAP_PX = 7;

/** @param {Store} store */
export function createScrubber(store) {
  const state = store.state;
  const track = h("canvas", { class: "track", tabindex: "0", role: "slider", "aria-label": "Instant in the session", "aria-valuemin": "0" });
  const play = h("button", { class: "square", type: "button", onclick: () => actions.toggle() });
  let playing = /** @type {boolean | null} */ (null);
  const speed = h("select", { "aria-label": "Speed", title: "Speed of play (J slower, L faster)", onchange: () => store.set({ speed: Number(speed.value) }) },
    ...SPEEDS.map((s) => h("option", { value: s }, `${s}×`)));
  const window = h("select", { "aria-label": "Window", title: "How far back every view looks", onchange: () => store.set({ window: window.value }) },
    ...WINDOWS.map(([value, label]) => h("option", { value }, label)));
  const edge = h("button", { type: "button", onclick: () => actions.end() });
  const now = h("span");
  const whole = h("span", { class: "whole" });
  const element = [
    h("div", { class: "buttons" },
      h("button", { class: "square step", type: "button", title: "Start (Home)", "aria-label": "To the start", onclick: () => actions.seek(0) }, icon("M4 3.500v9M12 3.500v9l-6-4.500z")),
      h("button", { class: "square step", type: "button", title: "One second back", "aria-label": "One second back", onclick: () => actions.step(-1) }, icon("M11 3.500v9l-6-4.500z")),
      play,
      h("button", { class: "square step", type: "button", title: "One second on", "aria-label": "One second on", onclick: () => actions.step(1) }, icon("M5 3.500v9l6-4.500zM12 3.500v9"))),
    speed, track, window, h("div", { class: "edge" }, edge, h("div", { class: "num" }, now, whole)),
  ];

  const actions = {
    /** @param {number} nanos */
    seek(nanos) {
      const end = endOf(state);
      const at = Math.round(Math.max(0, Math.min(end, nanos)));
      store.set(at >= end ? { at: "live", playing: false } : { at });
    },
    /** @param {number} seconds */
    step: (seconds) => actions.seek(instantOf(state) + seconds * 1e9),
    end: () => store.set({ at: "live", playing: false }),
    toggle() {
      if (state.playing) store.set({ playing: false });
      else if (state.at !== "live") store.set({ playing: true });
      // live: hold this instant; at the end of a saved session: play it from its start
      else if (isGrowing(state)) store.set({ at: instantOf(state) });
      else store.set({ at: 0, playing: true });
    },
    /** @param {number} by */
    faster(by) {
      const k = SPEEDS.indexOf(state.speed) + by;
      const next = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, k))];
      store.set({ speed: next, ...(state.at !== "live" ? { playing: true } : {}) });
    },
    pause: () => store.set(state.playing || state.at !== "live" ? { playing: false } : { at: instantOf(state) }),
  };

  let width = 1;
  /** @type {number | null} */
  let hover = null;
  const span = () => Math.max(endOf(state), 1e9);
  const redraw = surface(track, (s) => {
    width = s.width;
    draw(s, state, span(), hover);
  });

  /** @param {PointerEvent} event */
  function drag(event) {
    if (!state.envelope) return;
    const x = event.offsetX;
    if (x >= width - SNAP_PX) actions.end();
    else store.set({ at: Math.round(Math.max(0, Math.min(1, x / width)) * span()) });
  }
  track.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    track.setPointerCapture(event.pointerId);
    drag(event);
  });
  track.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    hover = event.offsetX;
    if (event.buttons & 1) drag(event);
    const mark = markNear(state.density?.marks ?? [], (hover / width) * span(), (5 / width) * span());
    setAttr(track, "title", mark ? `${clock(mark.atNanos)} ${mark.text}` : null);
    redraw();
  });
  track.addEventListener("pointerleave", () => {
    hover = null;
    redraw();
  });
  track.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    /** @type {Record<string, number>} */
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
    actions.step(steps[event.key] * (event.shiftKey ? 10 : 1));
  });

  function update() {
    const atEnd = state.at === "live";
    const growing = isGrowing(state);
    const lost = state.connection === "lost";
    setText(edge, atEnd ? (growing ? "LIVE" : "END") : "REPLAY");
    edge.className = atEnd ? (growing && !lost ? "live" : "end") : "";
    edge.title = atEnd ? (growing ? "Following the newest events" : "The session's end") : growing ? "Back to live (End)" : "To the session's end (End)";
    const at = instantOf(state);
    setText(now, state.envelope ? clock(at) : "");
    setText(whole, state.envelope ? ` / ${clock(endOf(state), 0)}` : "");
    const envelope = state.envelope;
    setAttr(now, "title", !envelope ? null : envelope.final ? "final: later events cannot change it" : `provisional: complete up to ${clock(envelope.watermarkNanos, 3)}`);
    if (playing !== state.playing) {
      playing = state.playing;
      play.replaceChildren(icon(playing ? PAUSE : PLAY));
    }
    const name = state.playing ? "Pause" : atEnd && growing ? "Hold this instant" : "Play";
    setAttr(play, "aria-label", name);
    setAttr(play, "title", `${name} (Space)`);
    if (speed.value !== String(state.speed)) speed.value = String(state.speed);
    if (window.value !== windowOf(state)) window.value = windowOf(state);
    setAttr(track, "aria-valuemax", String(Math.round(span() / 1e6)));
    setAttr(track, "aria-valuenow", String(Math.round(at / 1e6)));
    setAttr(track, "aria-valuetext", atEnd ? (growing ? "live" : "end of the session") : clock(at));
    redraw();
  }
  return { element, update, actions };
}

/**
 * @param {import("./types.js").Mark[]} marks
 * @param {number} at
 * @param {number} within
 */
function markNear(marks, at, within) {
  return marks.find((mark) => Math.abs(mark.atNanos - at) <= within);
}

/**
 * @param {import("./canvas.js").Surface} surface
 * @param {import("./types.js").State} state
 * @param {number} span
 * @param {number | null} hover
 */
function draw({ context, width, height }, state, span, hover) {
  const x = (/** @type {number} */ t) => (t / span) * width;
  const floor = height - 14;
  context.fillStyle = colour("raised");
  context.fillRect(0, 0, width, floor);
  const density = state.density;
  const at = state.at === "live" ? span : state.at;
  const hue = colour(state.at !== "live" ? "warn" : isGrowing(state) && state.connection !== "lost" ? "live" : "muted");
  if (density) {
    const most = Math.max(1, ...density.counts);
    // square root: a quiet stretch stays visible beside a busy one
    const bar = (/** @type {number} */ count) => Math.sqrt(count / most) * (floor - 4);
    density.counts.forEach((count, i) => {
      if (count === 0) return;
      const from = density.fromNanos + i * density.bucketNanos;
      const left = x(from);
      const past = from <= at;
      context.fillStyle = past ? mix(colour("muted"), colour("raised"), 0.75) : mix(colour("muted"), colour("raised"), 0.3);
      context.fillRect(left, floor - bar(count), Math.max(1, x(from + density.bucketNanos) - left - 0.4), bar(count));
    });
  }
  const windowNanos = state.envelope?.windowNanos ?? 0;
  const from = Math.max(0, at - windowNanos);
  context.globalAlpha = 0.13;
  context.fillStyle = hue;
  context.fillRect(x(from), 0, x(at) - x(from), floor);
  context.globalAlpha = 1;
  for (const mark of density?.marks ?? []) {
    context.fillStyle = colour(mark.kind === "mark" ? "ink" : mark.kind === "damage" ? "error" : "warn");
    const left = Math.round(x(mark.atNanos));
    context.fillRect(left, 0, 1, floor);
    context.beginPath();
    context.moveTo(left - 3.5, 0);
    context.lineTo(left + 4.5, 0);
    context.lineTo(left + 0.5, 6);
    context.fill();
  }
  context.textBaseline = "top";
  context.textAlign = "center";
  context.fillStyle = colour("muted");
  const step = niceStep(span, width / 80);
  for (const t of multiples(0, span, step)) {
    if (x(t) > width - 18) continue;
    context.fillRect(Math.round(x(t)), floor, 1, 3);
    const text = clock(t, step < 1e9 ? 1 : 0);
    context.fillText(text, Math.max(context.measureText(text).width / 2, x(t)), floor + 4);
  }
  if (hover !== null) {
    context.fillStyle = colour("ink");
    context.globalAlpha = 0.5;
    context.fillRect(Math.round(hover), 0, 1, floor);
    context.globalAlpha = 1;
    const label = clock((hover / width) * span);
    const half = context.measureText(label).width / 2 + 4;
    const middle = Math.max(half, Math.min(width - half, hover));
    context.fillStyle = colour("ground");
    context.fillRect(middle - half, floor + 1, half * 2, 13);
    context.fillStyle = colour("ink");
    context.fillText(label, middle, floor + 4);
  }
  context.fillStyle = hue;
  const handle = Math.min(width - 2, Math.max(0, x(at) - 1));
  context.fillRect(handle, 0, 2, floor + 2);
  context.fillRect(Math.max(0, Math.min(width - 8, handle - 3)), floor - 3, 8, 6);
}
