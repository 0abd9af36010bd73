// What stands around the bars: ruler, hairlines, device labels, and the minimap.

import { BAR, ROW, TRACK_GAP, walkRow } from "./waterfall-geometry.js";
import { colour, inkOf } from "./theme.js";
import { multiples, niceStep, tickLabel, wallClock } from "./time.js";
import { ellipsis } from "./format.js";

/** @typedef {import("./waterfall-draw.js").Scene} Scene */

/** Height of the ruler above the rows. */
export const RULER = 22;

/**
 * Ruler, hairlines and device labels.
 * @param {CanvasRenderingContext2D} context
 * @param {Scene} scene
 * @param {(t: number) => number} x
 * @param {number} width
 * @param {number} height
 */
export function grid(context, scene, x, width, height) {
  const [from, to] = scene.range;
  const origin = scene.timeFormat === "relative" ? scene.trace.fromNanos : 0;
  const step = niceStep(to - from, (width - scene.gutter) / (scene.timeFormat === "relative" ? 90 : 130));
  context.textBaseline = "middle";
  context.textAlign = "left";
  for (const t of multiples(from - origin, to - origin, step)) {
    const at = Math.round(x(t + origin));
    if (at < scene.gutter) continue;
    context.fillStyle = colour("line");
    context.fillRect(at, RULER - 8, 1, height);
    context.fillStyle = colour("muted");
    const text = scene.timeFormat === "relative" ? tickLabel(t, step) : wallClock(scene.trace.startUnixNanos, t, scene.timeFormat === "utc");
    if (at + context.measureText(text).width + 6 < width) context.fillText(text, at + 4, RULER / 2);
  }
  context.fillStyle = colour("line");
  context.fillRect(0, RULER - 1, width, 1);
  context.save();
  context.beginPath();
  context.rect(0, RULER, width, height - RULER);
  context.clip();
  for (const track of scene.layout.tracks) {
    const top = RULER + scene.tops[track.first] - scene.scroll;
    const tall = track.count * ROW;
    context.fillStyle = colour("line");
    context.fillRect(0, Math.round(top + tall + TRACK_GAP / 2) - 1, width, 1);
    context.fillStyle = colour("ink");
    // the label stays in sight while any of its rows is
    const y = Math.min(Math.max(top + BAR / 2, RULER + BAR / 2 + 4), top + tall - BAR / 2);
    context.fillText(fit(context, scene.trace.devices[track.device] ?? "?", scene.gutter - 18), 12, y);
  }
  context.fillStyle = colour("line");
  context.fillRect(scene.gutter - 1, RULER, 1, height);
  context.restore();
}

/** @type {Map<string, number>} */
const widths = new Map();
/** @param {CanvasRenderingContext2D} context @param {string} text */
export function widthOf(context, text) {
  let known = widths.get(text);
  if (known === undefined) {
    if (widths.size > 4000) widths.clear();
    widths.set(text, (known = context.measureText(text).width));
  }
  return known;
}

/** @param {CanvasRenderingContext2D} context @param {string} text @param {number} room */
export function fit(context, text, room) {
  if (widthOf(context, text) <= room) return text;
  return ellipsis(text, Math.max(2, Math.floor(room / 6.4)));
}

/**
 * The whole trace, small, with the visible range in a frame.
 * @param {import("./canvas.js").Surface} surface
 * @param {Scene} scene
 */
export function drawMinimap({ context, width, height }, scene) {
  const plot = width - scene.gutter;
  const whole = { from: scene.trace.fromNanos, to: Math.max(scene.trace.toNanos, scene.trace.fromNanos + 1) };
  const count = Math.max(1, scene.layout.rows.length);
  const tall = Math.max(0.5, Math.min(4, (height - 6) / count));
  scene.layout.rows.forEach((row, i) => {
    const y = 3 + i * tall;
    const paint = (/** @type {number} */ k, /** @type {number} */ x0, /** @type {number} */ x1) => {
      context.fillStyle = inkOf(scene.trace.spans[row.spans[k]]);
      context.fillRect(scene.gutter + x0, y, Math.max(1, x1 - x0), Math.max(0.6, tall - 0.4));
    };
    walkRow(row, whole, plot, paint, paint);
  });
  const x = (/** @type {number} */ t) => scene.gutter + Math.max(0, Math.min(1, (t - whole.from) / (whole.to - whole.from))) * plot;
  const [left, right] = [x(scene.range[0]), x(scene.range[1])];
  context.fillStyle = colour("ground");
  context.globalAlpha = 0.72;
  context.fillRect(scene.gutter, 0, left - scene.gutter, height);
  context.fillRect(right, 0, width - right, height);
  context.globalAlpha = 1;
  if (right - left < plot - 1) {
    context.strokeStyle = colour("ink");
    context.lineWidth = 1;
    context.strokeRect(left + 0.5, 0.5, Math.max(2, right - left - 1), height - 1);
  }
}
