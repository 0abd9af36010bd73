// Devices: busy strips, the states a device spends its time in, stage times, and the bound in words.

import { deviceStrips } from "./strips.js";
import { h, setText } from "./dom.js";
import { table } from "./table.js";
import { facts, statsColumns, viewHead } from "./parts.js";
import { axisOf } from "./store.js";
import { DASH, count, duration, percent, rate, sig3, size } from "./format.js";

export const needs = ["devices", "cache"];

/** @type {[string, string, string][]} state, label, colour class */
const STATES = [
  ["busy", "busy", "busy"], ["waitingUpstream", "waiting upstream", "waitup"], ["waitingDownstream", "waiting downstream", "waitdown"],
  ["tooFew", "too few in flight", "few"], ["noRequest", "no request", "idle"],
];

/** @param {import("./main.js").Context} context */
export function createDevices(context) {
  const words = h("p", { class: "words" });
  const numbers = facts([
    { label: "bound", title: "tokens per second this split can reach with so many requests in flight" },
    { label: "imbalance", title: "slowest stage over the mean of all" },
  ]);
  const strips = deviceStrips();
  const legend = h("ul", { class: "legend" }, ...STATES.map(([, label, hue]) => h("li", { class: `key key-${hue}` }, label)));
  const list = table({
    label: "Devices",
    id: (/** @type {any} */ row) => row.device,
    mark: (row, element) => element.classList.toggle("focus", context.store.state.focus === row.device),
    columns: [
      { key: "device", label: "Device", text: true, class: "clip", cell: (row) => ({ text: row.device, title: row.device }), order: (row) => row.device },
      { key: "host", label: "Host", text: true, class: "clip", cell: (row) => ({ text: row.host || DASH, title: row.host }) },
      { key: "stage", label: "Stage", cell: (row) => (row.stage === null ? DASH : String(row.stage)), order: (row) => row.stage },
      { key: "layers", label: "Layers", cell: (row) => (row.firstLayer === null ? DASH : `${row.firstLayer}–${row.lastLayer}`) },
      { key: "busyRatio", label: "Busy", cell: (row) => percent(row.busyRatio).text, order: (row) => row.busyRatio },
      { key: "states", label: "Where its time goes", text: true, draw: drawStates },
      { key: "bubbleRatio", label: "Bubble", title: "waiting up- or downstream, over time with work in flight", cell: (row) => percent(row.bubbleRatio).text, order: (row) => row.bubbleRatio },
      ...statsColumns((/** @type {any} */ row) => row.stageTime, ["count", "mean", "p50", "p95", "p99", "max"]),
    ],
  });
  const cacheList = table({
    label: "Cache per device",
    id: (/** @type {any} */ row) => row.device,
    columns: [
      { key: "device", label: "Device", text: true, class: "clip", cell: (row) => ({ text: row.device, title: row.device }) },
      { key: "hits", label: "Hits", cell: (row) => count(row.hits).text },
      { key: "lookups", label: "Lookups", cell: (row) => count(row.lookups).text },
      { key: "entries", label: "Entries", cell: (row) => count(row.entries).text },
      { key: "sizeBytes", label: "Prefix cache", cell: (row) => size(row.sizeBytes).text },
      { key: "kvSizeBytes", label: "KV in use", cell: (row) => size(row.kvSizeBytes).text },
      { key: "kvSequences", label: "Sequences", cell: (row) => count(row.kvSequences).text },
    ],
  });
  const element = h("div", { class: "view" }, viewHead("Devices"), words, numbers.element,
    h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", null, "Busy share over time")), strips.element),
    h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", null, "States and stage time, decode"), legend), list.element),
    h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", null, "Prefix and KV cache per device")), cacheList.element));

  /** @param {import("./types.js").State} state */
  function update(state) {
    const { devices, cache } = state.views;
    if (devices) {
      setText(words, devices.bound?.words ?? "");
      words.hidden = !devices.bound?.words;
      numbers.update([rate(devices.bound?.tokensPerSecond), devices.imbalance === null ? duration(null) : { value: sig3(devices.imbalance), unit: "×", text: "", known: true }]);
      strips.update(devices.devices, axisOf(state));
      list.update(devices.devices);
    }
    if (cache) cacheList.update(cache.perDevice ?? []);
  }
  return { element, update };
}

/**
 * @param {any} row
 * @param {HTMLElement} cell
 */
function drawStates(row, cell) {
  let bar = /** @type {HTMLElement | null} */ (cell.firstElementChild);
  if (!bar) cell.append((bar = h("span", { class: "statebar" }, ...STATES.map(([, , hue]) => h("i", { class: `key-${hue}` })))));
  STATES.forEach(([key], i) => {
    const part = /** @type {HTMLElement} */ (bar?.children[i]);
    part.style.flex = `${row.states?.[key] ?? 0} 0 0`;
  });
  if (bar) bar.title = STATES.map(([key, label]) => `${label} ${percent(row.states?.[key]).text}`).join(" · ");
}
