// What a link carries. Run: node --test Tests/Browser/
import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "../../Sources/Server/Public/url.js";
import { FRESH, initialState, scopeOf } from "../../Sources/Server/Public/store.js";

const VIEWS = ["overview", "waterfall", "layers"];

test("model and variant go into the link and come back, whatever they are called", () => {
  for (const name of ["a", "(none)", "llama 3/8b&x=1#y", "ü,+%20"]) {
    const state = { ...initialState(), session: "run", view: "layers", at: 12_500_000_000, model: name, variant: `${name}2` };
    const back = decode(`#${encode(state)}`, VIEWS);
    assert.equal(back.model, name);
    assert.equal(back.variant, `${name}2`);
    assert.deepEqual([back.session, back.view, back.at], ["run", "layers", 12_500_000_000]);
  }
});

test("a link without a filter asks for all requests", () => {
  assert.ok(!encode(initialState()).includes("model"));
  const back = { ...initialState(), ...decode("#view=layers", VIEWS) };
  assert.deepEqual(scopeOf(back), { clock: "", model: "", variant: "" });
});

test("another session begins with all of its requests", () => {
  const state = { ...initialState(), model: "a", variant: "b", clock: "raw", ...FRESH };
  assert.deepEqual(scopeOf(state), { clock: "raw", model: "", variant: "" });
});
