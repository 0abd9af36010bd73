// Below the waterfall: the selected span in full at the left, the figures of the area (or of what is visible) at the right.

import { h, setChildren, setText } from "./dom.js";
import { table } from "./table.js";
import { rankAmongKind } from "./aggregate.js";
import { DASH, attribute, count, duration, linkName, percent, unknownText, whyUnknown } from "./format.js";
import { clock, tickLabel } from "./time.js";
import { hueOfSpan } from "./theme.js";

/** @typedef {import("./aggregate.js").Group} Group */

/**
 * @param {object} on
 * @param {(index: number) => void} on.select
 * @param {(name: string) => void} on.filter
 * @param {() => void} on.clearArea
 */
export function createDrawer(on) {
  const detail = h("section", { "aria-label": "Selected span" });
  const title = h("h2");
  const small = h("span", { class: "small" });
  const clear = h("button", { type: "button", onclick: on.clearArea }, "Clear area");
  const lasting = (/** @type {keyof Group} */ key, /** @type {string} */ label) => ({
    key, label, order: (/** @type {Group} */ row) => /** @type {number} */ (row[key]),
    cell: (/** @type {Group} */ row) => row[key] === null ? { text: unknownText(row), title: whyUnknown(row), class: "muted" } : { text: duration(/** @type {number} */ (row[key])).text, title: "" },
  });
  const groups = table({
    label: "Spans by name",
    id: (/** @type {Group} */ row) => `${row.name} ${row.phase}`,
    open: (row) => on.filter(row.name),
    empty: "No ended span in this area.",
    sort: { key: "selfNanos", down: true },
    columns: [
      { key: "name", label: "Name", text: true, class: "clip", order: (row) => row.name, draw: (row, cell) => {
        if (!cell.firstElementChild) cell.append(h("span"));
        const inner = /** @type {HTMLElement} */ (cell.firstElementChild);
        inner.className = `key key-${hueOfSpan(row)}`;
        setText(inner, row.phase && !row.name.includes(row.phase) ? `${row.name}, ${row.phase}` : row.name);
      } },
      { key: "count", label: "Count", cell: (row) => count(row.count).text, order: (row) => row.count },
      lasting("totalNanos", "Total"), lasting("selfNanos", "Self"), lasting("meanNanos", "Mean"), lasting("p50Nanos", "P50"),
      lasting("p95Nanos", "P95"), lasting("p99Nanos", "P99"), lasting("minNanos", "Min"), lasting("maxNanos", "Max"),
    ],
  });
  const figures = h("section", { "aria-label": "Figures" }, h("div", { class: "panel-head" }, title, small, h("span", { class: "spacer" }), clear), groups.element);
  const element = h("div", { class: "wf-drawer" }, detail, figures);

  return {
    element,
    /**
     * @param {Group[]} rows
     * @param {{from: number, to: number, origin: number, area: boolean}} about
     */
    figures(rows, about) {
      groups.update(rows);
      setText(title, about.area ? "Selected area" : "Visible range");
      const spans = rows.reduce((sum, row) => sum + row.count, 0);
      setText(small, `${count(spans).text} spans in ${duration(about.to - about.from).text}, from ${tickLabel(Math.round(about.from - about.origin), Math.max(1, (about.to - about.from) / 100))}; click a name to find its bars`);
      clear.hidden = !about.area;
    },
    /**
     * @param {import("./types.js").Trace | null} trace
     * @param {number} index -1: nothing is selected
     * @param {(id: string) => number} indexOf
     */
    show(trace, index, indexOf) {
      element.classList.toggle("alone", !trace || index < 0);
      detail.hidden = !trace || index < 0;
      setChildren(detail, trace && index >= 0 ? describe(trace, index, indexOf, on.select) : []);
    },
  };
}

/**
 * @param {import("./types.js").Trace} trace
 * @param {number} index
 * @param {(id: string) => number} indexOf
 * @param {(index: number) => void} select
 */
