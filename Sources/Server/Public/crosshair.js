// One instant under the pointer, shared by every chart: hover one, the others show their value there.

/** @type {Set<(nanos: number | null) => void>} */
const listeners = new Set();
/** @type {number | null} */
let current = null;

/** The instant under the pointer, null when there is none. */
export const hovered = () => current;

/** @param {number | null} nanos */
export function setHovered(nanos) {
  if (nanos === current) return;
  current = nanos;
  for (const listener of listeners) listener(nanos);
}

/** @param {(nanos: number | null) => void} listener */
export function onHover(listener) {
  listeners.add(listener);
}

/**
 * Makes a canvas set the crosshair while the pointer is over its plot.
 * @param {HTMLCanvasElement} canvas
 * @param {() => {from: number, to: number, left: number, right: number}} plot time range, and the plot's edges in pixels
 */
export function followPointer(canvas, plot) {
  canvas.addEventListener("pointermove", (event) => {
    const { from, to, left, right } = plot();
    const share = (event.offsetX - left) / Math.max(1, right - left);
    setHovered(share >= 0 && share <= 1 ? from + share * (to - from) : null);
  });
  canvas.addEventListener("pointerleave", () => setHovered(null));
}
