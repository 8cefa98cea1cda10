// Words for numbers and times. All times are UTC, as in logs and on the command line.

const two = (n) => String(n).padStart(2, '0');

/** A length of time in the unit people say. */
export function duration(ms) {
  const clipped = Math.max(0, ms);
  if (clipped < 10_000) return `${(clipped / 1000).toFixed(1)} s`;
  const seconds = Math.floor(clipped / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return `${minutes} min ${seconds % 60} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Milliseconds with as many digits as matter. */
export function millis(ms) {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1_000 ? `${Math.round(ms)} ms` : duration(ms);
}

/** 14:02:31, or with the date when it is not today. */
export function clock(iso, now = Date.now()) {
  const date = new Date(iso);
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return Math.abs(now - date.getTime()) < 20 * 3600_000 ? time : `${date.toISOString().slice(0, 10)} ${time}`;
}

/** 14:02:31.412 */
export const clockMillis = (iso) => new Date(iso).toISOString().slice(11, 23);

export const number = (n) => n.toLocaleString('en-US', { maximumFractionDigits: 1 });

/** Whole units of a decimal string, grouped; exact for any length. */
export function money(document) {
  const [whole, fraction] = document.amount.split('.');
  return whole.replace(/\B(?=(\d{3})+$)/g, ',') + (fraction ? `.${fraction}` : '');
}

export const count = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

/** A measured value at a readable precision. */
export function value(v, unit = '') {
  if (!Number.isFinite(v)) return 'no data';
  if (unit === 's') return v < 1 ? millis(v * 1000) : `${digits(v)} s`;
  return digits(v) + (unit && unit !== '%' ? ` ${unit}` : unit);
}

function digits(v) {
  const size = Math.abs(v);
  if (size >= 1e6) return `${(v / 1e6).toFixed(1)} M`;
  if (size >= 100) return number(Math.round(v));
  if (size >= 1) return String(+v.toFixed(1));
  return v === 0 ? '0' : String(+v.toPrecision(2));
}

/** For a POSIX shell, inside double quotes. */
export const shellQuoted = (words) => `"${words.replace(/[\\"$`]/g, '\\$&')}"`;
