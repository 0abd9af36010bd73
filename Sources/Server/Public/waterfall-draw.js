// Draws the bars of a waterfall from a finished geometry. No state of its own.

import { BAR, selfIntervals, walkRow } from "./waterfall-geometry.js";
import { colour, inkOf } from "./theme.js";
import { RULER, grid, widthOf } from "./waterfall-grid.js";
import { ellipsis, linkName } from "./format.js";

/**
 * Everything a picture depends on.
 * @typedef {object} Scene
 * @property {import("./types.js").Trace} trace
 * @property {import("./types.js").Layout} layout
 * @property {Float64Array} tops
 * @property {[number, number]} range
 * @property {number} gutter
 * @property {number} scroll
 * @property {number} selected index or -1
 * @property {number} hovered index or -1
 * @property {number[]} children of the selected
 * @property {import("./types.js").Flow[]} flows of the selected
 * @property {(id: string) => number} indexOf
 * @property {((index: number) => boolean) | null} matches null: no search
 * @property {Uint8Array} criticalLeaf
 * @property {boolean} showCritical
 * @property {{t0: number, t1: number, y0: number, y1: number} | null} area
 * @property {"relative" | "local" | "utc"} timeFormat
 * @property {boolean} growing
 */

/** @param {import("./types.js").TraceSpan} span @returns {string[]} longest first */
export function labelsOf(span) {
  const layer = span.operation.toLowerCase() === "layer" && span.layer !== null;
  if (layer) return [`${span.name} ${span.layer}`, `layer ${span.layer}`, String(span.layer)];
  const link = linkName(span.link);
  if (link) return [`${span.name} ${link}`, span.name];
  return [ellipsis(span.name, 60)];
}

/**
 * @param {import("./canvas.js").Surface} surface
 * @param {Scene} scene
 */
export function drawWaterfall({ context, width, height }, scene) {
  const [from, to] = scene.range;
  const plot = width - scene.gutter;
  const x = (/** @type {number} */ t) => scene.gutter + ((t - from) / (to - from)) * plot;
  grid(context, scene, x, width, height);
  context.save();
  context.beginPath();
  context.rect(scene.gutter, RULER, plot, height - RULER);
  context.clip();
  for (const row of scene.layout.rows) {
    const y = RULER + scene.tops[row.index] - scene.scroll;
    if (y > height || y + BAR < RULER) continue;
    walkRow(row, { from, to }, plot,
      (k, x0, x1) => bar(context, scene, row, k, scene.gutter + x0, scene.gutter + x1, y, width),
      (k, x0, x1) => {
        const span = scene.trace.spans[row.spans[k]];
        context.fillStyle = inkOf(span);
        context.globalAlpha = scene.matches ? 0.25 : 0.72;
        context.fillRect(scene.gutter + x0, y, x1 - x0, BAR);
        context.globalAlpha = 1;
      });
  }
  flows(context, scene, x);
  if (scene.area) {
    const { t0, t1, y0, y1 } = scene.area;
    const [left, right] = [x(Math.min(t0, t1)), x(Math.max(t0, t1))];
    const [top, bottom] = [RULER + Math.min(y0, y1) - scene.scroll, RULER + Math.max(y0, y1) - scene.scroll];
    context.fillStyle = colour("ink");
    context.globalAlpha = 0.1;
    context.fillRect(left, top, right - left, bottom - top);
    context.globalAlpha = 0.8;
    context.strokeStyle = colour("ink");
    context.lineWidth = 1;
    context.strokeRect(left + 0.5, top + 0.5, right - left - 1, bottom - top - 1);
    context.globalAlpha = 1;
  }
  context.restore();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Scene} scene
 * @param {import("./types.js").Row} row
 * @param {number} k
 * @param {number} x0
 * @param {number} x1
 * @param {number} y
 * @param {number} width of the canvas
 */
