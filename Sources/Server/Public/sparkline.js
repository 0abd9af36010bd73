// A line without axes: the shape of the last values, scaled to its own minimum and maximum.

import { h } from "./dom.js";
import { surface } from "./canvas.js";
import { colour, mix } from "./theme.js";

/**
 * @param {string} hue name of a colour
 * @param {{zero?: boolean, bars?: boolean}} [options] `zero`: the scale starts at 0
 */
export function sparkline(hue, options = {}) {
  const canvas = h("canvas", { class: "spark", "aria-hidden": "true" });
  /** @type {(number | null)[]} */
  let values = [];

  const redraw = surface(canvas, ({ context, width, height }) => {
    const known = values.filter((v) => v !== null);
    if (known.length === 0) return;
    const most = Math.max(.../** @type {number[]} */ (known));
    const least = options.zero ? 0 : Math.min(.../** @type {number[]} */ (known));
    const range = most - least || Math.abs(most) || 1;
    const x = (/** @type {number} */ i) => (values.length === 1 ? width / 2 : (i / (values.length - 1)) * (width - 2) + 1);
    const y = (/** @type {number} */ v) => height - 1.5 - ((v - least) / range) * (height - 3);
    const ink = colour(hue);
    if (options.bars) {
      const step = Math.min(8, width / values.length);
      context.fillStyle = ink;
      values.forEach((v, i) => v !== null && context.fillRect(i * step, y(v), Math.max(0.5, step - 0.5), height - y(v)));
      return;
    }
    // one sub-path per stretch without holes: an unknown value is a gap, not a zero
    let start = -1;
    for (let i = 0; i <= values.length; i += 1) {
      const v = values[i];
      if (i < values.length && v !== null) {
        if (start < 0) start = i;
        continue;
      }
      if (start >= 0) stretch(context, start, i, x, (k) => y(/** @type {number} */ (values[k])), height, ink);
      start = -1;
    }
  });

  return {
    element: canvas,
    /** @param {(number | null)[]} next */
    update(next) {
      values = next;
      redraw();
    },
  };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} start
 * @param {number} end
 * @param {(i: number) => number} x
 * @param {(i: number) => number} y
 * @param {number} height
 * @param {string} ink
 */
function stretch(context, start, end, x, y, height, ink) {
  context.beginPath();
  for (let i = start; i < end; i += 1) context.lineTo(x(i), y(i));
  if (end - start === 1) context.lineTo(x(start) + 1, y(start));
  context.strokeStyle = ink;
  context.lineWidth = 1.25;
  context.stroke();
  context.lineTo(x(end - 1), height);
  context.lineTo(x(start), height);
  context.closePath();
  context.fillStyle = mix(ink, colour("ground"), 0.16);
  context.globalCompositeOperation = "destination-over";
  context.fill();
  context.globalCompositeOperation = "source-over";
}
