// Links: what each hop carries, how long a message travels, and what it costs a token.

import { h, setChildren } from "./dom.js";
import { lineChart } from "./charts.js";
import { table } from "./table.js";
import { choice, statsColumns, viewHead } from "./parts.js";
import { axisOf } from "./store.js";
import { DASH, count, duration, ellipsis, percent, sig3, size } from "./format.js";

export const needs = ["links"];

/** @param {import("./main.js").Context} context */
export function createLinks(context) {
  let kind = "transit";
  let most = 1;
  const kinds = choice("What", [["transit", "Transit, decode"], ["prefillTransit", "Transit, prefill"], ["wait", "Receiver's wait"]], (value) => {
    kind = value;
    update(context.store.state);
  });
  const clocks = choice("Clock", [["", "Aligned"], ["raw", "Raw"], ["refit", "Refit"]], (value) => context.store.set({ clock: value }));
  const name = (/** @type {any} */ row) => `${row.from}>${row.to}`;
  const of = (/** @type {any} */ row) => row[kind];
  const list = table({
    label: "Links",
    id: name,
    empty: "No message has crossed a link in this window: one device, or nothing recorded yet.",
    mark: (row, element) => element.classList.toggle("focus", context.store.state.focus?.replace("→", ">") === name(row)),
    columns: [
      { key: "link", label: "Link", text: true, class: "clip", cell: (row) => ({ text: `${row.from} → ${row.to}`, title: name(row) }), order: name },
      { key: "bar", label: "P50, and P95 as a line", text: true, draw: (row, cell) => {
        let bar = /** @type {HTMLElement | null} */ (cell.firstElementChild);
        if (!bar) cell.append((bar = h("span", { class: "cellbar net" }, h("i", { class: "key-network" }), h("b"))));
        const [fill, line] = /** @type {HTMLElement[]} */ ([...(bar?.children ?? [])]);
        fill.style.width = `${((of(row)?.p50Nanos ?? 0) / most) * 100}%`;
        line.style.left = `${((of(row)?.p95Nanos ?? 0) / most) * 100}%`;
      } },
      ...statsColumns(of, ["count", "mean", "p50", "p95", "p99", "max"]),
      { key: "error", label: "Clock ±", title: "error band between the two clocks", order: (row) => row.errorNanos, cell: (row) => {
        const larger = row.errorNanos !== null && (row.transit?.p50Nanos ?? Infinity) < row.errorNanos;
        return { text: row.errorNanos === null ? DASH : duration(row.errorNanos).text, title: larger ? "the clock error is larger than the transit itself" : "", class: larger ? "warn" : "" };
      } },
      { key: "share", label: "Of a token", title: "share of a token's time", cell: (row) => percent(row.tokenShare).text, order: (row) => row.tokenShare },
      { key: "transfers", label: "Messages", cell: (row) => count(row.transfers).text, order: (row) => row.transfers },
      { key: "size", label: "Sent", cell: (row) => size(row.sizeBytes).text, order: (row) => row.sizeBytes },
      { key: "rate", label: "Effective", title: "bytes over transit", order: (row) => row.gigabytesPerSecond, cell: (row) => throughput(row.gigabytesPerSecond) },
      { key: "interface", label: "Interface", text: true, cell: (row) => ({ text: row.interface ?? DASH, title: row.interface ? "" : "the pipeline did not say which interface it uses" }) },
    ],
  });
  const over = h("section", { class: "panel" });
  let charted = "";
  /** @type {ReturnType<typeof lineChart> | null} */
  let chart = null;
  const element = h("div", { class: "view" }, viewHead("Links", h("div", { class: "filters" }, kinds.element, clocks.element),
    h("span", { class: "small" }, "Transit: start of send to end of receive, without the receiver's wait. Clock: stamps as they are, aligned as each ten seconds were over, or aligned anew.")), list.element, over);

  /** @param {import("./types.js").State} state */
  function update(state) {
    kinds.update(kind);
    clocks.update(state.clock);
    const rows = state.views.links?.links;
    if (!rows) return;
    most = Math.max(1, ...rows.map((/** @type {any} */ row) => of(row)?.p95Nanos ?? 0));
    list.update(rows);
    // each link has a panel of its own; beyond four they would be too low to read
    const busiest = [...rows].sort((a, b) => b.sizeBytes - a.sizeBytes).slice(0, 4).sort((a, b) => rows.indexOf(a) - rows.indexOf(b));
    const key = busiest.map(name).join();
    if (key !== charted) {
      charted = key;
      chart = busiest.length ? lineChart(rows.length > 4 ? "Bytes per second, the four busiest links" : "Bytes per second", busiest.map((row) => (
        { key: name(row), label: ellipsis(`${row.from} → ${row.to}`, 40), hue: "network", unit: "/s", format: (/** @type {number} */ v) => size(v).text }))) : null;
      setChildren(over, chart ? [chart.element] : []);
    }
    chart?.update(busiest.map((row) => {
      const { fromNanos, bucketNanos, bytes } = row.ticks;
      return { at: bytes.map((/** @type {any} */ _, /** @type {number} */ i) => fromNanos + (i + 1) * bucketNanos), values: bytes.map((/** @type {number} */ b) => b / (bucketNanos / 1e9)) };
    }), axisOf(state));
  }
  return { element, update };
}

/** @param {number | null} gigabytes per second; small links are read in MB/s */
function throughput(gigabytes) {
  if (gigabytes === null || gigabytes === undefined) return DASH;
  return gigabytes < 1 ? `${sig3(gigabytes * 1000)} MB/s` : `${sig3(gigabytes)} GB/s`;
}
