// Numbers as the page prints them. Run: node --test Tests/Browser/
import assert from "node:assert/strict";
import { test } from "node:test";
import { DASH, attribute, count, duration, ellipsis, percent, rate, sig3, size, times, unknownText, whyUnknown } from "../../Sources/Server/Public/format.js";

test("three significant digits, never four, never an exponent", () => {
  const table = [[0, "0"], [77.31, "77.3"], [12.94, "12.9"], [1.0649, "1.06"], [999.4, "999"], [1284, "1,284"], [0.01234, "0.0123"],
    [9.996, "10.0"], [99.96, "100"], [0.9996, "1.00"], [-3.14159, "-3.14"], [0.00000012, "0.000000"]];
  for (const [n, text] of table) assert.equal(sig3(/** @type {number} */ (n)), text, String(n));
  for (let k = 0; k < 2000; k += 1) {
    const n = 1.0123 ** k * 1e-3;
    if (n > 999) break;
    assert.ok(sig3(n).replace(".", "").replace(/^0+/, "").length <= 3, `${n} -> ${sig3(n)}`);
  }
});

test("a duration takes the unit that keeps it between 1 and 1000", () => {
  const table = [[0, "0 ms"], [22, "22.0 ns"], [999, "999 ns"], [1000, "1.00 µs"], [77_300_000, "77.3 ms"], [999_499_999, "999 ms"], [999_500_000, "1.00 s"],
    [4_480_000_000, "4.48 s"], [174_674_000_000, "175 s"], [1_500e9, "25.0 min"], [7_200e9, "2.00 h"], [-2_000_000, "-2.00 ms"]];
  for (const [nanos, text] of table) assert.equal(duration(/** @type {number} */ (nanos)).text, text);
});

test("sizes are decimal and bytes are whole", () => {
  assert.equal(size(0).text, "0 B");
  assert.equal(size(999).text, "999 B");
  assert.equal(size(999.6e3).text, "1.00 MB");
  assert.equal(size(1_061_000_000).text, "1.06 GB");
});

test("what is not known is an en dash, never 0 and never NaN", () => {
  for (const unknown of [null, undefined, NaN, Infinity]) {
    for (const quantity of [duration(unknown), size(unknown), rate(unknown), percent(unknown), count(unknown)]) {
      assert.equal(quantity.text, DASH);
      assert.equal(quantity.known, false);
    }
    assert.equal(times(unknown), DASH);
  }
});

test("a ratio is shown as percent", () => {
  assert.equal(percent(0.4997).text, "50.0 %");
  assert.equal(percent(0.8438).text, "84.4 %");
  assert.equal(percent(1).text, "100 %");
  assert.equal(percent(0).text, "0 %");
});

test("an unknown percentile says how many samples it lacks", () => {
  assert.match(whyUnknown({ count: 0 }), /no observation/);
  assert.match(whyUnknown({ count: 21 }), /21 samples.*300/);
  assert.equal(unknownText({ count: 21 }), "not known");
  assert.equal(unknownText({ count: 0 }), "–");
});

test("a long name keeps both ends", () => {
  assert.equal(ellipsis("short", 10), "short");
  const cut = ellipsis("a".repeat(100) + "end", 20);
  assert.equal(cut.length, 20);
  assert.ok(cut.endsWith("end") && cut.includes("…"));
});

test("an attribute of any type is text", () => {
  assert.equal(attribute(true), "true");
  assert.equal(attribute(null), DASH);
  assert.equal(attribute(["a", 1]), '["a",1]');
});
