// A sortable table whose rows keep their elements while values change, so focus, selection and hover survive live updates.

import { h, setAttr, setChildren, setText } from "./dom.js";

/**
 * @template T
 * @typedef {object} Column
 * @property {string} key
 * @property {string} label
 * @property {string} [title] what the number means
 * @property {boolean} [text] left-aligned text instead of a number
 * @property {string} [class]
 * @property {(row: T) => string | {text: string, title?: string, class?: string}} [cell]
 * @property {(row: T, cell: HTMLElement) => void} [draw] fills the cell itself; called on every update
 * @property {((row: T) => number | string | null | undefined) | null} [order] null: not sortable
 */

/**
 * @template T
 * @param {object} options
 * @param {string} options.label
 * @param {Column<T>[]} options.columns
 * @param {(row: T) => string} options.id
 * @param {(row: T) => void} [options.open] click or Enter on a row
 * @param {(row: T, element: HTMLElement) => void} [options.mark] sets classes of a row
 * @param {string} [options.empty]
 * @param {{key: string, down: boolean}} [options.sort]
 */
export function table({ label, columns, id, open, mark, empty = "Nothing in this window.", sort }) {
  let order = sort ?? null;
  /** @type {T[]} */
  let rows = [];
  /** @type {Map<string, {element: HTMLElement, cells: HTMLElement[], row: T}>} */
  const kept = new Map();
  const heads = columns.map((column) => {
    const sortable = column.order !== null && column.order !== undefined;
    const button = sortable ? h("button", { type: "button", onclick: () => turn(column.key) }, column.label) : column.label;
    return h("th", { scope: "col", class: cellClass(column), title: column.title }, button);
  });
  const body = h("tbody");
  const nothing = h("p", { class: "nothing" }, empty);
  const element = h("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": label },
    h("table", null, h("thead", null, h("tr", null, ...heads)), body), nothing);

  /** @param {string} key */
  function turn(key) {
    order = order?.key === key ? { key, down: !order.down } : { key, down: true };
    render();
  }

  function sorted() {
    const column = columns.find((c) => c.key === order?.key);
    if (!order || !column?.order) return rows;
    const by = column.order;
    const sign = order.down ? -1 : 1;
    return rows.map((row, i) => ({ row, i, value: by(row) })).sort((a, b) => {
      const [x, y] = [a.value, b.value];
      if (x === y) return a.i - b.i;
      if (x === null || x === undefined) return 1;
      if (y === null || y === undefined) return -1;
      return x < y ? -sign : sign;
    }).map((entry) => entry.row);
  }

  /** @param {T} row */
  function make(row) {
    const cells = columns.map((column) => h("td", { class: cellClass(column) }));
    const element = h("tr", open ? { tabindex: "0", class: "opens" } : null, ...cells);
    const entry = { element, cells, row };
    if (open) {
      element.addEventListener("click", () => open(entry.row));
      element.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && open(entry.row));
    }
    return entry;
  }

  function render() {
    columns.forEach((column, i) => setAttr(heads[i], "aria-sort", order?.key === column.key ? (order.down ? "descending" : "ascending") : null));
    const seen = new Set();
    const elements = sorted().map((row) => {
      const key = id(row);
      seen.add(key);
      const entry = kept.get(key) ?? make(row);
      kept.set(key, entry);
      entry.row = row;
      columns.forEach((column, i) => fill(column, row, entry.cells[i]));
      mark?.(row, entry.element);
      return entry.element;
    });
    for (const key of kept.keys()) if (!seen.has(key)) kept.delete(key);
    setChildren(body, elements);
    nothing.hidden = rows.length > 0;
  }

  return {
    element,
    /** @param {T[]} next */
    update(next) {
      rows = next;
      render();
    },
    /** The rows in the order shown. */
    shown: sorted,
    /** @param {string} key @returns {HTMLElement | undefined} */
    rowElement: (key) => kept.get(key)?.element,
  };
}

/** @param {Column<any>} column */
function cellClass(column) {
  return [column.text || column.draw ? "text" : "num", column.class].filter(Boolean).join(" ");
}

/**
 * @param {Column<any>} column
 * @param {any} row
 * @param {HTMLElement} cell
 */
function fill(column, row, cell) {
  if (column.draw) return column.draw(row, cell);
  const value = column.cell?.(row) ?? "";
  if (typeof value === "string") return setText(cell, value);
  setText(cell, value.text);
  setAttr(cell, "title", value.title);
  const name = [cellClass(column), value.class].filter(Boolean).join(" ");
  if (cell.className !== name) cell.className = name;
}
