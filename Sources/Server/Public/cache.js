// Prefix cache: hit tokens over prompt tokens first, lookups beside it; what it holds and what it threw out.

import { h, setText } from "./dom.js";
import { lineChart } from "./charts.js";
import { facts, viewHead } from "./parts.js";
import { axisOf } from "./store.js";
import { DASH, count, percent, sig3, size } from "./format.js";

export const needs = ["cache"];

export function createCache() {
  const words = h("p", { class: "words" });
  const numbers = facts([
    { label: "of prompt tokens hit", title: "hit tokens / prompt tokens, once per request at the scheduler" },
    { label: "of lookups hit" }, { label: "hit tokens" }, { label: "prompt tokens" }, { label: "entries" }, { label: "size" },
    { label: "inserted" }, { label: "evicted" }, { label: "tokens per entry", title: "efficiency: output tokens / entries alive" },
  ]);
  const chart = lineChart("Prompt tokens over time", [
    { key: "prompt", label: "asked for", hue: "prefill", unit: "tokens" },
    { key: "hit", label: "from the cache", hue: "cache", unit: "tokens" },
  ]);
  const element = h("div", { class: "view" }, viewHead("Cache"), words, numbers.element, chart.element);

  /** @param {import("./types.js").State} state */
  function update(state) {
    const cache = state.views.cache;
    if (!cache) return;
    setText(words, !cache.enabled ? "The prefix cache is off in this window, or nothing has been looked up." :
      cache.promptTokens ? `${count(cache.hitTokens).text} of ${count(cache.promptTokens).text} prompt tokens came from the cache: ${percent(cache.tokenHitRatio).text} of the tokens, while ${percent(cache.accessHitRatio).text} of the lookups found something.` : "");
    numbers.update([percent(cache.tokenHitRatio), percent(cache.accessHitRatio), count(cache.hitTokens), count(cache.promptTokens), count(cache.entries),
      size(cache.sizeBytes), count(cache.inserted), count(cache.evicted),
      cache.efficiency === null ? { value: DASH, unit: "", text: DASH, known: false } : { value: sig3(cache.efficiency), unit: "", text: "", known: true }]);
    const ticks = cache.ticks ?? { fromNanos: 0, bucketNanos: 1, hitTokens: [], promptTokens: [] };
    const at = ticks.promptTokens.map((/** @type {any} */ _, /** @type {number} */ i) => ticks.fromNanos + (i + 1) * ticks.bucketNanos);
    chart.update([{ at, values: ticks.promptTokens }, { at, values: ticks.hitTokens }], axisOf(state));
  }
  return { element, update };
}
