// A canvas that keeps its pixels sharp: sized to its box and the screen's density, redrawn when either changes.

import { perFrame } from "./dom.js";
import { onTheme } from "./theme.js";

export const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/** @typedef {{context: CanvasRenderingContext2D, width: number, height: number}} Surface */

/**
 * @param {HTMLCanvasElement} canvas sized by CSS
 * @param {(surface: Surface) => void} draw in CSS pixels, on a cleared surface
 * @returns {() => void} asks for a redraw in the next frame
 */
export function surface(canvas, draw) {
  const context = canvas.getContext("2d");
  if (!context) return () => {};
  const redraw = perFrame(() => {
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (width === 0 || height === 0) return;
    const density = window.devicePixelRatio || 1;
    const [w, h] = [Math.round(width * density), Math.round(height * density)];
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
    }
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = FONT;
    draw({ context, width, height });
  });
  new ResizeObserver(() => redraw()).observe(canvas);
  onTheme(() => redraw());
  return redraw;
}
