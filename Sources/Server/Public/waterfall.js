// Waterfall: one request over its devices. Holds the range, the selection and the area; fetches the trace; draws through waterfall-draw.js.

import * as api from "./api.js";
import { aggregate } from "./aggregate.js";
import { clipTo, endOfSpan, layout, pan, rowTops, zoom } from "./waterfall-geometry.js";
import { createDrawer } from "./drawer.js";
import { RULER, drawMinimap } from "./waterfall-grid.js";
import { drawWaterfall } from "./waterfall-draw.js";
import { gestures } from "./waterfall-input.js";
import { h, setAttr, setText } from "./dom.js";
import { surface } from "./canvas.js";
import { isGrowing } from "./store.js";
import { duration } from "./format.js";
import { instantParameter } from "./time.js";
import { matcher, summary } from "./waterfall-words.js";

/** @typedef {import("./main.js").Context} Context */
/** @typedef {import("./types.js").Trace} Trace */

/** @type {string[]} */
export const needs = [];

/** @param {Context} context */
export function createWaterfall(context) {
  const store = context.store;
  const state = store.state;
  /** @type {Trace | null} */
  let whole = null;
  /** @type {import("./waterfall-draw.js").Scene | null} */
  let scene = null;
  let height = 0;
  /** @type {Map<string, number>} */
  let byId = new Map();
  /** @type {Map<string, number[]>} */
  let childrenOf = new Map();
  let shown = "";
  let drawerOpen = true;
  let figuresTimer = 0;
  let figuresFor = "";

  const title = h("span", { class: "title" });
  const about = h("span", { class: "small" });
  const older = h("button", { class: "square", type: "button", title: "Older request", "aria-label": "Older request", onclick: () => neighbour(1) }, "‹");
  const newer = h("button", { class: "square", type: "button", title: "Newer request", "aria-label": "Newer request", onclick: () => neighbour(-1) }, "›");
  const fitAll = h("button", { type: "button", title: "Fit the whole trace (0)", onclick: () => setRange(null) }, "Fit");
  const critical = h("button", { type: "button", title: "Critical path (C)", "aria-pressed": "true", onclick: () => toggleCritical() }, "Critical path");
  const mini = h("canvas", { class: "wf-mini", "aria-hidden": "true" });
  const plot = h("canvas", { class: "wf-plot", tabindex: "0", role: "application", "aria-label": "Waterfall: period and comma move along a row, U to the parent, W A S D zoom and pan" });
  const nothing = h("p", { class: "nothing" });
  const drawer = createDrawer({ select, filter: (name) => store.set({ query: state.query === name ? "" : name }), clearArea: () => setArea(null) });
  const element = h("div", { class: "view flush" }, h("div", { class: "wf" },
    h("div", { class: "wf-bar" }, older, newer, title, about, h("span", { class: "spacer" }), critical, fitAll), mini, plot, h("div", { class: "view", hidden: true }, nothing), drawer.element));
  const emptyBox = /** @type {HTMLElement} */ (nothing.parentElement);

  const redraw = surface(plot, (s) => {
    if (!scene) return;
    scene.gutter = s.width < 560 ? 64 : 112;
    scene.scroll = Math.max(0, Math.min(scene.scroll, height + RULER + 8 - s.height));
    drawWaterfall(s, scene);
  });
  const redrawMini = surface(mini, (s) => scene && drawMinimap(s, { ...scene, gutter: s.width < 560 ? 64 : 112 }));
  const draw = () => {
    redraw();
    redrawMini();
  };

  /**
   * Where a range may lie.
   * @param {Trace} trace
   * @returns {[number, number]}
   */
  const limits = (trace) => [trace.fromNanos, Math.max(trace.toNanos, trace.fromNanos + 1000)];
  /**
   * The whole trace with a little air at both ends.
   * @param {Trace} trace
   * @returns {[number, number]}
   */
  function full(trace) {
    const [from, to] = limits(trace);
    return [from - (to - from) * 0.004, to + (to - from) * 0.012];
  }

  /** Rebuilds the geometry from the trace as fetched and the instant shown. */
  function rebuild() {
    if (!whole) return;
    const trace = clipTo(whole, typeof state.at === "number" ? state.at : null);
    const placed = layout(trace);
    const { tops, height: all } = rowTops(placed);
    height = all;
    plot.style.height = `${all + RULER + 8}px`;
    byId = new Map(trace.spans.map((span, i) => [span.id, i]));
    childrenOf = new Map();
    trace.spans.forEach((span, i) => {
      if (span.parent === null) return;
      const list = childrenOf.get(span.parent);
      if (list) list.push(i);
      else childrenOf.set(span.parent, [i]);
    });
    const leaf = new Uint8Array(trace.spans.length);
    trace.spans.forEach((span, i) => {
      if (span.critical && !childrenOf.get(span.id)?.some((child) => trace.spans[child].critical)) leaf[i] = 1;
    });
    scene = {
      trace, layout: placed, tops, range: state.range ?? full(trace), gutter: scene?.gutter ?? 112, scroll: scene?.scroll ?? 0,
      selected: -1, hovered: -1, children: [], flows: [], indexOf: (id) => byId.get(id) ?? -1, matches: null, criticalLeaf: leaf,
      showCritical: scene?.showCritical ?? true, area: scene?.area ?? null, timeFormat: state.timeFormat, growing: isGrowing(state),
    };
    emptyBox.hidden = trace.spans.length > 0;
    if (trace.spans.length === 0) setText(nothing, "At this instant the request had not begun.");
    applySelection();
    applyQuery();
    describe();
    figuresFor = "";
    figures();
    draw();
  }

  function describe() {
    const trace = scene?.trace;
    const row = state.recent?.find((r) => r.trace === state.trace) ?? state.views.requests?.requests.find((/** @type {any} */ r) => r.trace === state.trace);
    setText(title, state.trace ? row?.requestID || `trace ${state.trace.slice(0, 16)}` : "Waterfall");
    setAttr(title, "title", state.trace ? `trace ${state.trace}` : null);
    if (!trace) return setText(about, "");
    setText(about, summary(trace, row));
  }

  function applySelection() {
    if (!scene) return;
    const index = state.selection === null ? -1 : byId.get(state.selection) ?? -1;
    scene.selected = index;
    scene.children = index >= 0 ? childrenOf.get(scene.trace.spans[index].id) ?? [] : [];
    const id = index >= 0 ? scene.trace.spans[index].id : "";
    scene.flows = index >= 0 ? scene.trace.flows.filter((flow) => flow.from === id || flow.to === id) : [];
    drawer.show(scene.trace, index, scene.indexOf);
    const span = scene.trace.spans[index];
    if (span) context.announce(`${span.name}, ${duration(endOfSpan(scene.trace, index) - span.startNanos).text}`);
  }

  function applyQuery() {
    if (scene) scene.matches = matcher(scene.trace, state.query);
  }

  /** Figures of the area, else of what is visible; after a pause, since they walk every span. */
  function figures() {
    window.clearTimeout(figuresTimer);
    figuresTimer = window.setTimeout(() => {
      if (!scene) return;
      const { area, trace, range, layout: placed, tops } = scene;
      const from = area ? Math.min(area.t0, area.t1) : Math.max(range[0], trace.fromNanos);
      const to = area ? Math.max(area.t0, area.t1) : Math.min(range[1], trace.toNanos);
      const key = `${from}|${to}|${area?.y0}|${area?.y1}|${trace.spans.length}`;
      if (key === figuresFor) return;
      figuresFor = key;
      const [low, high] = area ? [Math.min(area.y0, area.y1), Math.max(area.y0, area.y1)] : [-Infinity, Infinity];
      const inRow = (/** @type {number} */ i) => tops[placed.rowOf[i]] + 18 >= low && tops[placed.rowOf[i]] <= high;
      drawer.figures(aggregate(trace, { from, to, ...(area ? { inRow } : {}) }), { from, to, origin: trace.fromNanos, area: area !== null });
    }, 120);
  }

  /** @param {[number, number] | null} range null: all of it, and follow it while it grows */
  function setRange(range) {
    if (!scene) return;
    scene.range = range ?? full(scene.trace);
    draw();
    figures();
    store.set({ range });
  }

  /** @param {import("./waterfall-draw.js").Scene["area"]} area */
  function setArea(area) {
    if (!scene) return;
    scene.area = area;
    draw();
    figures();
  }

  /** @param {number} index */
  function select(index) {
    store.set({ selection: scene && index >= 0 ? scene.trace.spans[index].id : null });
  }

  /**
   * Selects and brings into sight.
   * @param {number} index
   */
  function reveal(index) {
    if (!scene || index < 0) return;
    select(index);
    const { trace, range } = scene;
    const [start, end] = [trace.spans[index].startNanos, endOfSpan(trace, index)];
    if (end < range[0] || start > range[1]) setRange(pan(range, (start + end) / 2 - (range[0] + range[1]) / 2, limits(trace)));
    const top = scene.tops[scene.layout.rowOf[index]];
    const room = plot.clientHeight - 60;
    if (top < scene.scroll) scene.scroll = top;
    else if (top > scene.scroll + room) scene.scroll = top - room;
    draw();
  }

  function toggleCritical() {
    if (!scene) return;
    scene.showCritical = !scene.showCritical;
    setAttr(critical, "aria-pressed", String(scene.showCritical));
    draw();
  }

  /** @param {number} by */
  function neighbour(by) {
    const list = state.recent ?? [];
    const at = list.findIndex((row) => row.trace === state.trace);
    const next = list[at + by];
    if (next) context.open({ trace: next.trace, selection: null, range: null });
  }

  let fetching = "";
  let loadAgain = false;
  async function load() {
    const { trace, session } = state;
    if (!trace) return;
    loadAgain = fetching === trace;
    if (loadAgain) return;
    fetching = trace;
    try {
      const answer = await api.trace(session, trace, { at: typeof state.at === "number" ? instantParameter(state.at) : "live", clock: state.clock });
      if (trace === state.trace && session === state.session) {
        whole = answer;
        rebuild();
      }
    } catch (error) {
      if (trace === state.trace) fail(/** @type {Error} */ (error).message);
    }
    fetching = "";
    // the instant moved on while this answer was under way
    if (loadAgain) load();
  }

  /** @param {string} message */
  function fail(message) {
    if (whole && scene) return;
    emptyBox.hidden = false;
    setText(nothing, message);
  }

  const input = gestures({
    plot, mini, scene: () => scene, limits, full, setRange, setArea, select, reveal, redraw: draw, height: () => height,
    childrenOf: (id) => childrenOf.get(id) ?? [], toggleCritical,
    toggleDrawer: () => {
      drawerOpen = !drawerOpen;
      drawer.element.hidden = !drawerOpen;
    },
  });

  window.setInterval(() => {
    if (state.view !== "waterfall" || document.hidden || state.connection === "lost") return;
    if (state.at === "live" && isGrowing(state) && (!whole || whole.spans.length === 0 || whole.spans.some((span) => span.open))) load();
  }, 1000);

  /**
   * @param {import("./types.js").State} s
   * @param {Set<string>} changed
   */
  function update(s, changed) {
    if (!s.trace && s.recent?.length) {
      // nothing chosen: the newest that has something to show
      const row = s.recent.find((r) => r.outputTokens) ?? s.recent[0];
      store.set({ trace: row.trace });
    }
    const key = `${s.session}|${s.trace}|${s.clock}`;
    if (key !== shown) {
      shown = key;
      whole = null;
      scene = null;
      drawer.show(null, -1, () => -1);
      fail(s.trace ? "Loading the trace…" : "No request has been recorded yet. Its waterfall appears here by itself.");
      describe();
      load();
    } else if (changed.has("at") && !whole) load();
    else if (changed.has("at") && whole) {
      // complete at the former instant and at this one: the picture is the same
      const complete = whole.spans.length > 0 && !whole.spans.some((span) => span.open);
      const same = complete && scene?.trace === whole && clipTo(whole, typeof s.at === "number" ? s.at : null) === whole;
      // cut to the instant at once; then the server's answer for it, which may know more than what was here
      if (!same) rebuild();
      if (!same) load();
    }
    if (!scene) return;
    if (changed.has("recent")) describe();
    if (changed.has("selection")) applySelection();
    if (changed.has("query")) applyQuery();
    if (changed.has("range")) scene.range = s.range ?? full(scene.trace);
    scene.timeFormat = s.timeFormat;
    if (["selection", "query", "range", "timeFormat"].some((part) => changed.has(part))) draw();
  }
  return { element, update, key: input.key, search: input.search };
}
