// Sessions: every recording the server knows; a row opens it.

import { h } from "./dom.js";
import { table } from "./table.js";
import { stateCell, viewHead } from "./parts.js";
import { FRESH } from "./store.js";
import { size } from "./format.js";
import { day } from "./time.js";

/** @type {string[]} */
export const needs = [];

/** @param {import("./main.js").Context} context */
export function createSessions(context) {
  const list = table({
    label: "Sessions",
    id: (/** @type {import("./types.js").SessionRow} */ row) => row.id,
    open: (row) => context.open({ ...FRESH, session: row.id, view: "overview" }),
    mark: (row, element) => {
      const shown = context.store.state.envelope?.session.id;
      element.classList.toggle("here", row.id === shown);
    },
    columns: [
      { key: "state", label: "State", text: true, draw: (row, cell) => stateCell(row.state, cell) },
      { key: "name", label: "Name", text: true, class: "clip", cell: (row) => ({ text: row.name, title: row.name }), order: (row) => row.name },
      { key: "created", label: "Begun", cell: (row) => day(row.createdUnixNanos), order: (row) => row.createdUnixNanos },
      { key: "size", label: "Size", cell: (row) => size(row.sizeBytes).text, order: (row) => row.sizeBytes },
      { key: "id", label: "Id", text: true, class: "mono", cell: (row) => row.id.slice(0, 16) },
      { key: "compare", label: "", text: true, draw: (row, cell) => {
        if (cell.firstElementChild) return;
        cell.append(h("button", { type: "button", onclick: (/** @type {Event} */ event) => {
          event.stopPropagation();
          const a = context.store.state.envelope?.session.id ?? null;
          context.open({ view: "diff", diffA: a === row.id ? null : a, diffB: row.id });
        } }, "Compare with this"));
      } },
    ],
    sort: { key: "created", down: true },
  });
  const element = h("div", { class: "view" }, viewHead("Sessions"), list.element);
  return {
    element,
    /** @param {import("./types.js").State} state */
    update: (state) => list.update(state.sessions ?? []),
  };
}
