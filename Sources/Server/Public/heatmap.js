// Layer over time as a grid of one hue: the darker (or lighter, on dark ground) the slower. Scale from P2 to P98 of the cells.

import { h, setText } from "./dom.js";
import { surface } from "./canvas.js";
import { cross, ruler } from "./charts.js";
import { followPointer, hovered, onHover } from "./crosshair.js";
import { DASH, duration } from "./format.js";
import { colour, mix } from "./theme.js";
import { clock } from "./time.js";

const LEFT = 36;
const RULER = 18;

/** @typedef {{phase: string, fromNanos: number, bucketNanos: number, buckets: number, rows: {layer: number, meanNanos: (number | null)[]}[]}} Heat */

export function heatmap() {
  const canvas = h("canvas", { class: "heat", role: "img", "aria-label": "Mean time per layer over time" });
  const low = h("span", { class: "num" });
  const high = h("span", { class: "num" });
  const key = h("canvas", { "aria-hidden": "true" });
  const cell = h("span", { class: "small" });
  const nothing = h("p", { class: "nothing" }, "No layer has run in this window.");
  const title = h("h2", null, "Mean time per layer over time");
  const element = h("section", { class: "panel" }, h("div", { class: "panel-head" }, title, cell, h("div", { class: "scale" }, low, key, high)), canvas, nothing);
  /** @type {Heat | null} */
  let heat = null;
  let axis = { from: 0, to: 1 };
  let focus = /** @type {string | null} */ (null);
  let range = [0, 1];
  let row = -1;
  let plotRight = 1;
  let rowHeight = 8;

  const shade = (/** @type {number} */ share) => mix(colour("layer"), colour("raised"), 0.12 + 0.88 * Math.max(0, Math.min(1, share)));
  const redraw = surface(canvas, ({ context, width, height }) => {
    if (!heat || heat.rows.length === 0) return;
    plotRight = width - 8;
    const floor = height - RULER;
    rowHeight = floor / heat.rows.length;
    const x = (/** @type {number} */ t) => LEFT + ((t - axis.from) / (axis.to - axis.from)) * (plotRight - LEFT);
    heat.rows.forEach((line, i) => {
      line.meanNanos.forEach((mean, k) => {
        if (mean === null || !heat) return;
        const left = x(heat.fromNanos + k * heat.bucketNanos);
        const right = x(heat.fromNanos + (k + 1) * heat.bucketNanos);
        context.fillStyle = shade((mean - range[0]) / (range[1] - range[0]));
        context.fillRect(left, i * rowHeight, Math.max(0.8, right - left + 0.3), Math.max(0.8, rowHeight - 1));
      });
      const every = Math.ceil(13 / rowHeight);
      const marked = focus === String(line.layer);
      if (i % every === 0 || marked) {
        context.textAlign = "right";
        context.textBaseline = "middle";
        context.fillStyle = colour(marked ? "warn" : "muted");
        if (marked || focus === null || Math.abs(Number(focus) - line.layer) >= every) context.fillText(String(line.layer), LEFT - 8, (i + 0.5) * rowHeight);
      }
    });
    ruler(context, axis, LEFT, plotRight, floor, floor);
    cross(context, axis, LEFT, plotRight, 0, floor);
  });
  const redrawKey = surface(key, ({ context, width, height }) => {
    for (let i = 0; i < width; i += 1) {
      context.fillStyle = shade(i / width);
      context.fillRect(i, 0, 1.5, height);
    }
  });

  canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    row = Math.floor(event.offsetY / rowHeight);
    say();
  });
  canvas.addEventListener("pointerleave", () => {
    row = -1;
    say();
  });
  followPointer(canvas, () => ({ ...axis, left: LEFT, right: plotRight }));
  onHover(() => {
    say();
    redraw();
  });
  function say() {
    const at = hovered();
    const line = heat?.rows[row];
    if (!heat || at === null || !line) return setText(cell, "");
    const mean = line.meanNanos[Math.floor((at - heat.fromNanos) / heat.bucketNanos)] ?? null;
    setText(cell, `layer ${line.layer} at ${clock(at)}: ${mean === null ? DASH : duration(mean).text}`);
  }

  return {
    element,
    /**
     * @param {Heat} next
     * @param {{from: number, to: number}} shared
     * @param {string | null} marked
     */
    update(next, shared, marked) {
      heat = next;
      axis = shared;
      focus = marked;
      const all = (next?.rows ?? []).flatMap((line) => line.meanNanos).filter((v) => v !== null).sort((a, b) => Number(a) - Number(b));
      nothing.hidden = all.length > 0;
      canvas.hidden = all.length === 0;
      if (all.length) {
        const least = Number(all[Math.floor(all.length * 0.02)]);
        range = [least, Math.max(least * 1.001, Number(all[Math.min(all.length - 1, Math.floor(all.length * 0.98))]))];
        setText(low, duration(range[0]).text);
        setText(high, duration(range[1]).text);
        setText(title, `Mean time per layer over time, ${next.phase}`);
        canvas.style.height = `${Math.max(90, Math.min(420, next.rows.length * 11)) + RULER}px`;
      }
      redraw();
      redrawKey();
    },
  };
}
