// Where bars lie: rows, merging, zoom, self time, figures of an area.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clipTo, firstEndingAfter, layout, pan, rowTops, selfIntervals, walkRow, zoom } from "../../Sources/Server/Public/waterfall-geometry.js";
import { aggregate, percentile, rankAmongKind } from "../../Sources/Server/Public/aggregate.js";

/** @param {object[]} spans @param {Partial<import("../../Sources/Server/Public/types.js").Trace>} [more] */
function trace(spans, more = {}) {
  const full = spans.map((span, i) => ({
    id: String(i), parent: null, name: "work", operation: "layer", phase: "decode", layer: null, stage: null, link: null, device: 0, depth: 0,
    startNanos: 0, endNanos: 1, open: false, selfNanos: 0, status: "unset", critical: false, attributes: {}, ...span,
  }));
  return /** @type {import("../../Sources/Server/Public/types.js").Trace} */ ({
    trace: "t", startUnixNanos: "0", fromNanos: 0, toNanos: Math.max(0, ...full.map((s) => s.endNanos ?? s.startNanos)), devices: ["a", "b"], flows: [], missingParents: 0, spans: full, ...more,
  });
}

/**
 * A seeded generator, so that a failure can be repeated.
 * @param {number} seed
 */
function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test("a child lies below its parent on the same device, and starts a track of its own on another", () => {
  const t = trace([{ startNanos: 0, endNanos: 100 }, { parent: "0", startNanos: 10, endNanos: 90 }, { parent: "1", startNanos: 20, endNanos: 80, device: 1 }, { parent: "2", startNanos: 30, endNanos: 40 }]);
  const { rowOf, tracks } = layout(t);
  assert.deepEqual([...rowOf], [0, 1, 3, 2]);
  assert.deepEqual(tracks.map((track) => track.count), [3, 1]);
});

test("a parent that starts with its child still lies above it", () => {
  const t = trace([{ id: "child", parent: "p", startNanos: 0, endNanos: 5 }, { id: "p", startNanos: 0, endNanos: 9 }]);
  assert.deepEqual([...layout(t).rowOf], [1, 0]);
});

test("touching bars share a row, overlapping ones do not", () => {
  assert.deepEqual([...layout(trace([{ startNanos: 0, endNanos: 5 }, { startNanos: 5, endNanos: 9 }])).rowOf], [0, 0]);
  assert.deepEqual([...layout(trace([{ startNanos: 0, endNanos: 6 }, { startNanos: 5, endNanos: 9 }])).rowOf], [0, 1]);
  assert.deepEqual([...layout(trace([{ startNanos: 0, endNanos: null, open: true }, { startNanos: 5, endNanos: 9 }])).rowOf], [0, 1]);
});

test("no row ever holds two spans at once, whatever the tree (seeds 1-20)", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const next = random(seed);
    const spans = Array.from({ length: 300 }, (_, i) => {
      const start = Math.floor(next() * 1000);
      return { id: String(i), parent: i && next() < 0.8 ? String(Math.floor(next() * 300)) : null, startNanos: start, endNanos: start + Math.floor(next() * 90), device: next() < 0.5 ? 0 : 1 };
    });
    const { rows, rowOf } = layout(trace(spans));
    assert.equal(rows.reduce((sum, row) => sum + row.spans.length, 0), 300, `seed ${seed}`);
    assert.ok(rowOf.every((row) => row >= 0));
    for (const row of rows) {
      for (let k = 1; k < row.starts.length; k += 1) assert.ok(row.starts[k] >= row.ends[k - 1], `seed ${seed}`);
    }
  }
});

test("a parent cycle and an unknown device do not hang or throw", () => {
  const t = trace([{ id: "a", parent: "b" }, { id: "b", parent: "a" }, { id: "c", parent: "c" }, { id: "d", device: 7 }]);
  assert.equal(layout(t).rowOf[3], -1);
});

test("the first visible span is found by search", () => {
  const { rows } = layout(trace([{ startNanos: 0, endNanos: 10 }, { startNanos: 10, endNanos: 20 }, { startNanos: 30, endNanos: 40 }]));
  assert.deepEqual([-1, 0, 9.9, 10, 25, 39, 40].map((t) => firstEndingAfter(rows[0], t)), [0, 0, 0, 1, 2, 2, 3]);
});

test("100,000 narrow spans become a few runs, wide ones stay bars, and nothing is lost at the edges", () => {
  const spans = Array.from({ length: 100_000 }, (_, i) => ({ id: String(i), startNanos: i * 10, endNanos: i * 10 + 8 }));
  const [row] = layout(trace(spans)).rows;
  let bars = 0;
  let runs = 0;
  let covered = 0;
  walkRow(row, { from: 0, to: 1_000_000 }, 1000, () => (bars += 1), (_, x0, x1) => {
    runs += 1;
    covered += x1 - x0;
  });
  assert.deepEqual([bars, runs, covered], [0, 1, 1000]);
  walkRow(row, { from: 500_000, to: 500_100 }, 1000, () => (bars += 1), () => (runs += 1));
  assert.deepEqual([bars, runs], [10, 1]);
});

