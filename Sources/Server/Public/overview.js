// Overview: first the alerts that fire, then what stands out in words, then six cards, tokens over time, where a token's time goes, devices, newest requests.

import { deviceStrips } from "./strips.js";
import { h, setAttr, setChildren, setText } from "./dom.js";
import { lineChart } from "./charts.js";
import { sparkline } from "./sparkline.js";
import { tokenTime } from "./tokentime.js";
import { requestTable } from "./requests.js";
import { axisOf } from "./store.js";
import { DASH, count, duration, linkName, percent, rate, size } from "./format.js";

/** @typedef {import("./main.js").Context} Context */

export const needs = ["overview", "throughput", "devices", "cache", "memory"];

/** @param {Context} context */
export function createOverview(context) {
  const alerts = h("ul", { class: "alerts", "aria-label": "Alerts that fire" });
  const words = h("p", { class: "words" });
  const cards = [
    card("Tokens/s", "decode", "requests", context), card("TTFT P95", "prefill", "requests", context),
    card("TPOT P50", "decode", "requests", context), card("In flight", "queue", "requests", context),
    card("Cache hits", "cache", "cache", context), card("Memory", "sampling", "memory", context),
  ];
  const tokens = lineChart("Tokens per second", [
    { key: "generated", label: "generation", hue: "decode", unit: "tok/s" },
    { key: "prompt", label: "prompt, computed", hue: "prefill", unit: "tok/s" },
  ]);
  const shares = tokenTime();
  const strips = deviceStrips();
  const bound = h("span", { class: "small" });
  const newest = requestTable(context, true);
  const element = h("div", { class: "view" }, alerts, words, h("div", { class: "cards" }, ...cards.map((c) => c.element)),
    h("div", { class: "columns" }, tokens.element, shares.element),
    h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", null, "Devices, busy"), bound), strips.element),
    h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", null, "Newest requests")), newest.element));

  /** @param {import("./types.js").State} state */
  function update(state) {
    const { overview, throughput, devices, cache, memory } = state.views;
    const axis = axisOf(state);
    sayAlerts(alerts, state.alerts ?? []);
    if (overview) sayWords(words, overview.words, context, overview.requestsFinished + overview.inFlight > 0);
    const window = windowLabel(state);
    if (overview && throughput) {
      const ticks = throughput.ticks ?? [];
      const rates = tickRates(ticks);
      tokens.update([rates.generated, rates.prompt], axis);
      const recent = (state.recent ?? []).slice().reverse();
      cards[0].update(rate(overview.tokensPerSecond), rates.generated.values, [`${count(throughput.generatedTokens).text} tokens`, window, `peak ${rate(throughput.peaks?.tokensPerSecond, "").text}`], "no token in this window");
      cards[1].update(duration(overview.ttft.p95Nanos), recent.map((r) => r.ttftNanos), [`${count(overview.ttft.count).text} requests`, window, `max ${duration(overview.ttft.maxNanos).text}`], "no request reached its first token");
      cards[2].update(duration(overview.tpot.p50Nanos), recent.map((r) => r.tpotNanos), [`${count(overview.tpot.count).text} requests`, window, `max ${duration(overview.tpot.maxNanos).text}`], "no request has two tokens yet");
      cards[3].update(count(overview.inFlight), ticks.map((/** @type {any} */ t) => t.inFlight), [`${count(overview.queued).text} queued`, `${count(overview.requestsFinished).text} finished`, `goodput ${percent(overview.goodput).text}`], "not known");
    }
    if (overview && cache) {
      const ratio = (cache.ticks?.promptTokens ?? []).map((/** @type {number} */ p, /** @type {number} */ i) => (p > 0 ? cache.ticks.hitTokens[i] / p : null));
      cards[4].update(percent(overview.cacheTokenHitRatio), holdLast(ratio), ["of prompt tokens", `${percent(overview.cacheAccessHitRatio).text} of ${count(cache.lookups).text} lookups`], cache.enabled ? "no lookup in this window" : "the prefix cache is off");
    }
    if (overview && memory) {
      const total = (memory.hosts ?? []).reduce((/** @type {number} */ sum, /** @type {any} */ host) => sum + (host.totalBytes ?? 0), 0);
      cards[5].update(size(overview.memoryBytes), sumTicks(memory), [`all processes`, `peak ${size(memory.peaks?.rssBytes).text}`, ...(total ? [`of ${size(total).text}`] : [])], "no memory sample yet");
    }
    if (overview) shares.update(overview.tokenTime ?? []);
    if (devices) {
      strips.update(devices.devices ?? [], axis);
      setText(bound, devices.bound?.words ?? "");
    }
    newest.update((state.recent ?? []).slice(0, 8));
  }
  return { element, update };
}

/**
 * @param {string} label
 * @param {string} hue
 * @param {string} view
 * @param {Context} context
 */
function card(label, hue, view, context) {
  const value = h("span", { class: "value" }, DASH);
  const unit = h("span", { class: "unit" });
  const small = h("span", { class: "small" });
  const spark = sparkline(hue, { zero: true });
  const element = h("a", { class: "card", href: `#view=${view}`, onclick: (/** @type {Event} */ event) => {
    event.preventDefault();
    context.open({ view });
  } }, h("h3", null, label), h("div", { class: "figure-line" }, value, unit), spark.element, small);
  return {
    element,
    /**
     * @param {import("./format.js").Quantity} quantity
     * @param {(number | null)[]} values
     * @param {string[]} notes
     * @param {string} why why the value is not known, if it is not
     */
    update(quantity, values, notes, why) {
      setText(value, quantity.value);
      setText(unit, quantity.unit);
      setAttr(value, "title", quantity.known ? null : why);
      setChildren(small, notes.map((text, i) => {
        const part = small.children[i] ?? h("span");
        setText(part, text);
        return part;
      }));
      spark.update(values);
    },
  };
}

/**
 * Tokens per tick as tokens per second: merged ticks are longer than a second.
 * @param {any[]} ticks
 */
export function tickRates(ticks) {
  const at = ticks.map((t) => t.atNanos);
  const seconds = at.map((t, i) => Math.max(1e-3, (i > 0 ? t - at[i - 1] : at.length > 1 ? at[1] - at[0] : 1e9) / 1e9));
  const per = (/** @type {string} */ key) => ({ at, values: ticks.map((t, i) => t[key] / seconds[i]) });
  return { generated: per("generated"), prompt: per("prompt") };
}

/**
 * Those that fire at the instant shown, the worst first. Names in them come from the log: text only.
 * @param {HTMLElement} node
 * @param {import("./types.js").AlertRow[]} rows
 */
function sayAlerts(node, rows) {
  const order = ["critical", "warn", "info"];
  const firing = rows.filter((row) => row.state === "firing")
    .sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity) || (b.firedAtNanos ?? 0) - (a.firedAtNanos ?? 0));
  node.hidden = !firing.length;
  const key = firing.map((row) => row.severity + row.rule + row.text).join("\n");
  if (node.dataset.key === key) return;
  node.dataset.key = key;
  setChildren(node, firing.slice(0, 8).map((row) => h("li", null,
    h("span", { class: row.severity === "critical" ? "bad" : row.severity === "warn" ? "warn" : "muted" }, row.severity),
    ` ${row.rule}: ${row.text}`)));
}

