// Go to a time: a small dialog that G opens, since a time is quicker typed than dragged.

import { h, setText } from "./dom.js";
import { clock, parseInstant } from "./time.js";

/**
 * @param {HTMLElement} host where overlays go
 * @param {{now: number, end: number, go: (nanos: number) => void}} options
 */
export function openGoTo(host, { now, end, go }) {
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  const input = h("input", { type: "text", value: clock(now, 3), "aria-label": "Time", "aria-describedby": "goto-hint", spellcheck: "false" });
  const hint = h("p", { class: "small", id: "goto-hint" }, "12.5s, 2:54.6 or 1:02:03 from the start; -5s from the end");
  function close() {
    host.replaceChildren();
    before?.focus();
  }
  function accept() {
    const at = parseInstant(input.value, end);
    if (at === null) {
      hint.className = "small bad";
      return setText(hint, `“${input.value.slice(0, 40)}” is not a time. Write 12.5s, 2:54.6, or -5s from the end.`);
    }
    close();
    go(at);
  }
  host.replaceChildren(h("div", { class: "overlay", onclick: (/** @type {Event} */ event) => event.target === event.currentTarget && close() },
    h("div", { class: "sheet small-sheet", role: "dialog", "aria-modal": "true", "aria-label": "Go to a time",
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        event.stopPropagation();
        if (event.key === "Enter") accept();
        else if (event.key === "Escape") close();
      } },
    h("h2", null, "Go to a time"), h("div", { class: "filters" }, input, h("button", { type: "button", onclick: accept }, "Go")), hint)));
  input.select();
}