test("distant narrow spans are separate runs of one pixel", () => {
  const [row] = layout(trace([{ startNanos: 0, endNanos: 1 }, { startNanos: 500, endNanos: 501 }])).rows;
  /** @type {number[][]} */
  const runs = [];
  walkRow(row, { from: 0, to: 1000 }, 100, () => assert.fail(), (_, x0, x1) => runs.push([x0, x1]));
  assert.deepEqual(runs, [[0, 1], [50, 51]]);
});

test("what is under the cursor stays under it while zooming", () => {
  const limits = /** @type {[number, number]} */ ([0, 1e9]);
  let range = /** @type {[number, number]} */ ([0, 1e9]);
  const at = 3.3e8;
  for (let k = 0; k < 40; k += 1) {
    const before = (at - range[0]) / (range[1] - range[0]);
    range = zoom(range, at, 0.7, limits);
    const after = (at - range[0]) / (range[1] - range[0]);
    assert.ok(Math.abs(before - after) < 1e-6);
  }
  assert.ok(range[1] - range[0] >= 200 - 1e-6);
});

test("neither zoom nor pan leaves the trace", () => {
  const limits = /** @type {[number, number]} */ ([0, 1000]);
  assert.ok(zoom([0, 1000], 0, 100, limits)[1] <= 1200.001);
  assert.deepEqual(pan([0, 500], -1e6, limits), [-100, 400]);
  assert.deepEqual(pan([0, 500], 1e6, limits), [600, 1100]);
});

test("at an instant, later spans are gone, running ones open, and unfinished records invisible", () => {
  const t = trace([{ id: "r", operation: "request", startNanos: 0, endNanos: 100 }, { id: "l1", parent: "r", startNanos: 10, endNanos: 20 }, { id: "l2", parent: "r", startNanos: 20, endNanos: 60 }, { id: "l3", parent: "r", startNanos: 70, endNanos: 80 }]);
  const at = clipTo(t, 50);
  assert.deepEqual(at.spans.map((span) => [span.id, span.open]), [["r", true], ["l1", false]]);
  assert.equal(at.toNanos, 50);
  assert.equal(clipTo(t, 100), t);
  assert.equal(clipTo(t, null), t);
});

test("self time is what no child covers, overlapping children counted once", () => {
  const t = trace([{ startNanos: 0, endNanos: 100 }, { parent: "0", startNanos: 10, endNanos: 40 }, { parent: "0", startNanos: 30, endNanos: 50 }, { parent: "0", startNanos: 90, endNanos: 120 }]);
  assert.deepEqual(selfIntervals(t, 0, [1, 2, 3]), [[0, 10], [50, 90]]);
  assert.deepEqual(selfIntervals(t, 0, []), [[0, 100]]);
});

test("tops grow row by row with a gap between devices", () => {
  const { tops, height } = rowTops(layout(trace([{ endNanos: 9 }, { parent: "0", endNanos: 8 }, { device: 1, endNanos: 5 }])));
  assert.ok(tops[1] > tops[0] && tops[2] > tops[1] + 19 && height > tops[2] + 18);
});

test("percentiles interpolate linearly", () => {
  assert.equal(percentile([1, 2, 3, 4], 0.5), 2.5);
  assert.equal(percentile([7], 0.99), 7);
  assert.ok(Number.isNaN(percentile([], 0.5)));
});

test("an area's figures count what touches it, leave open spans out and know P99 from 300 samples on", () => {
  const spans = Array.from({ length: 300 }, (_, i) => ({ id: String(i), startNanos: i * 10, endNanos: i * 10 + 5, selfNanos: 5 }));
  const t = trace([...spans, { id: "o", startNanos: 0, endNanos: null, open: true }]);
  const [all] = aggregate(t, { from: 0, to: 1e9 });
  assert.deepEqual([all.count, all.totalNanos, all.selfNanos, all.p50Nanos, all.p99Nanos], [300, 1500, 1500, 5, 5]);
  const [few] = aggregate(t, { from: 0, to: 25 });
  assert.deepEqual([few.count, few.p99Nanos], [3, null]);
  assert.deepEqual(aggregate(t, { from: 0, to: 1e9, inRow: () => false }), []);
});

test("a span knows its rank among its kind", () => {
  const t = trace([{ endNanos: 10 }, { endNanos: 20 }, { endNanos: 30 }, { name: "other", endNanos: 1 }]);
  assert.deepEqual(rankAmongKind(t, 2), { rank: 1, of: 3 });
  assert.deepEqual(rankAmongKind(t, 0), { rank: 0, of: 3 });
  assert.equal(rankAmongKind(t, 3), null);
});
