// The overlay with every key, opened by ? and closed by Esc.

import { h } from "./dom.js";

/** @type {[string, [string[], string][]][]} */
const GROUPS = [
  ["Time", [
    [["Space"], "play or pause; hold this instant while live"], [["J"], "slower"], [["K"], "pause"], [["L"], "faster"],
    [["Home"], "start of the session"], [["End"], "live, or the session's end"], [["G"], "go to a time: 12.5s, -5s, 2:54.6"], [["T"], "relative, local, UTC time"],
  ]],
  ["Waterfall", [
    [["W", "S"], "zoom in, out around the pointer"], [["A", "D"], "pan left, right; Shift: faster"], [["Ctrl", "wheel"], "zoom at the pointer"], [["wheel"], "scroll rows; Shift: pan"],
    [["drag"], "select an area, with its table"], [["Shift", "drag"], "pan"], [["0"], "fit the whole trace"], [["F"], "fit the selection"],
    [[".", ","], "next, previous span of the row"], [["[", "]"], "follow a flow back, on"], [["U"], "parent of the selection"], [["R"], "area from the selection"],
    [["C"], "critical path on or off"], [["Q"], "details on or off"],
  ]],
  ["Page", [[["/"], "search; Enter, Shift+Enter: next, previous"], [["1", "…", "9"], "views, in the order of the menu"], [["?"], "this help"], [["Esc"], "close, clear the selection"]]],
];

/** @param {HTMLElement} host */
export function createHelp(host) {
  /** @type {HTMLElement | null} */
  let before = null;
  function close() {
    host.replaceChildren();
    before?.focus();
  }
  function open() {
    before = /** @type {HTMLElement} */ (document.activeElement);
    const button = h("button", { type: "button", onclick: close }, "Close");
    host.replaceChildren(h("div", { class: "overlay", onclick: (/** @type {Event} */ event) => event.target === event.currentTarget && close() },
      h("div", { class: "sheet", role: "dialog", "aria-modal": "true", "aria-label": "Keys" }, h("header", null, h("h2", null, "Keys"), button),
        h("div", { class: "keys" }, ...GROUPS.flatMap(([title, keys]) => [h("h3", null, title),
          ...keys.map(([names, what]) => h("div", null, h("span", null, ...names.flatMap((name, i) => [i ? " " : "", h("kbd", null, name)])), h("span", null, what)))])))));
    button.focus();
  }
  return { toggle: () => (host.firstChild ? close() : open()), close, isOpen: () => host.firstChild !== null };
}
