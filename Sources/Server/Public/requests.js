// Requests: how many are where, their latencies, and the list whose rows open a waterfall.

import { h } from "./dom.js";
import { sparkline } from "./sparkline.js";
import { table } from "./table.js";
import { choice, facts, stateCell, statsColumns, viewHead } from "./parts.js";
import { DASH, count, duration, percent } from "./format.js";
import { clock } from "./time.js";

/** @typedef {import("./main.js").Context} Context */
/** @typedef {import("./types.js").RequestRow} RequestRow */

export const needs = ["requests", "latency"];

/**
 * @param {Context} context
 * @param {boolean} [brief] the short form for Overview
 */
export function requestTable(context, brief = false) {
  const lasting = (/** @type {keyof RequestRow} */ key, /** @type {string} */ label, /** @type {string} */ title, /** @type {string} */ why) => ({
    key, label, title,
    cell: (/** @type {RequestRow} */ row) => row[key] === null ? { text: DASH, title: why, class: "muted" } : { text: duration(/** @type {number} */ (row[key])).text, title: "" },
    order: brief ? null : (/** @type {RequestRow} */ row) => /** @type {number | null} */ (row[key]),
  });
  const counting = (/** @type {keyof RequestRow} */ key, /** @type {string} */ label, /** @type {string} */ title) => ({
    key, label, title,
    cell: (/** @type {RequestRow} */ row) => count(/** @type {number | null} */ (row[key])).text,
    order: brief ? null : (/** @type {RequestRow} */ row) => /** @type {number | null} */ (row[key]),
  });
  /** @type {WeakMap<HTMLElement, ReturnType<typeof sparkline>>} */
  const sparks = new WeakMap();
  return table({
    label: "Requests",
    id: (/** @type {RequestRow} */ row) => row.trace + row.requestID,
    open: (row) => context.open({ view: "waterfall", trace: row.trace, selection: null, range: null }),
    mark: (row, element) => element.classList.toggle("here", !brief && row.trace === context.store.state.trace),
    empty: "No request in this window.",
    columns: [
      { key: "state", label: "State", text: true, draw: (row, cell) => stateCell(row.state, cell) },
      { key: "requestID", label: "Request", text: true, class: "mono clip", cell: (row) => ({ text: row.requestID || row.trace.slice(0, 16), title: `trace ${row.trace}` }), order: brief ? null : (row) => row.requestID },
      { key: "startNanos", label: "Start", title: "since the session's start", cell: (row) => clock(row.startNanos), order: brief ? null : (row) => row.startNanos },
      lasting("queueNanos", "Queue", "arrival until scheduled", "never scheduled"),
      lasting("ttftNanos", "TTFT", "server arrival to first token, queue included", "no token yet"),
      lasting("tpotNanos", "TPOT", "(last - first) / (tokens - 1)", "known from the second token on, when finished"),
      lasting("e2eNanos", "Total", "arrival to end", "not finished"),
      counting("inputTokens", "In", "prompt tokens"),
      counting("cachedTokens", "Cached", "prompt tokens taken from the prefix cache"),
      counting("outputTokens", "Out", "generated tokens"),
      { key: "itl", label: "Between tokens", title: "inter-token latency over the request", draw: (row, cell) => {
        let spark = sparks.get(cell);
        if (!spark) {
          spark = sparkline("decode", { zero: true, bars: true });
          sparks.set(cell, spark);
          cell.append(spark.element);
        }
        spark.update(row.itlNanos);
      } },
      ...(brief ? [] : [{ key: "model", label: "Model", text: true, class: "clip", cell: (/** @type {RequestRow} */ row) => ({ text: row.model ?? DASH, title: row.model ?? "not recorded" }) }]),
      { key: "error", label: "Error", text: true, class: "clip", cell: (row) => ({ text: row.error ?? "", title: row.error ?? "", class: "bad" }) },
    ],
  });
}

/** @param {Context} context */
export function createRequests(context) {
  let shownState = "all";
  const states = choice("State", [["all", "All"], ["open", "In flight"], ["finished", "Finished"], ["bad", "Failed or cancelled"]], (value) => {
    shownState = value;
    update(context.store.state);
  });
  const filter = h("input", { type: "search", placeholder: "id, model, error", "aria-label": "Filter requests", oninput: () => update(context.store.state) });
  const total = h("span", { class: "small" });
  const numbers = facts([
    { label: "queued" }, { label: "prefill" }, { label: "decode" }, { label: "finished" }, { label: "cancelled" }, { label: "rejected" }, { label: "failed" },
    { label: "goodput", title: "finished within the targets, over all but those the client cancelled" }, { label: "older than P95", title: "in flight for longer than the P95 of the finished" },
  ]);
  const latency = table({
    label: "Latency",
    id: (/** @type {any} */ row) => row.label,
    columns: [
      { key: "label", label: "Latency", text: true, cell: (row) => ({ text: row.label, title: row.title }) },
      ...statsColumns((/** @type {any} */ row) => row.stats),
    ],
  });
  const list = requestTable(context);
  const element = h("div", { class: "view" }, viewHead("Requests"), numbers.element, latency.element,
    h("div", { class: "filters" }, states.element, filter, total), list.element);

  /** @param {import("./types.js").State} state */
  function update(state) {
    const { requests, latency: l } = state.views;
    states.update(shownState);
    if (l) {
      const s = l.states;
      numbers.update([count(s.queued), count(s.prefill), count(s.decode), count(s.finished), count(s.cancelled), count(s.rejected), count(s.failed), percent(l.goodput?.ratio), count(l.olderThanP95)]);
      latency.update([
        { label: "TTFT", title: "time to first token at the server", stats: l.ttft },
        { label: "TPOT", title: "time per output token", stats: l.tpot },
        { label: "ITL", title: "gap between emissions", stats: l.itl },
        { label: "Queue", title: "arrival until scheduled", stats: l.queue },
        { label: "Prefill", title: "scheduled until first token", stats: l.prefill },
        { label: "End to end", title: "arrival to end", stats: l.e2e },
        { label: "TTFT, client", title: "as the client saw it", stats: l.clientTtft },
        { label: "End to end, client", title: "as the client saw it", stats: l.clientE2e },
      ]);
    }
    if (requests) {
      const text = (filter.value || state.query).trim().toLowerCase();
      const rows = requests.requests.filter((/** @type {RequestRow} */ row) => inState(row, shownState) &&
        (!text || [row.requestID, row.trace, row.model, row.error, row.state].some((part) => part?.toLowerCase().includes(text))));
      total.textContent = `${count(rows.length).text} shown of ${count(requests.total).text}`;
      list.update(rows);
    }
  }
  return { element, update };
}

/**
 * @param {RequestRow} row
 * @param {string} wanted
 */
function inState(row, wanted) {
  if (wanted === "all") return true;
  if (wanted === "finished") return row.state === "finished";
  if (wanted === "open") return ["queued", "prefill", "decode", "open"].includes(row.state);
  return ["cancelled", "rejected", "failed"].includes(row.state);
}