/**
 * @param {HTMLElement} node
 * @param {{text: string, severity: string, evidence: any}[]} words
 * @param {Context} context
 * @param {boolean} any whether there was a request
 */
function sayWords(node, words, context, any) {
  const key = words.map((w) => w.severity + w.text).join("\n") || String(any);
  if (node.dataset.key === key) return;
  node.dataset.key = key;
  /** @type {Node[]} */
  const parts = [];
  words.forEach((word) => {
    if (parts.length) parts.push(document.createTextNode(" "));
    const view = word.evidence?.view;
    const link = word.evidence?.link ?? (word.evidence?.from ? word.evidence : null);
    const focus = word.evidence?.layer ?? linkName(link) ?? word.evidence?.device ?? null;
    const known = view && view !== "overview" && context.viewNames.includes(view);
    parts.push(known
      ? h("a", { href: `#view=${view}`, class: word.severity === "warn" ? "warn" : null, onclick: (/** @type {Event} */ event) => {
          event.preventDefault();
          context.open({ view, focus: focus === null ? null : String(focus), trace: word.evidence.trace ?? context.store.state.trace });
        } }, word.text)
      : h("span", { class: word.severity === "warn" ? "warn" : null }, word.text));
  });
  if (!parts.length) parts.push(h("span", { class: "muted" }, any ? "Nothing stands out." : "No request has been recorded in this window yet."));
  setChildren(node, parts);
}

/** @param {import("./types.js").State} state */
export function windowLabel(state) {
  const names = /** @type {Record<string, string>} */ ({ "100": "100 samples", "1m": "1 min", "5m": "5 min", all: "session" });
  return names[state.envelope?.window ?? ""] ?? "window";
}

/** @param {(number | null)[]} values each unknown value becomes the one before it */
function holdLast(values) {
  let last = /** @type {number | null} */ (null);
  return values.map((v) => (v === null ? last : (last = v)));
}

/** @param {any} memory */
function sumTicks(memory) {
  // no process has 0 bytes: such a bucket holds no sample
  const all = (memory.hosts ?? []).flatMap((/** @type {any} */ host) => host.devices.map((/** @type {any} */ d) => (d.ticks?.rssBytes ?? []).map((/** @type {any} */ v) => v || null)));
  if (!all.length) return [];
  return all[0].map((/** @type {any} */ _, /** @type {number} */ i) => all.every((/** @type {any[]} */ row) => row[i] === null || row[i] === undefined) ? null
    : all.reduce((/** @type {number} */ sum, /** @type {any[]} */ row) => sum + (row[i] ?? 0), 0));
}
