// Charts over the shared time axis: lines in panels one above the other, and strips (one row per device) below the same ruler.

import { h, setText } from "./dom.js";
import { surface } from "./canvas.js";
import { followPointer, hovered, onHover } from "./crosshair.js";
import { colour, mix } from "./theme.js";
import { clock, multiples, niceNumber, niceStep, tickLabel } from "./time.js";
import { DASH, sig3 } from "./format.js";

const LEFT = 54;
const RULER = 18;
const GAP = 12;

/** @typedef {{at: number[], values: (number | null)[]}} Points */
/** @typedef {{key: string, label: string, hue: string, unit: string, format?: (v: number) => string}} Series */

/**
 * Lines over time, each in its own panel with its own scale from zero.
 * @param {string} title
 * @param {Series[]} series
 */
export function lineChart(title, series) {
  const canvas = h("canvas", { class: "chart", role: "img", "aria-label": `${title} over time` });
  const values = series.map((s) => h("span", { class: "num" }, DASH));
  const element = h("figure", { class: "figure" },
    h("figcaption", null, h("h2", null, title),
      h("ul", { class: "legend" }, ...series.map((s, i) => h("li", { class: `key key-${s.hue}` }, s.label, " ", values[i])))),
    canvas);
  /** @type {Points[]} */
  let points = series.map(() => ({ at: [], values: [] }));
  let axis = { from: 0, to: 1 };
  let right = 1;

  const redraw = surface(canvas, ({ context, width, height }) => {
    right = width - 8;
    const panel = (height - RULER - GAP * (series.length - 1) - 6) / series.length;
    ruler(context, axis, LEFT, right, height - RULER, 6);
    series.forEach((s, i) => {
      const top = 6 + i * (panel + GAP);
      line(context, points[i], axis, s.hue, { left: LEFT, right, top, bottom: top + panel }, s.format ?? sig3);
      if (series.length > 1) {
        context.textAlign = "left";
        context.textBaseline = "top";
        context.fillStyle = colour("muted");
        context.fillText(s.label, LEFT + 6, 8 + i * (panel + GAP));
      }
    });
    cross(context, axis, LEFT, right, 6, height - RULER);
  });

  function legend() {
    series.forEach((s, i) => {
      const at = hovered();
      const k = at === null ? points[i].at.length - 1 : indexAt(points[i].at, at);
      const v = k >= 0 ? points[i].values[k] : null;
      setText(values[i], v === null || v === undefined ? DASH : `${(s.format ?? sig3)(v)}${s.unit.startsWith("/") ? "" : " "}${s.unit}`);
    });
  }
  onHover(() => {
    legend();
    redraw();
  });
  followPointer(canvas, () => ({ ...axis, left: LEFT, right }));

  return {
    element,
    /**
     * @param {Points[]} next one per series
     * @param {{from: number, to: number}} shared
     */
    update(next, shared) {
      points = next;
      axis = shared;
      legend();
      redraw();
    },
  };
}

/**
 * The index of the last point at or before an instant: the one whose value holds there.
 * @param {number[]} at
 * @param {number} instant
 */
export function indexAt(at, instant) {
  let low = 0;
  let high = at.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at[middle] < instant) low = middle + 1;
    else high = middle;
  }
  return Math.min(low, at.length - 1);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Points} points
 * @param {{from: number, to: number}} axis
 * @param {string} hue
 * @param {{left: number, right: number, top: number, bottom: number}} box
 * @param {(v: number) => string} format
 */
function line(context, points, axis, hue, box, format) {
  let most = 0;
  for (const v of points.values) if (v !== null && v > most) most = v;
  const step = niceNumber((most || 1) / 3);
  const top = Math.max(step, Math.ceil(most / step - 1e-9) * step);
  const y = (/** @type {number} */ v) => box.bottom - (v / top) * (box.bottom - box.top);
  const x = (/** @type {number} */ t) => box.left + ((t - axis.from) / (axis.to - axis.from)) * (box.right - box.left);
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (let v = 0; v <= top + step / 2; v += step) {
    context.fillStyle = colour("line");
    context.fillRect(box.left, Math.round(y(v)), box.right - box.left, 1);
    context.fillStyle = colour("muted");
    context.fillText(format(v).replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, ""), box.left - 6, y(v));
  }
  context.save();
  context.beginPath();
  context.rect(box.left, box.top - 2, box.right - box.left, box.bottom - box.top + 3);
  context.clip();
  context.strokeStyle = colour(hue);
  context.fillStyle = mix(colour(hue), colour("ground"), 0.18);
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  const { at, values } = points;
  for (let i = 0; i < at.length; i += 1) {
    if (values[i] === null) continue;
    // a value holds for the tick that ends at its instant: steps, so that area means tokens
    const left = x(i > 0 ? at[i - 1] : at[0] - ((at[1] ?? axis.to) - at[0]));
    context.beginPath();
    context.moveTo(left, y(/** @type {number} */ (values[i])));
    let k = i;
    for (; k < at.length && values[k] !== null; k += 1) {
      const level = y(/** @type {number} */ (values[k]));
      if (k > i) context.lineTo(x(at[k - 1]), level);
      context.lineTo(x(at[k]), level);
    }
    context.stroke();
    context.lineTo(x(at[k - 1]), box.bottom);
    context.lineTo(left, box.bottom);
    context.globalCompositeOperation = "destination-over";
    context.fill();
    context.globalCompositeOperation = "source-over";
    i = k;
  }
  context.restore();
}

/**
 * The time ruler with its hairlines.
 * @param {CanvasRenderingContext2D} context
 * @param {{from: number, to: number}} axis
 * @param {number} left
 * @param {number} right
 * @param {number} bottom
 * @param {number} top
 */
export function ruler(context, axis, left, right, bottom, top) {
  const step = niceStep(axis.to - axis.from, (right - left) / 90);
  context.textBaseline = "top";
  context.textAlign = "center";
  for (const t of multiples(axis.from, axis.to, step)) {
    const x = left + ((t - axis.from) / (axis.to - axis.from)) * (right - left);
    context.fillStyle = colour("line");
    context.fillRect(Math.round(x), top, 1, bottom - top + 4);
    context.fillStyle = colour("muted");
    const text = step >= 1e9 ? clock(t, 0) : tickLabel(t, step);
    const half = context.measureText(text).width / 2;
    context.fillText(text, Math.min(Math.min(right + 8, context.canvas.clientWidth) - half, Math.max(half, x)), bottom + 6);
  }
}

/**
 * The shared crosshair.
 * @param {CanvasRenderingContext2D} context
 * @param {{from: number, to: number}} axis
 * @param {number} left
 * @param {number} right
 * @param {number} top
 * @param {number} bottom
 */
export function cross(context, axis, left, right, top, bottom) {
  const at = hovered();
  if (at === null || at < axis.from || at > axis.to) return;
  const x = left + ((at - axis.from) / (axis.to - axis.from)) * (right - left);
  context.fillStyle = colour("ink");
  context.globalAlpha = 0.7;
  context.fillRect(Math.round(x), top, 1, bottom - top);
  context.globalAlpha = 1;
}
