// Where a decode token's time goes: one stacked bar and its figures, from the mean per token.

import { h, setChildren, setText } from "./dom.js";
import { duration, percent } from "./format.js";

/** @typedef {{what: string, device: string | null, nanos: number}} Share */

/** @type {Record<string, [string, string]>} what -> label, colour class */
const KINDS = {
  compute: ["compute", "layer"], hop: ["network hops", "network"], queue: ["queue", "queue"], sampling: ["sampling", "sampling"],
  cache: ["cache", "cache"], bubble: ["waiting (bubble)", "bubble"], other: ["other", "request"],
};

export function tokenTime() {
  const bar = h("div", { class: "stack", role: "img", "aria-label": "Shares of a token's time" });
  const total = h("span", { class: "small" });
  const list = h("div", { class: "shares" });
  const nothing = h("p", { class: "nothing" }, "No token has been decoded in this window.");
  const element = h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", null, "Where a token's time goes"), total), bar, list, nothing);

  return {
    element,
    /** @param {Share[]} shares */
    update(shares) {
      const sum = shares.reduce((all, share) => all + share.nanos, 0);
      nothing.hidden = sum > 0;
      bar.hidden = list.hidden = sum <= 0;
      setText(total, sum > 0 ? `${duration(sum).text} per output token, mean` : "");
      if (sum <= 0) return;
      const rows = condense(shares);
      setChildren(bar, rows.map((share, i) => {
        const [label, hue] = KINDS[share.what] ?? [share.what, "request"];
        const name = share.device ? `${label} ${share.device}` : label;
        const part = bar.children[i] ?? h("span");
        part.className = `key key-${hue}`;
        part.style.flexGrow = String(share.nanos);
        part.style.flexBasis = "0";
        part.title = `${name}: ${duration(share.nanos).text}, ${percent(share.nanos / sum).text}`;
        setText(part, share.nanos / sum > 0.14 ? share.device ?? label : "");
        return part;
      }));
      setChildren(list, rows.flatMap((share, i) => {
        const [label, hue] = KINDS[share.what] ?? [share.what, "request"];
        const cells = /** @type {HTMLElement[]} */ ([0, 1, 2].map((k) => list.children[i * 3 + k] ?? h("span")));
        cells[0].className = `key key-${hue}`;
        cells[1].className = "num";
        cells[2].className = "num muted";
        setText(cells[0], share.device ? `${label}, ${share.device}` : label);
        setText(cells[1], duration(share.nanos).text);
        setText(cells[2], percent(share.nanos / sum).text);
        return cells;
      }));
    },
  };
}

/**
 * At most five devices stay apart: beyond, the list would hide what it says.
 * @param {Share[]} shares
 */
function condense(shares) {
  const compute = shares.filter((share) => share.what === "compute");
  if (compute.length <= 5) return shares;
  const rest = shares.filter((share) => share.what !== "compute");
  return [{ what: "compute", device: `${compute.length} devices`, nanos: compute.reduce((sum, share) => sum + share.nanos, 0) }, ...rest];
}
