// What an area of the waterfall holds, by name: count, total, self time and percentiles. Pure.

import { endOfSpan } from "./waterfall-geometry.js";

/** @typedef {{name: string, operation: string, phase: string, count: number, totalNanos: number, selfNanos: number, meanNanos: number, p50Nanos: number, p95Nanos: number, p99Nanos: number | null, minNanos: number, maxNanos: number}} Group */

/**
 * Linear interpolation between the two nearest of a sorted list.
 * @param {number[] | Float64Array} sorted
 * @param {number} share
 */
export function percentile(sorted, share) {
  if (sorted.length === 0) return NaN;
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

/**
 * Groups the spans that touch [from, to]; durations are whole ones, not the part inside. Open spans are left out: their duration is not known.
 * @param {import("./types.js").Trace} trace
 * @param {{from: number, to: number, inRow?: (span: number) => boolean}} area
 * @returns {Group[]} greatest self time first
 */
export function aggregate(trace, area) {
  /** @type {Map<string, {durations: number[], total: number, self: number, first: number}>} */
  const groups = new Map();
  trace.spans.forEach((span, i) => {
    if (span.open || span.endNanos === null) return;
    if (span.startNanos > area.to || span.endNanos < area.from) return;
    if (area.inRow && !area.inRow(i)) return;
    const key = `${span.name}\u0000${span.phase}`;
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { durations: [], total: 0, self: 0, first: i }));
    const nanos = endOfSpan(trace, i) - span.startNanos;
    group.durations.push(nanos);
    group.total += nanos;
    group.self += span.selfNanos ?? 0;
  });
  const out = [...groups.values()].map((group) => {
    const sorted = Float64Array.from(group.durations).sort();
    const span = trace.spans[group.first];
    return {
      name: span.name, operation: span.operation, phase: span.phase, count: sorted.length, totalNanos: group.total, selfNanos: group.self,
      meanNanos: group.total / sorted.length, p50Nanos: percentile(sorted, 0.5), p95Nanos: percentile(sorted, 0.95),
      // three observations beyond P99 are the least that make it a figure
      p99Nanos: sorted.length >= 300 ? percentile(sorted, 0.99) : null, minNanos: sorted[0], maxNanos: sorted[sorted.length - 1],
    };
  });
  return out.sort((a, b) => b.selfNanos - a.selfNanos || b.totalNanos - a.totalNanos);
}

/**
 * How much of its kind a span outlasts, 0-1.
 * @param {import("./types.js").Trace} trace
 * @param {number} index
 * @returns {{rank: number, of: number} | null} null for an open span or one without peers
 */
export function rankAmongKind(trace, index) {
  const span = trace.spans[index];
  if (span.endNanos === null) return null;
  const own = span.endNanos - span.startNanos;
  let shorter = 0;
  let of = 0;
  for (const other of trace.spans) {
    if (other.name !== span.name || other.phase !== span.phase || other.endNanos === null) continue;
    of += 1;
    if (other.endNanos - other.startNanos < own) shorter += 1;
  }
  return of > 1 ? { rank: shorter / (of - 1), of } : null;
}
