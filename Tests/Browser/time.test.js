// Instants, steps and labels of the time axis.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, instantParameter, multiples, niceNumber, niceStep, parseInstant, tickLabel, wallClock } from "../../Sources/Server/Public/time.js";
import { decode, encode } from "../../Sources/Server/Public/url.js";
import { initialState } from "../../Sources/Server/Public/store.js";

test("an instant survives the way to the API and back, to the nanosecond", () => {
  for (const nanos of [0, 1, 999_999_999, 12_500_000_000, 174_674_123_457]) {
    assert.equal(parseInstant(instantParameter(nanos), 0), nanos);
  }
});

test("people may write instants in several ways", () => {
  const end = 100e9;
  assert.equal(parseInstant("12.5s", end), 12.5e9);
  assert.equal(parseInstant(" 12.5 ", end), 12.5e9);
  assert.equal(parseInstant("-5s", end), 95e9);
  assert.equal(parseInstant("-500s", end), 0);
  assert.equal(parseInstant("2:54.5", end), 174.5e9);
  assert.equal(parseInstant("1:00:01", end), 3601e9);
  for (const wrong of ["", "abc", "12.5m", "1:2:3:4", "--5s"]) assert.equal(parseInstant(wrong, end), null, wrong);
});

test("a position is minutes and seconds and carries over", () => {
  assert.equal(clock(0), "0:00.0");
  assert.equal(clock(59.96e9), "1:00.0");
  assert.equal(clock(174.674e9, 3), "2:54.674");
  assert.equal(clock(3723.5e9), "1:02:03.5");
  assert.equal(clock(61e9, 0), "1:01");
});

test("steps are 1, 2, 5 below ten seconds and those of a clock above", () => {
  assert.equal(niceNumber(0.3), 0.5);
  assert.equal(niceNumber(2), 2);
  assert.equal(niceNumber(2.1), 5);
  assert.equal(niceNumber(7), 10);
  assert.equal(niceStep(300e9, 10), 30e9);
  assert.equal(niceStep(100e9, 10), 10e9);
  assert.equal(niceStep(3600e9, 10), 600e9);
  for (let span = 100; span < 1e14; span *= 3.7) {
    const steps = span / niceStep(span, 10);
    assert.ok(steps <= 10 + 1e-6 && steps > 1.9, `${span}: ${steps}`);
  }
});

test("multiples are those within the range, ends included", () => {
  assert.deepEqual(multiples(0, 10, 5), [0, 5, 10]);
  assert.deepEqual(multiples(1, 9, 5), [5]);
  assert.deepEqual(multiples(-4, 4, 4), [-4, 0, 4]);
});

test("neighbouring ruler labels differ", () => {
  for (const span of [900, 4e4, 3e6, 2.5e8, 7e9, 6e11]) {
    const step = niceStep(span, 12);
    for (const from of [0, 4.3e9]) {
      const labels = multiples(from, from + span, step).map((t) => tickLabel(t, step));
      assert.equal(new Set(labels).size, labels.length, labels.join());
    }
  }
});

test("absolute times keep their milliseconds beyond what a double holds", () => {
  const start = "1795471450148085064";
  const expected = `${new Date(1795471450149).toISOString().slice(11, 23)}Z`;
  assert.equal(wallClock(start, 1_000_000, true), expected);
  assert.equal(wallClock(start, 914_936, true), expected);
  assert.notEqual(wallClock(start, 914_935, true), expected);
});

test("the address carries the state and ignores nonsense", () => {
  const names = ["overview", "waterfall"];
  const state = { ...initialState(), session: "demo", view: "waterfall", at: 12.5e9, window: "5m", clock: "raw", trace: "ab", selection: "cd", range: /** @type {[number, number]} */ ([1, 900]), query: "layer 11" };
  const back = decode(encode(state), names);
  for (const key of ["session", "view", "at", "window", "clock", "trace", "selection", "range", "query"]) {
    assert.deepEqual(/** @type {any} */ (back)[key], /** @type {any} */ (state)[key], key);
  }
  const odd = decode("#view=nope&at=yesterday&window=9&clock=sundial&t0=5&t1=1", names);
  assert.deepEqual([odd.view, odd.at, odd.window, odd.clock, odd.range], ["overview", "live", "", "", null]);
  assert.equal(decode("#trace=ab", names).view, "waterfall");
});
