// Where things go in a chart: round numbers, the box inside the axes, time to x and value to y.

/** Distances between labels of the time axis, in seconds. */
export const timeSteps = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];
const two = (n) => String(n).padStart(2, '0');

export function hms(seconds, hasSeconds = true) {
  const date = new Date(seconds * 1000);
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}${hasSeconds ? `:${two(date.getUTCSeconds())}` : ''}`;
}

/** Round numbers that hold lo to hi in about n steps. */
function niceScale(lo, hi, n) {
  const raw = (hi - lo || 1) / n;
  const magnitude = 10 ** Math.floor(Math.log10(raw));
  const ratio = raw / magnitude;
  const step = magnitude * (ratio > 5 ? 10 : ratio > 2 ? 5 : ratio > 1 ? 2 : 1);
  return { step, lo: Math.floor(lo / step) * step, hi: Math.ceil(hi / step) * step };
}

export const axisLabel = (v, unit) =>
  `${Math.abs(v) >= 1e4 ? `${+(v / 1e3).toPrecision(3)}k` : +v.toPrecision(6)}${unit}`;

/** Where things go: the box inside the axes and the two scales. */
export function layout(width, height, x, ys, options) {
  const box = { left: 42, top: 8, width: width - 52, height: height - 28 };
  const from = x[0];
  const to = x[x.length - 1];
  let lo = options.yMin ?? Infinity;
  let hi = -Infinity;
  for (const y of ys) {
    for (const v of y) {
      if (Number.isNaN(v)) continue;
      if (options.yMin === undefined && v < lo) lo = v;
      if (v > hi) hi = v;
    }
  }
  if (options.threshold) hi = Math.max(hi, options.threshold * 1.08);
  if (!Number.isFinite(lo)) lo = 0;
  if (!(hi > lo)) hi = lo + 1;
  const scale = niceScale(lo, hi, Math.max(2, Math.floor(box.height / 36)));
  return {
    box,
    from,
    to,
    scale,
    X: (t) => box.left + ((t - from) / (to - from || 1)) * box.width,
    Y: (v) => box.top + box.height - ((v - scale.lo) / (scale.hi - scale.lo)) * box.height,
  };
}
