// Diff: two sessions chosen, and what /api/diff says of them: the words, what a user feels, then role by role.

import * as api from "./api.js";
import { h, setAttr, setChildren, setText } from "./dom.js";
import { choice, viewHead } from "./parts.js";
import { table } from "./table.js";
import { DASH, count, duration, percent, rate, sig3 } from "./format.js";

/** @type {string[]} */
export const needs = [];

/**
 * Sign and word as well as colour tell better from worse.
 * @type {Record<string, [string, string]>}
 */
const VERDICTS = {
  worse: ["worse", "bad"], better: ["better", "good"], same: ["same", "muted"], inconclusive: ["? inconclusive", ""], tooFew: ["too few", "muted"],
};

/** @param {import("./main.js").Context} context */
export function createDiff(context) {
  const store = context.store;
  const a = h("select", { "aria-label": "Before", onchange: () => store.set({ diffA: a.value }) });
  const b = h("select", { "aria-label": "After", onchange: () => store.set({ diffB: b.value }) });
  const swap = h("button", { type: "button", onclick: () => store.set({ diffA: store.state.diffB, diffB: store.state.diffA }) }, "Swap");
  const note = h("p", { class: "words" });
  const cautions = h("ul", { class: "warn" });
  const headline = rowsTable("Requests");
  const roles = rowsTable("Roles");
  const sides = sidesTable();
  const only = h("p", { class: "small" });
  let shown = "changed";
  const filter = choice("Rows", [["changed", "Differing"], ["all", "All"]], (value) => {
    shown = value;
    if (answer) fill(answer);
  });
  const result = h("div", { class: "panels" },
    h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", null, "What a request feels"), h("span", { class: "small" }, "shift: Hodges-Lehmann, with its 95 % interval")), headline.element),
    h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", null, "By role"), h("div", { class: "filters" }, filter.element), only), roles.element),
    h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", null, "The two sessions")), sides.element));
  const element = h("div", { class: "view" }, viewHead("Diff", h("div", { class: "filters" }, h("span", { class: "muted" }, "before"), a, h("span", { class: "muted" }, "after"), b, swap)), note, cautions, result);
  /** @type {any} */
  let answer = null;
  let asked = "";
  let listed = "";

  /** @param {string} key */
  async function ask(key) {
    const { diffA, diffB } = store.state;
    answer = null;
    result.hidden = true;
    setChildren(cautions, []);
    note.className = "words muted";
    if (!diffA || !diffB) return setText(note, "Choose two sessions: the one before the change, and the one after it.");
    setText(note, "Comparing…");
    try {
      const body = await api.diff(diffA, diffB);
      if (key !== asked) return;
      answer = body;
      fill(body);
    } catch (error) {
      if (key === asked) setText(note, `No comparison: ${/** @type {Error} */ (error).message}`);
    }
  }

  /** @param {any} body */
  function fill(body) {
    result.hidden = false;
    note.className = body.verdict === "regression" ? "words bad" : "words";
    setText(note, (body.summary ?? []).join(" ") || `Verdict: ${body.verdict}.`);
    setChildren(cautions, [...(body.obstacles ?? []), ...(body.warnings ?? [])].map((text) => h("li", null, text)));
    headline.update(body.headline ?? []);
    const all = body.roles ?? [];
    const changed = all.filter((/** @type {any} */ row) => row.verdict === "worse" || row.verdict === "better" || row.verdict === "inconclusive");
    filter.update(shown);
    roles.update(shown === "all" ? all : changed);
    const alone = [["only before", body.onlyBefore], ["only after", body.onlyAfter]].filter(([, list]) => list?.length).map(([label, list]) => `${label}: ${list.join(", ")}`);
    setText(only, [`${count(changed.length).text} of ${count(all.length).text} roles are not shown to be the same`, ...alone].join("; "));
    sides.update([{ which: "before", ...body.before }, { which: "after", ...body.after }]);
  }

  /** @param {import("./types.js").State} state */
  function update(state) {
    const sessions = state.sessions ?? [];
    const names = sessions.map((s) => `${s.id}${s.name}`).join();
    if (names !== listed) {
      listed = names;
      for (const select of [a, b]) select.replaceChildren(h("option", { value: "" }, "choose a session"), ...sessions.map((s) => h("option", { value: s.id, title: s.name }, s.name.slice(0, 60))));
    }
    for (const [select, wanted] of [[a, state.diffA], [b, state.diffB]]) {
      // a link may name a session by its name
      select.value = sessions.find((s) => s.id === wanted || s.name === wanted)?.id ?? "";
    }
    const key = `${state.diffA}|${state.diffB}`;
    if (key === asked) return;
    asked = key;
    ask(key);
  }
  return { element, update };
}

/** @param {string} label */
function rowsTable(label) {
  return table({
    label,
    id: (/** @type {any} */ row) => row.id,
    empty: "No role differs.",
    columns: [
      { key: "verdict", label: "Verdict", text: true, order: (row) => Object.keys(VERDICTS).indexOf(row.verdict), cell: (row) => {
        const [text, tone] = VERDICTS[row.verdict] ?? [String(row.verdict), ""];
        const arrow = row.verdict !== "worse" && row.verdict !== "better" ? "" : row.shift > 0 ? "▲ " : "▼ ";
        return { text: arrow + text, title: row.verdict === "tooFew" ? "too few requests have it" : "", class: tone };
      } },
      { key: "name", label: "What", text: true, class: "clip", cell: (row) => ({ text: row.name, title: row.name }), order: (row) => row.name },
      { key: "before", label: "Before", title: "median over requests", cell: (row) => value(row, row.before).text },
      { key: "after", label: "After", title: "median over requests", cell: (row) => value(row, row.after).text },
      { key: "shift", label: "Shift", order: (row) => row.shift, cell: (row) => ({ text: signed(row, row.shift), title: `${signed(row, row.low)} to ${signed(row, row.high)}`, class: VERDICTS[row.verdict]?.[1] ?? "" }) },
      { key: "relative", label: "Relative", order: (row) => row.relative, cell: (row) => ({ text: row.relative === null || row.relative === undefined ? DASH : `${row.relative > 0 ? "+" : ""}${percent(row.relative).text}`, title: "", class: VERDICTS[row.verdict]?.[1] ?? "" }) },
      { key: "interval", label: "95 % interval, 0 in the middle", text: true, draw: interval },
      { key: "contribution", label: "Per request", title: "what it adds to a request", order: (row) => row.contributionNanos ?? null, cell: (row) => (row.contributionNanos === undefined ? "" : signed({ unit: "nanos" }, row.contributionNanos)) },
      { key: "q", label: "q", title: "p, corrected for the number of rows tested (Benjamini-Hochberg)", order: (row) => row.q, cell: (row) => ({ text: row.q === null || row.q === undefined ? DASH : row.q < 0.001 ? "< 0.001" : sig3(row.q), title: row.q === null ? "not tested" : `p ${row.p}` }) },
      { key: "n", label: "Requests", cell: (row) => `${count(row.samplesBefore).text} / ${count(row.samplesAfter).text}` },
    ],
  });
}

function sidesTable() {
  return table({
    label: "Sessions compared",
    id: (/** @type {any} */ row) => row.which,
    columns: [
      { key: "which", label: "", text: true, cell: (row) => row.which },
      { key: "name", label: "Session", text: true, class: "clip", cell: (row) => ({ text: row.name ?? DASH, title: row.name }) },
      { key: "models", label: "Model", text: true, class: "clip", cell: (row) => ({ text: (row.models ?? []).join(", ") || DASH, title: (row.models ?? []).join(", ") }) },
      { key: "devices", label: "Devices", text: true, class: "clip", cell: (row) => ({ text: (row.devices ?? []).join(", ") || DASH, title: (row.devices ?? []).join(", ") }) },
      { key: "layers", label: "Layers", cell: (row) => count(row.layers).text },
      { key: "requests", label: "Requests", cell: (row) => count(row.requests).text },
      { key: "left", label: "Left out", title: "not finished, or warm-up", cell: (row) => count(row.requestsLeftOut).text },
      { key: "in", label: "In", cell: (row) => count(row.inputTokens).text },
      { key: "out", label: "Out", cell: (row) => count(row.outputTokens).text },
      { key: "wall", label: "Wall", cell: (row) => duration(row.wallNanos).text },
      { key: "rate", label: "Tokens/s", cell: (row) => rate(row.tokensPerSecond).text },
      { key: "lost", label: "Dropped, lost", cell: (row) => ({ text: `${count(row.dropped).text}, ${count(row.lost).text}`, title: "", class: row.dropped || row.lost ? "warn" : "" }) },
    ],
  });
}

/** @param {{unit: string}} row @param {number | null | undefined} n */
function value(row, n) {
  if (row.unit === "nanos") return duration(n);
  return row.unit === "ratio" ? percent(n) : rate(n, "/s");
}

/** @param {{unit: string}} row @param {number | null | undefined} n */
function signed(row, n) {
  return n !== null && n !== undefined && n > 0 ? `+${value(row, n).text}` : value(row, n).text;
}

/**
 * The interval of the shift as a bar around 0; the half width is the larger of the median before and the interval's end.
 * @param {any} row
 * @param {HTMLElement} cell
 */
function interval(row, cell) {
  if (!cell.firstElementChild) cell.append(h("span", { class: "cellbar zero" }, h("i"), h("b")));
  const bar = /** @type {HTMLElement} */ (cell.firstElementChild);
  const [fill, line] = /** @type {HTMLElement[]} */ ([...bar.children]);
  const known = typeof row.low === "number" && typeof row.high === "number";
  bar.hidden = !known;
  if (!known) return;
  const half = Math.max(Math.abs(row.before ?? 0) * 0.25, Math.abs(row.low), Math.abs(row.high)) || 1;
  const at = (/** @type {number} */ n) => 50 + (n / half) * 50;
  fill.style.left = `${at(row.low)}%`;
  fill.style.width = `${Math.max(1.5, at(row.high) - at(row.low))}%`;
  line.style.left = "50%";
  setAttr(fill, "class", row.verdict === "worse" ? "key-error" : row.verdict === "better" ? "key-decode" : "key-muted");
  setAttr(cell, "title", `${signed(row, row.low)} to ${signed(row, row.high)}`);
}
