// Diff: two sessions chosen, and the answer of /api/diff drawn by its shape: scalars as facts, lists of objects as tables.

import * as api from "./api.js";
import { h, setChildren, setText } from "./dom.js";
import { table } from "./table.js";
import { viewHead } from "./parts.js";
import { DASH, attribute, count, duration, percent, sig3, size } from "./format.js";

/** @type {string[]} */
export const needs = [];

/** @param {import("./main.js").Context} context */
export function createDiff(context) {
  const store = context.store;
  const a = h("select", { "aria-label": "Before", onchange: () => store.set({ diffA: a.value }) });
  const b = h("select", { "aria-label": "After", onchange: () => store.set({ diffB: b.value }) });
  const swap = h("button", { type: "button", onclick: () => store.set({ diffA: store.state.diffB, diffB: store.state.diffA }) }, "Swap");
  const note = h("p", { class: "words" });
  const result = h("div", { class: "panels" });
  const element = h("div", { class: "view" }, viewHead("Diff", h("div", { class: "filters" }, h("span", { class: "muted" }, "before"), a, h("span", { class: "muted" }, "after"), b, swap)), note, result);
  let asked = "";
  let listed = "";

  /** @param {string} key */
  async function ask(key) {
    const { diffA, diffB } = store.state;
    setChildren(result, []);
    note.className = "words muted";
    if (!diffA || !diffB) return setText(note, "Choose two sessions: the one before, and the one after the change.");
    if (diffA === diffB) return setText(note, "These are the same session: there is nothing to compare.");
    setText(note, "Comparing…");
    try {
      const answer = await api.diff(diffA, diffB);
      if (key !== asked) return;
      render(answer);
    } catch (error) {
      if (key === asked) setText(note, `No comparison: ${/** @type {Error} */ (error).message}`);
    }
  }

  /** @param {any} answer */
  function render(answer) {
    const verdict = answer.verdict ?? answer.result ?? null;
    note.className = `words ${String(verdict).match(/regress|worse/) ? "bad" : ""}`;
    const notes = [answer.words, answer.notes].flat().filter(Boolean).map((n) => (typeof n === "string" ? n : n.text ?? JSON.stringify(n)));
    setText(note, [verdict ? `Verdict: ${attribute(verdict)}.` : "", ...notes.map((n) => (/[.!?]$/.test(n) ? n : `${n}.`))].filter(Boolean).join(" "));
    /** @type {Node[]} */
    const parts = [];
    const scalars = Object.entries(answer).filter(([key, value]) => (typeof value !== "object" || value === null) && key !== "verdict" && key !== "words");
    if (scalars.length) parts.push(h("dl", { class: "facts" }, ...scalars.map(([key, value]) => h("div", null, h("dt", null, label(key)), h("dd", null, cellText(key, value))))));
    for (const [key, value] of Object.entries(answer)) {
      if (!Array.isArray(value) || value.length === 0 || typeof value[0] !== "object") continue;
      parts.push(h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", null, label(key).replace(/^./, (c) => c.toUpperCase()))), rowsTable(key, value)));
    }
    setChildren(result, parts);
  }

  /** @param {import("./types.js").State} state */
  function update(state) {
    const sessions = state.sessions ?? [];
    const names = sessions.map((s) => `${s.id}${s.name}`).join();
    if (names !== listed) {
      listed = names;
      for (const select of [a, b]) select.replaceChildren(h("option", { value: "" }, "choose a session"), ...sessions.map((s) => h("option", { value: s.id }, s.name.slice(0, 60))));
    }
    a.value = state.diffA ?? "";
    b.value = state.diffB ?? "";
    const key = `${state.diffA}|${state.diffB}`;
    if (key === asked) return;
    asked = key;
    ask(key);
  }
  return { element, update };
}

/**
 * @param {string} name
 * @param {any[]} rows
 */
function rowsTable(name, rows) {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((key) => rows.some((row) => typeof row[key] !== "object" && row[key] !== undefined));
  const list = table({
    label: name,
    id: (/** @type {any} */ row) => String(rows.indexOf(row)),
    columns: keys.map((key) => {
      const text = rows.every((row) => typeof row[key] !== "number");
      return { key, label: label(key), text, class: text ? "clip" : "", order: (/** @type {any} */ row) => row[key],
        cell: (/** @type {any} */ row) => ({ text: cellText(key, row[key]), title: text ? attribute(row[key]) : "", class: tone(row, key) }) };
    }),
  });
  list.update(rows);
  return list.element;
}

/** Worse and better are told by sign and arrow as well as by colour. @param {any} row @param {string} key */
function tone(row, key) {
  if (!/verdict|shift|relative|delta/i.test(key)) return "";
  if (/worse|regress/.test(row.verdict ?? "")) return "bad";
  return /better|improve/.test(row.verdict ?? "") ? "good" : "";
}

/** @param {string} key a JSON key: medianANanos becomes "median A" */
function label(key) {
  return key.replace(/(Nanos|Bytes|Ratio)$/, "").replace(/([a-z])([A-Z])/g, "$1 $2").replace(/ ([A-Z])(?=[a-z])/g, (m) => m.toLowerCase());
}

/** @param {string} key @param {any} value */
function cellText(key, value) {
  if (value === null || value === undefined) return DASH;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") {
    if (key !== "verdict") return attribute(value);
    return value === "worse" ? "▲ worse" : value === "better" ? "▼ better" : attribute(value);
  }
  const sign = /shift|delta|relative/i.test(key) && value > 0 ? "+" : "";
  if (key.endsWith("Nanos")) return sign + duration(value).text;
  if (key.endsWith("Bytes")) return sign + size(value).text;
  if (/ratio|relative/i.test(key)) return sign + percent(value).text;
  return Number.isInteger(value) ? sign + count(value).text : sign + sig3(value);
}
