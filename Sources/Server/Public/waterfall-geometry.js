// Where each bar of a waterfall lies: rows per device, time to pixels, zoom and pan. Pure; the drawing only draws.

/** @typedef {import("./types.js").Trace} Trace */
/** @typedef {import("./types.js").Layout} Layout */
/** @typedef {import("./types.js").Row} Row */

export const BAR = 18;
export const ROW = 19;
export const TRACK_GAP = 10;
/** A range below 200 ns shows nothing that a nanosecond clock can tell. */
const LEAST_RANGE = 200;

/** Operations written as one fact at their end: before it they cannot be seen. */
const RECORDS = new Set(["layer", "embed", "head", "sampling", "cachelookup", "cacheinsert", "cacheevict", "memorysample", "clockprobe", "clockreply"]);

/**
 * The trace as it stood at an instant: later spans gone, running ones open.
 * @param {Trace} trace
 * @param {number | null} at null: as it is
 * @returns {Trace}
 */
export function clipTo(trace, at) {
  if (at === null || trace.spans.every((span) => (span.endNanos ?? 0) <= at && span.startNanos <= at)) return trace;
  const spans = [];
  for (const span of trace.spans) {
    if (span.startNanos > at) continue;
    if (span.endNanos === null || span.endNanos <= at) spans.push(span);
    else if (!RECORDS.has(span.operation.toLowerCase().replace(/[^a-z]/g, ""))) spans.push({ ...span, endNanos: null, open: true, selfNanos: null });
  }
  return { ...trace, spans, toNanos: Math.max(trace.fromNanos, Math.min(trace.toNanos, at)) };
}

/**
 * The end of a span; an open one reaches to the trace's end.
 * @param {Trace} trace
 * @param {number} index
 */
export function endOfSpan(trace, index) {
  const span = trace.spans[index];
  return span.endNanos ?? Math.max(trace.toNanos, span.startNanos);
}

/**
 * Places every span in a row of its device: below its nearest ancestor there, and in the first row that is free then.
 * O(n log n + n x rows); rows hold indices in time order that never overlap, so both ends are sorted.
 * @param {Trace} trace
 * @returns {Layout}
 */
export function layout(trace) {
  const { spans } = trace;
  const order = spans.map((_, i) => i);
  order.sort((a, b) => spans[a].startNanos - spans[b].startNanos || endOfSpan(trace, b) - endOfSpan(trace, a) || spans[a].depth - spans[b].depth);
  const byId = new Map(spans.map((span, i) => [span.id, i]));
  const local = new Int32Array(spans.length).fill(-1);
  /** @type {{ends: number[], members: number[][]}[]} */
  const tracks = trace.devices.map(() => ({ ends: [], members: [] }));
  for (const i of order) {
    const span = spans[i];
    const track = tracks[span.device];
    if (!track) continue;
    let row = 0;
    let parent = span.parent === null ? undefined : byId.get(span.parent);
    // a damaged trace may hold a cycle: no chain is longer than this
    for (let steps = 0; parent !== undefined && steps < 64; steps += 1) {
      if (spans[parent].device === span.device && local[parent] >= 0) {
        row = local[parent] + 1;
        break;
      }
      const next = spans[parent].parent;
      parent = next === null ? undefined : byId.get(next);
    }
    while (row < track.ends.length && track.ends[row] > span.startNanos) row += 1;
    while (row >= track.ends.length) {
      track.ends.push(-Infinity);
      track.members.push([]);
    }
    track.ends[row] = span.open ? Infinity : endOfSpan(trace, i);
    track.members[row].push(i);
    local[i] = row;
  }
  return assemble(trace, tracks, local);
}

/**
 * @param {Trace} trace
 * @param {{members: number[][]}[]} tracks
 * @param {Int32Array} local
 * @returns {Layout}
 */
function assemble(trace, tracks, local) {
  /** @type {Row[]} */
  const rows = [];
  const out = [];
  const rowOf = new Int32Array(local.length).fill(-1);
  for (const [device, track] of tracks.entries()) {
    // rows that only reserve depth for other devices' ancestors stay empty: leave them out
    const members = track.members.filter((row) => row.length > 0);
    out.push({ device, first: rows.length, count: members.length });
    for (const list of members) {
      for (const i of list) rowOf[i] = rows.length;
      rows.push({
        device, index: rows.length, spans: list,
        starts: Float64Array.from(list, (i) => trace.spans[i].startNanos),
        ends: Float64Array.from(list, (i) => endOfSpan(trace, i)),
      });
    }
  }
  return { rows, rowOf, tracks: out.filter((track) => track.count > 0) };
}

