// A trace in words: the line above its waterfall, and what a search in it means. Pure.

import { count, duration, linkName } from "./format.js";
import { clock } from "./time.js";

/**
 * @param {import("./types.js").Trace} trace
 * @param {import("./types.js").RequestRow | undefined} row its request, where known
 */
export function summary(trace, row) {
  const open = trace.spans.some((span) => span.open);
  return [
    row?.state,
    `${count(trace.spans.length).text} spans`,
    `${trace.devices.length} ${trace.devices.length === 1 ? "device" : "devices"}`,
    `${duration(trace.toNanos - trace.fromNanos).text}${open ? " so far" : ""}`,
    `from ${clock(trace.fromNanos, 3)}`,
    row?.outputTokens ? `${count(row.outputTokens).text} tokens` : null,
    trace.missingParents ? `${count(trace.missingParents).text} spans miss their parent` : null,
  ].filter(Boolean).join(" · ");
}

/**
 * Which spans a search means: those that hold every word of it somewhere.
 * @param {import("./types.js").Trace} trace
 * @param {string} query
 * @returns {((index: number) => boolean) | null} null: there is no search
 */
export function matcher(trace, query) {
  const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return null;
  const hits = trace.spans.map((span) => {
    const layer = span.layer === null ? "" : `layer ${span.layer}`;
    const device = trace.devices[span.device] ?? "";
    const about = `${span.name} ${span.operation} ${span.phase} ${layer} ${linkName(span.link) ?? ""} ${device} ${span.id}`.toLowerCase();
    return words.every((word) => about.includes(word));
  });
  return (index) => hits[index];
}
