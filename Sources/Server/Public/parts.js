// Small pieces that several views share: facts, percentile cells, a heading with controls.

import { h, setAttr, setText } from "./dom.js";
import { DASH, duration, unknownText, whyUnknown } from "./format.js";

/** @typedef {import("./types.js").Stats} Stats */

/**
 * A row of labelled values; update with one quantity per label.
 * @param {{label: string, title?: string}[]} labels
 */
export function facts(labels) {
  const values = labels.map(() => ({ number: h("span"), unit: h("small") }));
  const element = h("dl", { class: "facts" }, ...labels.map((fact, i) =>
    h("div", { title: fact.title }, h("dt", null, fact.label), h("dd", null, values[i].number, values[i].unit))));
  return {
    element,
    /** @param {import("./format.js").Quantity[]} quantities */
    update(quantities) {
      quantities.forEach((q, i) => {
        setText(values[i].number, q.value);
        setText(values[i].unit, q.unit);
        setAttr(values[i].number, "title", q.known ? null : "not known in this window");
      });
    },
  };
}

/**
 * Columns for a summary of durations, in the usual order.
 * @template T
 * @param {(row: T) => Stats | null | undefined} of
 * @param {string[]} [keys]
 */
export function statsColumns(of, keys = ["count", "min", "mean", "sigma", "p50", "p95", "p99", "max"]) {
  /** @type {Record<string, [string, string]>} */
  const names = {
    count: ["Samples", "observations in the window"], min: ["Min", "least"], mean: ["Mean", "arithmetic mean"],
    sigma: ["σ", "standard deviation"], p50: ["P50", "median"], p95: ["P95", "95th percentile"],
    p99: ["P99", "99th percentile; needs 300 samples"], max: ["Max", "greatest"],
  };
  return keys.map((key) => ({
    key, label: names[key][0], title: names[key][1],
    cell: (/** @type {T} */ row) => statsCell(of(row), key),
    order: (/** @type {T} */ row) => statsValue(of(row), key),
  }));
}

/**
 * @param {Stats | null | undefined} stats
 * @param {string} key
 * @returns {number | null}
 */
function statsValue(stats, key) {
  if (!stats) return null;
  if (key === "p99" && !stats.known) return null;
  return /** @type {any} */ (stats)[key === "count" ? "count" : `${key}Nanos`] ?? null;
}

/**
 * One figure of a summary; an unknown one says so, and why.
 * @param {Stats | null | undefined} stats
 * @param {string} key
 */
export function statsCell(stats, key) {
  const value = statsValue(stats, key);
  if (value === null) return { text: stats ? unknownText(stats) : DASH, title: stats ? whyUnknown(stats) : "not measured", class: "muted" };
  return { text: key === "count" ? value.toLocaleString("en-US") : duration(value).text, title: "" };
}

/**
 * A page's heading with controls at its right.
 * @param {string} title
 * @param {...Node} controls
 */
export function viewHead(title, ...controls) {
  return h("div", { class: "view-head" }, h("h1", null, title), ...controls);
}

/**
 * Buttons of which one is pressed.
 * @param {string} label
 * @param {[string, string][]} choices value and text
 * @param {(value: string) => void} choose
 */
export function choice(label, choices, choose) {
  const buttons = choices.map(([value, text]) => h("button", { type: "button", "data-value": value, onclick: () => choose(value) }, text));
  return {
    element: h("div", { class: "group", role: "group", "aria-label": label }, ...buttons),
    /** @param {string} value */
    update: (value) => buttons.forEach((b) => setAttr(b, "aria-pressed", String(b.dataset.value === value))),
  };
}

/**
 * A coloured dot with the name of a state.
 * @param {string} state
 * @param {HTMLElement} cell
 */
export function stateCell(state, cell) {
  let inner = /** @type {HTMLElement | null} */ (cell.firstElementChild);
  if (!inner) cell.append((inner = h("span")));
  const name = `state state-${state.replace(/[^a-z]/g, "")}`;
  if (inner && inner.className !== name) inner.className = name;
  if (inner) setText(inner, state);
}