/**
 * The first position of a row whose span ends after `t`: binary search.
 * @param {Row} row
 * @param {number} t
 */
export function firstEndingAfter(row, t) {
  let low = 0;
  let high = row.ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (row.ends[middle] > t) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The top of each row in pixels, and the height of all.
 * @param {Layout} layout
 */
export function rowTops(layout) {
  const tops = new Float64Array(layout.rows.length);
  let y = TRACK_GAP / 2;
  for (const track of layout.tracks) {
    for (let k = 0; k < track.count; k += 1) tops[track.first + k] = y + k * ROW;
    y += track.count * ROW + TRACK_GAP;
  }
  return { tops, height: y };
}

/**
 * Walks the bars of one row within [from, to]. Bars of a pixel and more come one by one; narrower ones are merged into runs,
 * and a search jumps over what shares the pixel, so the cost is bounded by the pixels, not by the spans.
 * @param {Row} row
 * @param {{from: number, to: number}} range
 * @param {number} width pixels of the range
 * @param {(position: number, x0: number, x1: number) => void} bar
 * @param {(position: number, x0: number, x1: number) => void} run `position` is the first span of the run
 */
export function walkRow(row, range, width, bar, run) {
  const scale = width / (range.to - range.from);
  const count = row.starts.length;
  let runStart = -1;
  let runFirst = 0;
  let runEnd = 0;
  const flush = () => {
    if (runStart >= 0) run(runFirst, runStart, runEnd);
    runStart = -1;
  };
  let k = firstEndingAfter(row, range.from);
  while (k < count && row.starts[k] < range.to) {
    const x0 = (row.starts[k] - range.from) * scale;
    const x1 = (row.ends[k] - range.from) * scale;
    if (x1 - x0 >= 1) {
      flush();
      bar(k, x0, x1);
      k += 1;
      continue;
    }
    const pixel = Math.floor(x0);
    if (runStart >= 0 && pixel > runEnd + 1) flush();
    if (runStart < 0) {
      runStart = pixel;
      runFirst = k;
    }
    runEnd = pixel + 1;
    const next = firstEndingAfter(row, range.from + (pixel + 1) / scale);
    k = Math.max(k + 1, next);
  }
  flush();
}

/**
 * Zooms so that what is under the cursor stays under it.
 * @param {[number, number]} range
 * @param {number} centre nanoseconds
 * @param {number} factor above 1 shows more
 * @param {[number, number]} limits
 * @returns {[number, number]}
 */
export function zoom(range, centre, factor, limits) {
  const most = (limits[1] - limits[0]) * 1.2;
  const span = Math.max(LEAST_RANGE, Math.min(most, (range[1] - range[0]) * factor));
  const share = (centre - range[0]) / (range[1] - range[0]);
  return keep([centre - share * span, centre + (1 - share) * span], limits);
}

/**
 * @param {[number, number]} range
 * @param {number} by nanoseconds
 * @param {[number, number]} limits
 * @returns {[number, number]}
 */
export function pan(range, by, limits) {
  return keep([range[0] + by, range[1] + by], limits);
}

/**
 * At most a tenth of emptiness at either side.
 * @param {[number, number]} range
 * @param {[number, number]} limits
 * @returns {[number, number]}
 */
function keep(range, limits) {
  const margin = (limits[1] - limits[0]) * 0.1;
  const span = range[1] - range[0];
  const from = Math.max(limits[0] - margin, Math.min(limits[1] + margin - span, range[0]));
  return [from, from + span];
}

/**
 * The stretches of a span that none of its children covers.
 * @param {Trace} trace
 * @param {number} index
 * @param {number[]} children
 * @returns {[number, number][]}
 */
export function selfIntervals(trace, index, children) {
  /** @type {[number, number][]} */
  const out = [];
  let at = trace.spans[index].startNanos;
  const end = endOfSpan(trace, index);
  const sorted = [...children].sort((a, b) => trace.spans[a].startNanos - trace.spans[b].startNanos);
  for (const child of sorted) {
    const start = trace.spans[child].startNanos;
    if (start > at) out.push([at, Math.min(start, end)]);
    at = Math.max(at, endOfSpan(trace, child));
    if (at >= end) return out;
  }
  if (at < end) out.push([at, end]);
  return out;
}
