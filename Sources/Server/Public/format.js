// Numbers as people read them: three significant digits, a unit beside, an en dash for what is not known. Pure.

/** Shown for an unknown value; the reason goes into the title. */
export const DASH = "–";

/** @typedef {{value: string, unit: string, text: string, known: boolean}} Quantity */

/** @type {Quantity} */
const UNKNOWN = { value: DASH, unit: "", text: DASH, known: false };

/**
 * @param {string} value
 * @param {string} unit
 * @returns {Quantity}
 */
function quantity(value, unit) {
  return { value, unit, text: unit ? `${value} ${unit}` : value, known: true };
}

/**
 * Whether there is a number to show.
 * @param {unknown} n
 * @returns {n is number}
 */
export function isKnown(n) {
  return typeof n === "number" && Number.isFinite(n);
}

/**
 * Three significant digits without exponent: 77.3, 0.0123, 1,280.
 * @param {number} n
 */
export function sig3(n) {
  if (n === 0) return "0";
  const size = Math.abs(n);
  if (size >= 999.5) return Math.round(n).toLocaleString("en-US");
  const whole = Math.floor(Math.log10(size)) + 1;
  const decimals = Math.min(6, Math.max(0, 3 - whole));
  const text = n.toFixed(decimals);
  // 9.995 rounds up to 10.00: one digit too many
  return text.replace(/[-.]/g, "").replace(/^0+/, "").length > 3 && decimals > 0 ? n.toFixed(decimals - 1) : text;
}

/**
 * Nanoseconds in the unit that keeps the number between 1 and 1000.
 * @param {number | null | undefined} nanos
 * @returns {Quantity}
 */
export function duration(nanos) {
  if (!isKnown(nanos)) return UNKNOWN;
  const size = Math.abs(nanos);
  if (size === 0) return quantity("0", "ms");
  if (size < 999.5) return quantity(sig3(nanos), "ns");
  if (size < 999.5e3) return quantity(sig3(nanos / 1e3), "µs");
  if (size < 999.5e6) return quantity(sig3(nanos / 1e6), "ms");
  if (size < 999.5e9) return quantity(sig3(nanos / 1e9), "s");
  if (size < 7200e9) return quantity(sig3(nanos / 60e9), "min");
  return quantity(sig3(nanos / 3600e9), "h");
}

/**
 * Decimal units, as memory and disks are sold: 1.06 GB.
 * @param {number | null | undefined} bytes
 * @returns {Quantity}
 */
export function size(bytes) {
  if (!isKnown(bytes)) return UNKNOWN;
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let scaled = bytes;
  let unit = 0;
  while (Math.abs(scaled) >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return quantity(unit === 0 ? String(Math.round(scaled)) : sig3(scaled), units[unit]);
}

/**
 * @param {number | null | undefined} perSecond
 * @param {string} [unit]
 * @returns {Quantity}
 */
export function rate(perSecond, unit = "tok/s") {
  return isKnown(perSecond) ? quantity(sig3(perSecond), unit) : UNKNOWN;
}

/**
 * A ratio 0-1 as percent: 50.0 %, never more than three digits.
 * @param {number | null | undefined} ratio
 * @returns {Quantity}
 */
export function percent(ratio) {
  if (!isKnown(ratio)) return UNKNOWN;
  const value = ratio * 100;
  return quantity(Math.abs(value) < 0.05 ? "0" : sig3(value), "%");
}

/**
 * A whole number with thousands separators.
 * @param {number | null | undefined} n
 * @param {string} [unit]
 * @returns {Quantity}
 */
export function count(n, unit = "") {
  return isKnown(n) ? quantity(Math.round(n).toLocaleString("en-US"), unit) : UNKNOWN;
}

/**
 * How many times larger: 1.67x.
 * @param {number | null | undefined} ratio
 */
export function times(ratio) {
  return isKnown(ratio) ? `${sig3(ratio)}×` : DASH;
}

/**
 * The middle of a long text cut out, so that both ends stay readable.
 * @param {string} text
 * @param {number} most
 */
export function ellipsis(text, most) {
  if (text.length <= most) return text;
  const tail = Math.floor((most - 1) / 3);
  return `${text.slice(0, most - 1 - tail)}…${text.slice(text.length - tail)}`;
}

/**
 * The value of an attribute as text; objects become JSON.
 * @param {unknown} value
 */
export function attribute(value) {
  if (value === null || value === undefined) return DASH;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * A link as text, whether it came as one or as its two ends.
 * @param {string | {from: string, to: string} | null | undefined} link
 * @returns {string | null}
 */
export function linkName(link) {
  if (!link) return null;
  return typeof link === "string" ? link : `${link.from}>${link.to}`;
}

/**
 * What stands where a percentile is not shown: an en dash when nothing was observed, else that it is not known.
 * @param {{count: number}} stats
 */
export function unknownText(stats) {
  return stats.count === 0 ? DASH : "not known";
}

/**
 * Why a percentile is not shown, for the title.
 * @param {{count: number}} stats
 */
export function whyUnknown(stats) {
  return stats.count === 0 ? "no observation in this window" : `not known: ${stats.count} samples, P99 needs 300`;
}
