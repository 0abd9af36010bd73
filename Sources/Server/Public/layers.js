// Layers: one row per layer and phase with its percentiles, beside the heat map of layer over time.

import { h, setText } from "./dom.js";
import { heatmap } from "./heatmap.js";
import { table } from "./table.js";
import { choice, statsColumns, viewHead } from "./parts.js";
import { axisOf } from "./store.js";
import { percent, times } from "./format.js";

export const needs = ["layers"];

/** From so many times the median of all layers on, a layer is said to stand out. */
const STANDS_OUT = 1.3;

/** @param {import("./main.js").Context} context */
export function createLayers(context) {
  let phase = "decode";
  let median = 0;
  let most = 1;
  const phases = choice("Phase", [["decode", "Decode"], ["prefill", "Prefill"]], (value) => {
    phase = value;
    update(context.store.state);
  });
  const note = h("span", { class: "small" });
  const map = heatmap();
  const of = (/** @type {any} */ row) => row[phase];
  const list = table({
    label: "Layers",
    id: (/** @type {any} */ row) => String(row.layer),
    empty: "No layer has run in this window.",
    mark: (row, element) => element.classList.toggle("focus", context.store.state.focus === String(row.layer)),
    columns: [
      { key: "layer", label: "Layer", cell: (row) => String(row.layer), order: (row) => row.layer },
      { key: "device", label: "Device", text: true, class: "clip", cell: (row) => ({ text: row.device ?? "–", title: row.device }), order: (row) => row.device },
      { key: "bar", label: "P50, and P95 as a line", text: true, draw: drawBar },
      { key: "ratio", label: "To median", title: "P50 over the median P50 of all layers in this phase", order: (row) => of(row)?.p50Nanos ?? null,
        cell: (row) => {
          const ratio = median ? (of(row)?.p50Nanos ?? NaN) / median : NaN;
          return { text: times(ratio), title: "", class: ratio >= STANDS_OUT ? "warn" : "" };
        } },
      ...statsColumns(of),
      { key: "share", label: "Share", title: "of all layers' time", cell: (row) => percent(row.share).text, order: (row) => row.share },
    ],
  });
  const element = h("div", { class: "view" }, viewHead("Layers", h("div", { class: "filters" }, phases.element), note), map.element, list.element);

  /**
   * @param {any} row
   * @param {HTMLElement} cell
   */
  function drawBar(row, cell) {
    let bar = /** @type {HTMLElement | null} */ (cell.firstElementChild);
    if (!bar) cell.append((bar = h("span", { class: "cellbar" }, h("i"), h("b"))));
    const stats = of(row);
    const [fill, line] = /** @type {HTMLElement[]} */ ([...(bar?.children ?? [])]);
    fill.style.width = `${((stats?.p50Nanos ?? 0) / most) * 100}%`;
    line.style.left = `${((stats?.p95Nanos ?? 0) / most) * 100}%`;
    line.hidden = stats?.p95Nanos === null || stats?.p95Nanos === undefined;
  }

  let scrolledTo = "";
  /** @param {import("./types.js").State} state */
  function update(state) {
    const layers = state.views.layers;
    phases.update(phase);
    if (!layers) return;
    const rows = layers.layers ?? [];
    const p50 = rows.map((/** @type {any} */ row) => of(row)?.p50Nanos).filter((/** @type {any} */ v) => v !== null && v !== undefined).sort((/** @type {number} */ a, /** @type {number} */ b) => a - b);
    median = p50.length ? p50[p50.length >> 1] : 0;
    most = Math.max(1, ...rows.map((/** @type {any} */ row) => of(row)?.p95Nanos ?? 0));
    const slow = rows.filter((/** @type {any} */ row) => (of(row)?.p50Nanos ?? 0) >= STANDS_OUT * median && median > 0);
    setText(note, !median ? "" : slow.length ? `${slow.length === 1 ? "Layer" : "Layers"} ${slow.map((/** @type {any} */ r) => r.layer).join(", ")}: at least ${STANDS_OUT}× the median` : `No layer takes ${STANDS_OUT}× the median or more`);
    list.update(rows);
    map.update(layers.heatmap, axisOf(state), state.focus);
    if (state.focus && scrolledTo !== state.focus) {
      scrolledTo = state.focus;
      list.rowElement(state.focus)?.scrollIntoView({ block: "nearest" });
    }
  }
  return { element, update };
}
