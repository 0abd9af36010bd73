// Pointer, wheel and keys of the waterfall, in the dialect that Perfetto's users have in their fingers.

import { BAR, endOfSpan, firstEndingAfter, pan, zoom } from "./waterfall-geometry.js";
import { RULER } from "./waterfall-grid.js";
import { duration } from "./format.js";
import { labelsOf } from "./waterfall-draw.js";

/**
 * @typedef {object} Target
 * @property {HTMLCanvasElement} plot
 * @property {HTMLCanvasElement} mini
 * @property {() => import("./waterfall-draw.js").Scene | null} scene
 * @property {(trace: import("./types.js").Trace) => [number, number]} limits
 * @property {(trace: import("./types.js").Trace) => [number, number]} full
 * @property {(range: [number, number] | null) => void} setRange
 * @property {(area: import("./waterfall-draw.js").Scene["area"]) => void} setArea
 * @property {(index: number) => void} select
 * @property {(index: number) => void} reveal
 * @property {() => void} redraw
 * @property {() => number} height
 * @property {(id: string) => number[]} childrenOf
 * @property {() => void} toggleCritical
 * @property {() => void} toggleDrawer
 */

/** Pixels that a pointer may move and still be a click. */
const CLICK = 4;

/** @param {Target} target */
export function gestures(target) {
  const { plot, mini } = target;
  let cursor = -1;

  /** @param {number} px @param {HTMLCanvasElement} [canvas] */
  function timeAt(px, canvas = plot) {
    const scene = target.scene();
    if (!scene) return 0;
    const [from, to] = canvas === mini ? target.limits(scene.trace) : scene.range;
    return from + ((px - scene.gutter) / Math.max(1, canvas.clientWidth - scene.gutter)) * (to - from);
  }

  /** @param {number} px @param {number} py */
  function spanAt(px, py) {
    const scene = target.scene();
    if (!scene || py < RULER || px < scene.gutter) return -1;
    const y = py - RULER + scene.scroll;
    const t = timeAt(px);
    const reach = (timeAt(px + 3) - t);
    for (const row of scene.layout.rows) {
      if (y < scene.tops[row.index] || y > scene.tops[row.index] + BAR) continue;
      const k = firstEndingAfter(row, t - reach);
      return k < row.starts.length && row.starts[k] <= t + reach ? row.spans[k] : -1;
    }
    return -1;
  }

  /** @param {number} factor */
  function zoomBy(factor, centre = cursor) {
    const scene = target.scene();
    if (!scene) return;
    const at = centre > scene.gutter ? timeAt(centre) : (scene.range[0] + scene.range[1]) / 2;
    target.setRange(zoom(scene.range, at, factor, target.limits(scene.trace)));
  }

  /** @param {number} share of what is visible */
  function panBy(share) {
    const scene = target.scene();
    if (scene) target.setRange(pan(scene.range, share * (scene.range[1] - scene.range[0]), target.limits(scene.trace)));
  }

  plot.addEventListener("wheel", (event) => {
    const scene = target.scene();
    if (!scene) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 16 : 1;
    if (event.ctrlKey || event.metaKey) return zoomBy(Math.exp(Math.max(-60, Math.min(60, event.deltaY * unit)) * 0.008), event.offsetX);
    const sideways = event.shiftKey ? event.deltaY + event.deltaX : event.deltaX;
    if (Math.abs(sideways) > 0) panBy((sideways * unit) / plot.clientWidth);
    if (!event.shiftKey && event.deltaY !== 0) {
      scene.scroll = Math.max(0, scene.scroll + event.deltaY * unit);
      target.redraw();
    }
  }, { passive: false });

  /** @type {Map<number, {x: number, y: number}>} */
  const fingers = new Map();
  /** @type {{x: number, y: number, range: [number, number], scroll: number, mode: "area" | "pan", moved: boolean} | null} */
  let drag = null;
  plot.addEventListener("pointerdown", (event) => {
    const scene = target.scene();
    if (!scene || event.button !== 0) return;
    plot.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    const touch = event.pointerType === "touch";
    drag = { x: event.offsetX, y: event.offsetY, range: scene.range, scroll: scene.scroll, mode: touch || event.shiftKey ? "pan" : "area", moved: false };
  });
  plot.addEventListener("pointermove", (event) => {
    const scene = target.scene();
    if (!scene) return;
    cursor = event.offsetX;
    const finger = fingers.get(event.pointerId);
    if (finger && fingers.size === 2) return pinch(event, finger);
    if (!drag || !finger) return hover(event);
    if (Math.hypot(event.offsetX - drag.x, event.offsetY - drag.y) > CLICK) drag.moved = true;
    if (!drag.moved) return;
    if (drag.mode === "pan") {
      const scale = (drag.range[1] - drag.range[0]) / Math.max(1, plot.clientWidth - scene.gutter);
      scene.scroll = Math.max(0, drag.scroll - (event.offsetY - drag.y));
      target.setRange(pan(drag.range, (drag.x - event.offsetX) * scale, target.limits(scene.trace)));
    } else {
      const y = (/** @type {number} */ py) => Math.max(0, py - RULER + scene.scroll);
      // a drag on the ruler means every row
      const all = drag.y < RULER;
      target.setArea({ t0: timeAt(drag.x), t1: timeAt(event.offsetX), y0: all ? 0 : y(drag.y), y1: all ? target.height() : y(event.offsetY) });
    }
  });

  /** @param {PointerEvent} event @param {{x: number, y: number}} finger */
  function pinch(event, finger) {
    const scene = target.scene();
    const other = [...fingers.entries()].find(([id]) => id !== event.pointerId)?.[1];
    if (!scene || !other) return;
    const before = Math.max(8, Math.abs(finger.x - other.x));
    finger.x = event.offsetX;
    finger.y = event.offsetY;
    zoomBy(before / Math.max(8, Math.abs(finger.x - other.x)), (finger.x + other.x) / 2);
    if (drag) drag.moved = true;
  }

  /** @param {PointerEvent} event */
  function hover(event) {
    const scene = target.scene();
    if (!scene) return;
    const index = spanAt(event.offsetX, event.offsetY);
    if (index === scene.hovered) return;
    scene.hovered = index;
    plot.style.cursor = index >= 0 ? "pointer" : "default";
    const span = scene.trace.spans[index];
    plot.title = span ? `${labelsOf(span)[0]}, ${duration(endOfSpan(scene.trace, index) - span.startNanos).text}` : "";
    target.redraw();
  }

  const release = (/** @type {PointerEvent} */ event) => {
    fingers.delete(event.pointerId);
    if (drag && !drag.moved && event.type === "pointerup") {
      target.setArea(null);
      target.select(spanAt(event.offsetX, event.offsetY));
    }
    if (fingers.size === 0) drag = null;
  };
  plot.addEventListener("pointerup", release);
  plot.addEventListener("pointercancel", release);
  plot.addEventListener("dblclick", (event) => {
    if (spanAt(event.offsetX, event.offsetY) >= 0) fitSelection();
  });

  /** @type {number | null} */
  let miniFrom = null;
  mini.addEventListener("pointerdown", (event) => {
    mini.setPointerCapture(event.pointerId);
    miniFrom = event.offsetX;
    slide(event);
  });
  mini.addEventListener("pointermove", (event) => event.buttons & 1 && slide(event));
  mini.addEventListener("pointerup", () => (miniFrom = null));
  mini.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomBy(Math.exp(event.deltaY * 0.004), -1);
  }, { passive: false });
  /**
   * A click centres the range, a drag draws a new one.
   * @param {PointerEvent} event
   */
  function slide(event) {
    const scene = target.scene();
    if (!scene || miniFrom === null) return;
    const [a, b] = [timeAt(Math.min(miniFrom, event.offsetX), mini), timeAt(Math.max(miniFrom, event.offsetX), mini)];
    if (Math.abs(event.offsetX - miniFrom) > CLICK) return target.setRange([a, b]);
    target.setRange(pan(scene.range, a - (scene.range[0] + scene.range[1]) / 2, target.limits(scene.trace)));
  }

  function fitSelection() {
    const scene = target.scene();
    if (!scene || scene.selected < 0) return;
    const [start, end] = [scene.trace.spans[scene.selected].startNanos, endOfSpan(scene.trace, scene.selected)];
    const air = Math.max(200, (end - start) * 0.08);
    target.setRange([start - air, end + air]);
    target.reveal(scene.selected);
  }

  /** @param {number} by */
  function alongRow(by) {
    const scene = target.scene();
    if (!scene) return;
    if (scene.selected < 0) return target.reveal(scene.layout.rows[0]?.spans[0] ?? -1);
    const row = scene.layout.rows[scene.layout.rowOf[scene.selected]];
    target.reveal(row.spans[row.spans.indexOf(scene.selected) + by] ?? -1);
  }

  /** @param {boolean} on */
  function alongFlow(on) {
    const scene = target.scene();
    if (!scene || scene.selected < 0) return;
    const id = scene.trace.spans[scene.selected].id;
    const flow = scene.flows.find((f) => (on ? f.from : f.to) === id);
    if (flow) target.reveal(scene.indexOf(on ? flow.to : flow.from));
  }

  /** @param {number} by */
  function search(by) {
    const scene = target.scene();
    if (!scene?.matches) return;
    const count = scene.trace.spans.length;
    let k = scene.selected < 0 ? (by > 0 ? -1 : count) : scene.selected;
    for (let steps = 0; steps < count; steps += 1) {
      k = (k + by + count) % count;
      if (scene.matches(k)) return target.reveal(k);
    }
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the key was meant for the waterfall
   */
  function key(event) {
    const scene = target.scene();
    if (!scene) return false;
    const much = event.shiftKey ? 3 : 1;
    const parent = scene.selected >= 0 ? scene.trace.spans[scene.selected].parent : null;
    /** @type {Record<string, () => void>} */
    const byCode = {
      KeyW: () => zoomBy(0.8 ** much), KeyS: () => zoomBy(1.25 ** much), KeyA: () => panBy(-0.12 * much), KeyD: () => panBy(0.12 * much),
      ArrowLeft: () => panBy(-0.12 * much), ArrowRight: () => panBy(0.12 * much),
      ArrowUp: () => { scene.scroll = Math.max(0, scene.scroll - 38 * much); target.redraw(); },
      ArrowDown: () => { scene.scroll += 38 * much; target.redraw(); },
      Digit0: () => target.setRange(null), KeyF: fitSelection, KeyC: target.toggleCritical, KeyQ: target.toggleDrawer,
      KeyU: () => parent !== null && target.reveal(scene.indexOf(parent)),
      KeyR: () => {
        if (scene.selected >= 0) target.setArea({ t0: scene.trace.spans[scene.selected].startNanos, t1: endOfSpan(scene.trace, scene.selected), y0: 0, y1: target.height() });
      },
    };
    /** @type {Record<string, () => void>} */
    const byKey = { ".": () => alongRow(1), ",": () => alongRow(-1), "]": () => alongFlow(true), "[": () => alongFlow(false) };
    const action = byKey[event.key] ?? byCode[event.code];
    if (event.key === "Escape") {
      if (scene.area) target.setArea(null);
      else target.select(-1);
      return true;
    }
    action?.();
    return action !== undefined;
  }
  return { key, search };
}
