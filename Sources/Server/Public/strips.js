// Device strips: one row per device, how busy it was, on the time axis that every chart shares.

import { h, setAttr, setChildren, setText } from "./dom.js";
import { surface } from "./canvas.js";
import { cross, ruler } from "./charts.js";
import { followPointer, hovered, onHover } from "./crosshair.js";
import { DASH, percent } from "./format.js";
import { colour, mix } from "./theme.js";

/** @typedef {{device: string, busyRatio: number | null, strip: {fromNanos: number, bucketNanos: number, busy: (number | null)[]}, firstLayer: number | null, lastLayer: number | null}} Device */

/** A block of strips with a ruler below. */
export function deviceStrips() {
  let axis = { from: 0, to: 1 };
  /** @type {Map<string, {nodes: HTMLElement[], device: Device, update: (device: Device, silent: boolean) => void}>} */
  const kept = new Map();
  const axisCanvas = h("canvas", { class: "axis", "aria-hidden": "true" });
  const drawAxis = surface(axisCanvas, ({ context, width, height }) => ruler(context, axis, 0, width, height - 18, 0));
  const axisRow = [h("span"), axisCanvas, h("span")];
  const element = h("div", { class: "strips" });
  onHover(() => {
    for (const row of kept.values()) row.update(row.device, false);
  });

  /** @param {Device} first */
  function make(first) {
    const name = h("span", { class: "name" });
    const canvas = h("canvas", { role: "img" });
    const value = h("span", { class: "num" });
    const entry = { nodes: [name, canvas, value], device: first, update };
    const redraw = surface(canvas, (s) => strip(s, entry.device.strip, axis));
    followPointer(canvas, () => ({ ...axis, left: 0, right: canvas.clientWidth }));
    /** @param {Device} device */
    function update(device) {
      entry.device = device;
      setText(name, device.device);
      setAttr(name, "title", device.firstLayer === null ? device.device : `${device.device}: layers ${device.firstLayer}-${device.lastLayer}`);
      const at = hovered();
      const k = at === null ? -1 : Math.floor((at - device.strip.fromNanos) / device.strip.bucketNanos);
      const ratio = at === null ? device.busyRatio : device.strip.busy[k] ?? null;
      setText(value, ratio === null ? DASH : percent(ratio).text);
      setAttr(canvas, "aria-label", `${device.device} busy ${percent(device.busyRatio).text}`);
      redraw();
    }
    return entry;
  }

  return {
    element,
    /**
     * @param {Device[]} devices
     * @param {{from: number, to: number}} shared
     */
    update(devices, shared) {
      axis = shared;
      const nodes = [];
      for (const device of devices) {
        const row = kept.get(device.device) ?? make(device);
        kept.set(device.device, row);
        row.update(device, false);
        nodes.push(...row.nodes);
      }
      setChildren(element, [...nodes, ...axisRow]);
      drawAxis();
    },
  };
}

/**
 * @param {import("./canvas.js").Surface} surface
 * @param {Device["strip"]} data
 * @param {{from: number, to: number}} axis
 */
function strip({ context, width, height }, data, axis) {
  context.fillStyle = colour("raised");
  context.fillRect(0, 0, width, height);
  const x = (/** @type {number} */ t) => ((t - axis.from) / (axis.to - axis.from)) * width;
  const ink = colour("layer");
  data.busy.forEach((ratio, i) => {
    const left = x(data.fromNanos + i * data.bucketNanos);
    const wide = x(data.fromNanos + (i + 1) * data.bucketNanos) - left;
    if (ratio === null) {
      // nothing heard: hatched, so that it is not taken for idle
      context.fillStyle = mix(colour("warn"), colour("ground"), 0.28);
      for (let k = left; k < left + wide; k += 4) context.fillRect(k, 0, 1, height);
    } else if (ratio > 0) {
      context.fillStyle = mix(ink, colour("raised"), 0.35 + 0.65 * Math.min(1, ratio));
      const tall = Math.max(1, Math.min(1, ratio) * height);
      context.fillRect(left, height - tall, Math.max(1, wide + 0.3), tall);
    }
  });
  cross(context, axis, 0, width, 0, height);
}