function describe(trace, index, indexOf, select) {
  const span = trace.spans[index];
  const parent = span.parent === null ? -1 : indexOf(span.parent);
  const end = span.endNanos ?? trace.toNanos;
  const long = end - span.startNanos;
  const rank = rankAmongKind(trace, index);
  /** @type {Node[]} */
  const crumbs = [];
  for (let k = parent, steps = 0; k >= 0 && steps < 32; steps += 1) {
    const at = k;
    const above = trace.spans[k];
    crumbs.unshift(h("button", { type: "button", onclick: () => select(at), title: above.name }, above.name), document.createTextNode("›"));
    k = above.parent === null ? -1 : indexOf(above.parent);
  }
  if (span.parent !== null && parent < 0) crumbs.push(h("span", { class: "warn" }, "its parent is not in this session"));
  const copy = h("button", { type: "button", onclick: () => {
    navigator.clipboard?.writeText(JSON.stringify(span, null, 2)).then(() => setText(copy, "Copied"), () => setText(copy, "Clipboard refused"));
  } }, "Copy as JSON");
  const critical = span.critical ? "yes" : "no";
  const parentLong = parent >= 0 ? (trace.spans[parent].endNanos ?? trace.toNanos) - trace.spans[parent].startNanos : 0;
  const link = linkName(span.link);
  const flows = trace.flows.filter((flow) => flow.from === span.id || flow.to === span.id);
  return [
    h("div", { class: "crumbs" }, ...crumbs),
    h("div", { class: `detail-title key-${hueOfSpan(span)}` }, h("span", { class: "swatch" }), h("span", { class: "name" }, span.name), h("span", { class: "spacer" }), copy),
    pairs([
      ["Duration", span.open ? `${duration(long).text} so far, still open` : `${duration(long).text}${parentLong > 0 ? `, ${percent(long / parentLong).text} of its parent` : ""}`],
      ["Self time", span.selfNanos === null ? `${DASH} (open)` : `${duration(span.selfNanos).text}${long > 0 ? `, ${percent(span.selfNanos / long).text} of it` : ""}`],
      ["Start", `${duration(span.startNanos - trace.fromNanos).text} into the trace, ${clock(span.startNanos, 3)} into the session`],
      ["Operation", [span.operation, span.phase, link, span.layer === null ? null : `layer ${span.layer}`, span.stage === null ? null : `stage ${span.stage}`].filter(Boolean).join(" · ")],
      ["Device", trace.devices[span.device] ?? DASH],
      ...(rank ? [/** @type {[string, string]} */ (["Among its kind", `longer than ${percent(rank.rank).text} of ${count(rank.of).text}`])] : []),
      ["Critical path", critical],
      ...(span.status === "error" ? [/** @type {[string, string]} */ (["Status", "error"])] : []),
      ...flows.map((flow) => /** @type {[string, string]} */ ([flow.from === span.id ? "Flow to" : "Flow from",
        `${trace.spans[indexOf(flow.from === span.id ? flow.to : flow.from)]?.name ?? "?"}, transit ${duration(flow.transitNanos).text} ± ${duration(flow.errorNanos).text}`])),
      ["Span", span.id],
    ]),
    h("h3", { class: "pairs-head" }, "Attributes"),
    Object.keys(span.attributes ?? {}).length ? pairs(Object.entries(span.attributes).map(([key, value]) => [key, readable(key, value)]), true) : h("p", { class: "small" }, "none"),
  ];
}

/** @param {[string, string][]} entries @param {boolean} [mono] */
function pairs(entries, mono = false) {
  return h("dl", { class: mono ? "pairs mono" : "pairs" }, ...entries.flatMap(([key, value]) => [h("dt", null, key), h("dd", null, value)]));
}

/** @param {string} key @param {unknown} value */
function readable(key, value) {
  if (typeof value === "number" && key.endsWith("Nanos")) return `${duration(value).text} (${value})`;
  return attribute(value);
}
