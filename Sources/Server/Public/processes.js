// Processes: the answer to "why does nothing update?" Last event, drops, clock band, cost of tracing; and spans still open.

import { h, setText } from "./dom.js";
import { table } from "./table.js";
import { stateCell, viewHead } from "./parts.js";
import { DASH, count, duration, size } from "./format.js";
import { clock } from "./time.js";

export const needs = ["processes"];

/** @param {import("./main.js").Context} context */
export function createProcesses(context) {
  const list = table({
    label: "Processes",
    id: (/** @type {any} */ row) => row.stream + row.pid,
    mark: (row, element) => element.classList.toggle("focus", context.store.state.focus === row.device),
    empty: "No process has joined this session.",
    columns: [
      { key: "state", label: "State", text: true, draw: (row, cell) => stateCell(row.state, cell) },
      { key: "device", label: "Device", text: true, class: "clip", cell: (row) => ({ text: row.device, title: row.device }), order: (row) => row.device },
      { key: "host", label: "Host", text: true, class: "clip", cell: (row) => ({ text: row.host || DASH, title: row.host }) },
      { key: "pid", label: "PID", cell: (row) => (row.pid === null ? DASH : String(row.pid)) },
      { key: "last", label: "Last event", title: "on the session's clock", cell: (row) => (row.lastEventNanos === null ? DASH : clock(row.lastEventNanos)), order: (row) => row.lastEventNanos },
      { key: "silent", label: "Silent for", cell: (row) => ({ text: duration(row.silentNanos).text, title: "", class: row.state === "silent" ? "warn" : "" }), order: (row) => row.silentNanos },
      { key: "events", label: "Events", cell: (row) => count(row.events).text, order: (row) => row.events },
      { key: "dropped", label: "Dropped", title: "not recorded, counted by reason", order: (row) => total(row.dropped), cell: (row) => {
        const reasons = Object.entries(row.dropped ?? {});
        return { text: count(total(row.dropped)).text, title: reasons.map(([why, n]) => `${why}: ${n}`).join(", ") || "none", class: total(row.dropped) ? "warn" : "" };
      } },
      { key: "lost", label: "Lost", title: "in damaged blocks", cell: (row) => ({ text: count(row.lost).text, title: "", class: row.lost ? "bad" : "" }), order: (row) => row.lost },
      { key: "clock", label: "Clock ±", title: "error band against the session's clock", cell: (row) => ({ text: duration(row.clockErrorNanos).text, title: `clock domain ${row.clockDomain ?? DASH}` }), order: (row) => row.clockErrorNanos },
      { key: "cost", label: "Per record", title: "measured cost of emitting one record", cell: (row) => ({ text: duration(row.recordCostNanos).text, title: row.recordCostNanos === null ? "not measured by this writer" : "" }) },
      { key: "size", label: "On disk", cell: (row) => size(row.sizeBytes).text, order: (row) => row.sizeBytes },
      { key: "stream", label: "Stream", text: true, class: "mono", cell: (row) => ({ text: row.stream.slice(0, 12), title: row.stream }) },
    ],
  });
  const note = h("span", { class: "small" });
  const open = table({
    label: "Open spans",
    id: (/** @type {any} */ row) => row.span,
    empty: "Every span that began has ended.",
    columns: [
      { key: "name", label: "Span", text: true, class: "clip", cell: (row) => ({ text: row.name, title: row.name }), order: (row) => row.name },
      { key: "device", label: "Device", text: true, class: "clip", cell: (row) => ({ text: row.device, title: row.device }), order: (row) => row.device },
      { key: "start", label: "Began", cell: (row) => clock(row.startNanos, 3), order: (row) => row.startNanos },
      { key: "age", label: "Open for", cell: (row) => duration((context.store.state.envelope?.atNanos ?? row.startNanos) - row.startNanos).text },
      { key: "span", label: "Id", text: true, class: "mono", cell: (row) => row.span },
    ],
  });
  const element = h("div", { class: "view" }, viewHead("Processes"), list.element,
    h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", null, "Open spans"), note), open.element));

  /** @param {import("./types.js").State} state */
  function update(state) {
    const processes = state.views.processes;
    if (!processes) return;
    list.update(processes.processes);
    open.update(processes.open ?? []);
    setText(note, processes.open?.length >= 200 ? "the first 200" : "begun, not ended");
  }
  return { element, update };
}

/** @param {Record<string, number> | null} dropped */
function total(dropped) {
  return Object.values(dropped ?? {}).reduce((sum, n) => sum + n, 0);
}