function bar(context, scene, row, k, x0, x1, y, width) {
  const index = row.spans[k];
  const span = scene.trace.spans[index];
  const left = Math.max(x0, scene.gutter - 2);
  const right = Math.min(x1, width + 2);
  const wide = Math.max(1, right - left - (x1 - x0 > 3 ? 1 : 0));
  const faded = scene.matches !== null && !scene.matches(index);
  context.globalAlpha = faded ? 0.22 : 1;
  const ink = inkOf(span);
  if (span.open) {
    // soft edge: it has not ended
    const soft = context.createLinearGradient(right - Math.min(28, wide), 0, right, 0);
    soft.addColorStop(0, ink);
    soft.addColorStop(1, "transparent");
    context.fillStyle = soft;
  } else context.fillStyle = ink;
  context.fillRect(left, y, wide, BAR);
  if (index === scene.selected) hatch(context, scene, index, x0, x1, y);
  if (scene.showCritical && scene.criticalLeaf[index]) {
    context.fillStyle = colour("ink");
    context.fillRect(left, y + BAR - 2, wide, 2);
  }
  if (index === scene.selected || index === scene.hovered) {
    context.strokeStyle = colour("ink");
    context.lineWidth = index === scene.selected ? 2 : 1;
    // around a narrow bar, inside a wide one: the colour stays in sight
    const inset = wide < 8 ? -context.lineWidth / 2 : context.lineWidth / 2;
    context.strokeRect(left + inset, y + inset, wide - inset * 2, BAR - inset * 2);
  }
  if (wide > 9) {
    const text = labelsOf(span).find((candidate) => widthOf(context, candidate) <= wide - 8);
    if (text) {
      context.fillStyle = colour("bar-ink");
      context.textAlign = "left";
      context.textBaseline = "middle";
      context.fillText(text, left + 4, y + BAR / 2 + 0.5);
      context.globalAlpha = 1;
      return;
    }
  }
  const labels = labelsOf(span);
  // a layer's number beside one of eight bars would seem to name them all
  const beside = labels.length > 2 ? "" : labels[labels.length - 1];
  const next = k + 1 < row.starts.length ? scene.gutter + ((row.starts[k + 1] - scene.range[0]) / (scene.range[1] - scene.range[0])) * (width - scene.gutter) : width;
  if (beside && wide > 2 && next - right > widthOf(context, beside) + 10) {
    context.fillStyle = colour("muted");
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(beside, right + 4, y + BAR / 2 + 0.5);
  }
  context.globalAlpha = 1;
}

/**
 * Hatches the self time of the selected bar.
 * @param {CanvasRenderingContext2D} context
 * @param {Scene} scene
 * @param {number} index
 * @param {number} x0
 * @param {number} x1
 * @param {number} y
 */
function hatch(context, scene, index, x0, x1, y) {
  const span = scene.trace.spans[index];
  const end = span.endNanos ?? scene.trace.toNanos;
  const scale = (x1 - x0) / Math.max(1, end - span.startNanos);
  context.save();
  context.strokeStyle = colour("bar-ink");
  context.globalAlpha = 0.35;
  context.lineWidth = 1;
  for (const [from, to] of selfIntervals(scene.trace, index, scene.children)) {
    const a = Math.max(scene.gutter, x0 + (from - span.startNanos) * scale);
    const b = Math.min(context.canvas.clientWidth, x0 + (to - span.startNanos) * scale);
    if (b - a < 2) continue;
    context.save();
    context.beginPath();
    context.rect(a, y, b - a, BAR);
    context.clip();
    context.beginPath();
    for (let k = a - BAR; k < b; k += 5) {
      context.moveTo(k, y + BAR);
      context.lineTo(k + BAR, y);
    }
    context.stroke();
    context.restore();
  }
  context.restore();
}

/**
 * The messages into and out of the selected span, with the clock's error as a fringe at the receiver.
 * @param {CanvasRenderingContext2D} context
 * @param {Scene} scene
 * @param {(t: number) => number} x
 */
function flows(context, scene, x) {
  for (const flow of scene.flows) {
    const [a, b] = [scene.indexOf(flow.from), scene.indexOf(flow.to)];
    if (a < 0 || b < 0) continue;
    const spans = scene.trace.spans;
    const y = (/** @type {number} */ i) => RULER + scene.tops[scene.layout.rowOf[i]] - scene.scroll + BAR / 2;
    const [x0, x1] = [x(spans[a].endNanos ?? scene.trace.toNanos), x(spans[b].startNanos)];
    if (flow.errorNanos) {
      const [left, right] = [x(spans[b].startNanos - flow.errorNanos), x(spans[b].startNanos + flow.errorNanos)];
      context.fillStyle = colour("network");
      context.globalAlpha = 0.3;
      context.fillRect(left, y(b) - BAR / 2, Math.max(1, right - left), BAR);
      context.globalAlpha = 1;
    }
    const bend = Math.max(24, Math.abs(x1 - x0) / 2);
    context.strokeStyle = colour("ink");
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x0, y(a));
    context.bezierCurveTo(x0 + bend, y(a), x1 - bend, y(b), x1, y(b));
    context.stroke();
    context.fillStyle = colour("ink");
    context.beginPath();
    context.moveTo(x1, y(b));
    context.lineTo(x1 - 6, y(b) - 3.5);
    context.lineTo(x1 - 6, y(b) + 3.5);
    context.fill();
  }
}
