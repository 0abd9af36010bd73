// Dark and light: the colours live in app.css, this reads them for the canvases and remembers the choice.

const KEY = "spanreel-theme";

/** @type {Record<string, string> | null} */
let cached = null;
/** @type {Set<() => void>} */
const listeners = new Set();
const media = matchMedia("(prefers-color-scheme: light)");

function changed() {
  cached = null;
  for (const listener of listeners) listener();
}

/** Applies ?theme=, else the remembered choice, else the system's. */
export function initTheme() {
  const asked = new URLSearchParams(location.search).get("theme");
  let kept = null;
  try {
    kept = localStorage.getItem(KEY);
  } catch {
    // storage may be forbidden: then the system's choice holds
  }
  const theme = asked ?? kept;
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  media.addEventListener("change", changed);
}

/** Whether the light palette is in use. */
export function isLight() {
  const theme = document.documentElement.dataset.theme;
  return theme ? theme === "light" : media.matches;
}

/** Switches, and remembers it. */
export function toggleTheme() {
  const next = isLight() ? "dark" : "light";
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // not remembered, still switched
  }
  changed();
}

/** @param {() => void} listener */
export function onTheme(listener) {
  listeners.add(listener);
}

/**
 * A colour of app.css by its name without the two dashes.
 * @param {string} name
 */
export function colour(name) {
  if (!cached) {
    cached = {};
    const style = getComputedStyle(document.documentElement);
    for (const key of NAMES) cached[key] = style.getPropertyValue(`--${key}`).trim();
  }
  return cached[name] ?? cached.ink;
}

const NAMES = [
  "ground", "raised", "line", "ink", "muted", "bar-ink", "queue", "prefill", "decode", "layer", "stage", "network",
  "cache", "sampling", "error", "request", "compute", "warn", "live",
];

/**
 * The hue that an operation has everywhere.
 * @param {string} operation
 * @param {string} [phase]
 */
export function hueOf(operation, phase = "") {
  switch (operation.toLowerCase().replace(/[^a-z]/g, "")) {
    case "queue": return "queue";
    case "prefill": return "prefill";
    case "decode": return "decode";
    case "step": return phase === "prefill" ? "prefill" : "decode";
    case "stage": return "stage";
    case "layer": return "layer";
    case "embed": case "head": case "compute": return "compute";
    case "hop": case "hopsend": case "hopreceive": case "network": return "network";
    case "cachelookup": case "cacheinsert": case "cacheevict": case "cache": return "cache";
    case "sampling": return "sampling";
    case "request": case "clientrequest": return "request";
    default: return "queue";
  }
}

/**
 * The hue of a span; a step that does not name its phase may still say it in its name.
 * @param {{operation: string, phase: string, name: string}} span
 */
export function hueOfSpan(span) {
  return hueOf(span.operation, span.phase || (span.name.includes("prefill") ? "prefill" : ""));
}

const RGB = /^#(..)(..)(..)$/;

/**
 * A hex colour over another: `share` of the first.
 * @param {string} a
 * @param {string} b
 * @param {number} share
 */
export function mix(a, b, share) {
  const [x, y] = [RGB.exec(a), RGB.exec(b)];
  if (!x || !y) return a;
  const part = (/** @type {number} */ i) => Math.round(parseInt(x[i], 16) * share + parseInt(y[i], 16) * (1 - share));
  return `rgb(${part(1)} ${part(2)} ${part(3)})`;
}

/**
 * The colour of a span's bar: red for an error, else its hue. A step lies below its phase of the same hue: mixed with ink it
 * stays apart from it, and its label gains contrast instead of losing it.
 * @param {{operation: string, phase: string, name: string, status: string}} span
 */
export function inkOf(span) {
  if (span.status === "error") return colour("error");
  const base = colour(hueOfSpan(span));
  return span.operation.toLowerCase() === "step" ? mix(base, colour("ink"), 0.78) : base;
}
