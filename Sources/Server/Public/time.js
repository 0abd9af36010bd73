// Instants. Relative ones are numbers of nanoseconds since the session's start; absolute ones are BigInt. Pure.

export const SECOND = 1e9;

/**
 * An instant as the API takes it, exact to the nanosecond: 12.500000000s.
 * @param {number} nanos
 */
export function instantParameter(nanos) {
  const whole = Math.max(0, Math.round(nanos));
  return `${Math.floor(whole / SECOND)}.${String(whole % SECOND).padStart(9, "0")}s`;
}

/**
 * Reads `12.5s`, `-5s` (from the end), `2:54.6`, `1:02:03` or plain seconds; null when it is none of them.
 * @param {string} text
 * @param {number} endNanos
 * @returns {number | null}
 */
export function parseInstant(text, endNanos) {
  const trimmed = text.trim();
  const plain = /^(-?)(\d+(?:\.\d+)?)s?$/.exec(trimmed);
  if (plain) {
    const nanos = Math.round(Number(plain[2]) * SECOND);
    return Math.max(0, plain[1] ? endNanos - nanos : nanos);
  }
  const clock = /^(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)$/.exec(trimmed);
  if (!clock) return null;
  return Math.round((Number(clock[1] ?? 0) * 3600 + Number(clock[2]) * 60 + Number(clock[3])) * SECOND);
}

/**
 * Position in the session: 2:54.674, 1:02:03.500. Digits after the point as asked for.
 * @param {number} nanos
 * @param {number} [decimals]
 */
export function clock(nanos, decimals = 1) {
  const sign = nanos < 0 ? "-" : "";
  const unit = 10 ** decimals;
  const all = Math.round((Math.abs(nanos) / SECOND) * unit) / unit;
  const hours = Math.floor(all / 3600);
  const minutes = Math.floor((all % 3600) / 60);
  const seconds = (all % 60).toFixed(decimals).padStart(decimals ? decimals + 3 : 2, "0");
  return hours ? `${sign}${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${sign}${minutes}:${seconds}`;
}

/**
 * The wall-clock time of an instant, with milliseconds.
 * @param {string} startUnixNanos
 * @param {number} nanos
 * @param {boolean} utc
 */
export function wallClock(startUnixNanos, nanos, utc) {
  const unix = BigInt(startUnixNanos) + BigInt(Math.round(nanos));
  const date = new Date(Number(unix / 1000000n));
  const pad = (/** @type {number} */ n, width = 2) => String(n).padStart(width, "0");
  const parts = utc
    ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds(), date.getUTCMilliseconds()]
    : [date.getHours(), date.getMinutes(), date.getSeconds(), date.getMilliseconds()];
  return `${pad(parts[0])}:${pad(parts[1])}:${pad(parts[2])}.${pad(parts[3], 3)}${utc ? "Z" : ""}`;
}

/**
 * Day and time of an absolute stamp, local.
 * @param {string} unixNanos
 */
export function day(unixNanos) {
  const date = new Date(Number(BigInt(unixNanos) / 1000000n));
  const pad = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const ymd = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${ymd} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

const CLOCK_STEPS = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000, 36000, 86400];

/**
 * The smallest step of the 1-2-5 series that gives at most `most` steps over `span`.
 * Above ten seconds the steps are those of a clock: 15 s, 30 s, 1 min, ...
 * @param {number} span
 * @param {number} most
 */
export function niceStep(span, most) {
  const least = span / Math.max(1, most);
  if (least > 10 * SECOND) {
    for (const seconds of CLOCK_STEPS) if (seconds * SECOND >= least) return seconds * SECOND;
  }
  return niceNumber(least);
}

/**
 * The smallest 1, 2 or 5 times a power of ten that is not below `least`.
 * @param {number} least
 */
export function niceNumber(least) {
  if (!(least > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  for (const factor of [1, 2, 5]) if (factor * power >= least * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

/**
 * The multiples of `step` within [from, to].
 * @param {number} from
 * @param {number} to
 * @param {number} step
 */
export function multiples(from, to, step) {
  const out = [];
  // + 0: ceil of a small negative is -0
  for (let k = Math.ceil(from / step - 1e-9) + 0; k * step <= to + step * 1e-9; k += 1) out.push(k * step);
  return out;
}

/**
 * A ruler label exact enough for its step: 1:20, 12.5 s, 340 ms, 12.02 ms.
 * @param {number} nanos
 * @param {number} step
 */
export function tickLabel(nanos, step) {
  if (nanos === 0) return "0";
  if (step >= SECOND && Math.abs(nanos) >= 60 * SECOND) return clock(nanos, 0);
  const [scale, unit] =
    step >= 0.1 * SECOND || Math.abs(nanos) >= SECOND ? [1e9, "s"] : step >= 1e5 ? [1e6, "ms"] : step >= 100 ? [1e3, "µs"] : [1, "ns"];
  const decimals = Math.max(0, Math.min(9, Math.ceil(-Math.log10(step / scale) - 1e-9)));
  return `${(nanos / scale).toFixed(decimals)} ${unit}`;
}
