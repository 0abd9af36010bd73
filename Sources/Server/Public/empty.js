// No session yet: the one command that makes one, and the ten lines that instrument a pipeline.

import { h } from "./dom.js";

const COMMAND = "make demo";
const LINES = `import SpanreelTracing

let recorder = try Recorder.fromEnvironment(device: "mini1", resource: ["service.name": "chat"])
let request = recorder.role(Role(.request))
let layer = recorder.role(Role(.layer, phase: .decode, layer: 11, stage: 1))

let span = recorder.begin(request, kind: .server)
let start = recorder.now()
let output = model.forward(layer: 11, input)
recorder.record(layer, from: start, parent: span)
recorder.tokens(1, phase: .decode, in: span)
recorder.end(span, status: .ok)`;

export function createEmpty() {
  const copy = h("button", { type: "button", onclick: () => {
    navigator.clipboard?.writeText(COMMAND).then(() => (copy.textContent = "Copied"), () => (copy.textContent = "Copy by hand"));
  } }, "Copy");
  return h("div", { class: "empty" },
    h("h1", null, "No session yet"),
    h("p", null, "A session is one recording of a pipeline, over all its processes. This command starts a distributed inference, records it, and shows it here:"),
    h("div", { class: "command" }, h("pre", null, COMMAND), copy),
    h("p", null, "To record your own pipeline, start it with ", h("code", null, "spanreel record -o chat.reel -- COMMAND"), " and mark what it does:"),
    h("pre", null, LINES),
    h("p", { class: "muted" }, "This page looks for a session every few seconds, and opens the first one by itself."));
}
