// Memory: hosts once, then what each process holds of it. Unified memory is never added to RAM.

import { h, setAttr } from "./dom.js";
import { lineChart } from "./charts.js";
import { table } from "./table.js";
import { facts, viewHead } from "./parts.js";
import { axisOf } from "./store.js";
import { DASH, percent, size } from "./format.js";

export const needs = ["memory"];

export function createMemory() {
  const peaks = facts([{ label: "peak resident, all processes" }, { label: "peak GPU" }]);
  const chart = lineChart("Memory of all processes", [
    { key: "rss", label: "resident", hue: "sampling", unit: "", format: (v) => size(v).text },
    { key: "active", label: "active in the allocator", hue: "layer", unit: "", format: (v) => size(v).text },
  ]);
  const hosts = table({
    label: "Hosts",
    id: (/** @type {any} */ row) => row.host,
    columns: [
      { key: "host", label: "Host", text: true, class: "clip", cell: (row) => ({ text: row.host, title: row.host }) },
      { key: "bar", label: "Used of total", text: true, draw: (row, cell) => bar(cell, row.totalBytes ? row.usedBytes / row.totalBytes : 0) },
      { key: "used", label: "Used", cell: (row) => size(row.usedBytes).text },
      { key: "total", label: "Total", cell: (row) => size(row.totalBytes).text },
      { key: "pressure", label: "Pressure", title: "macOS level or Linux PSI, 0-1", cell: (row) => known(percent(row.pressure), "the host reports none") },
      { key: "cpu", label: "CPU", title: "of all cores", cell: (row) => known(percent(row.cpu), "not sampled") },
    ],
  });
  const devices = table({
    label: "Processes",
    id: (/** @type {any} */ row) => `${row.host}/${row.device}`,
    empty: "No memory sample in this window.",
    columns: [
      { key: "device", label: "Device", text: true, class: "clip", cell: (row) => ({ text: row.device, title: row.device }), order: (row) => row.device },
      { key: "rss", label: "Resident", cell: (row) => known(size(row.rssBytes), "not sampled"), order: (row) => row.rssBytes },
      { key: "active", label: "Active", title: "in use in the allocator", cell: (row) => known(size(row.activeBytes), "not sampled"), order: (row) => row.activeBytes },
      { key: "cache", label: "Allocator cache", cell: (row) => known(size(row.allocatorCacheBytes), "not sampled") },
      { key: "peak", label: "Peak", cell: (row) => known(size(row.peakBytes), "not sampled") },
      { key: "gpu", label: "GPU", title: "inside RAM where memory is unified", cell: (row) => known(size(row.gpuBytes), "no GPU reported") },
      { key: "limit", label: "Limit", title: "working-set limit", cell: (row) => known(size(row.limitBytes), "no limit reported") },
      { key: "of", label: "Active of limit", text: true, draw: (row, cell) => bar(cell, row.limitBytes ? (row.activeBytes ?? 0) / row.limitBytes : 0) },
      { key: "cpu", label: "CPU", title: "of one core", cell: (row) => known(percent(row.cpu), "not sampled"), order: (row) => row.cpu },
    ],
  });
  const element = h("div", { class: "view" }, viewHead("Memory"), peaks.element, chart.element,
    h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", null, "Hosts")), hosts.element),
    h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", null, "Processes")), devices.element));

  /** @param {import("./types.js").State} state */
  function update(state) {
    const memory = state.views.memory;
    if (!memory) return;
    peaks.update([size(memory.peaks?.rssBytes), size(memory.peaks?.gpuBytes)]);
    hosts.update(memory.hosts);
    const all = memory.hosts.flatMap((/** @type {any} */ host) => host.devices.map((/** @type {any} */ d) => ({ ...d, host: host.host })));
    devices.update(all);
    chart.update([sum(all, "rssBytes"), sum(all, "activeBytes")], axisOf(state));
  }
  return { element, update };
}

/**
 * @param {import("./format.js").Quantity} quantity
 * @param {string} why
 */
function known(quantity, why) {
  return { text: quantity.text, title: quantity.known ? "" : why, class: quantity.known ? "" : "muted" };
}

/**
 * @param {HTMLElement} cell
 * @param {number} share
 */
function bar(cell, share) {
  if (!cell.firstElementChild) cell.append(h("span", { class: "cellbar" }, h("i", { class: "key-sampling" })));
  const fill = /** @type {HTMLElement} */ (cell.firstElementChild?.firstElementChild);
  fill.style.width = `${Math.min(1, share) * 100}%`;
  setAttr(cell, "title", share ? percent(share).text : DASH);
}

/**
 * @param {any[]} devices with one tick series each, all on the same buckets
 * @param {"rssBytes" | "activeBytes"} key
 */
function sum(devices, key) {
  const first = devices[0]?.ticks;
  if (!first) return { at: [], values: [] };
  const at = first[key].map((/** @type {any} */ _, /** @type {number} */ i) => first.fromNanos + (i + 1) * first.bucketNanos);
  const values = at.map((/** @type {any} */ _, /** @type {number} */ i) => {
    // no process has 0 bytes: such a bucket holds no sample
    const known = devices.map((d) => d.ticks?.[key]?.[i]).filter((v) => v);
    return known.length ? known.reduce((a, b) => a + b, 0) : null;
  });
  return { at, values };
}
