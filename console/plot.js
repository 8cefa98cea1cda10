// Drawing of a time series chart on a 2D context: axes, bands, threshold, lines with gaps, marks, cursor.

import { axisLabel, hms, timeSteps } from './scale.js';

export function draw(g, place, x, ys, options, colour, cursor) {
  axes(g, place, options, colour);
  for (const band of options.bands ?? []) fillBand(g, place, band, colour('--halt-soft'));
  if (options.threshold) {
    const y = place.Y(options.threshold);
    stroke(
      g,
      colour('--crit'),
      1.25,
      [4, 4],
      [
        [place.box.left, y],
        [place.box.left + place.box.width, y],
      ],
    );
  }
  for (const [index, y] of ys.entries()) line(g, place, x, y, options.series[index], colour);
  for (const mark of options.marks ?? []) drawMark(g, place, mark, colour);
  if (cursor >= 0 && cursor < x.length) drawCursor(g, place, x, ys, options, colour, cursor);
}

function stroke(g, style, width, dash, points) {
  g.strokeStyle = style;
  g.lineWidth = width;
  g.setLineDash(dash);
  g.beginPath();
  for (const [px, py] of points) g.lineTo(px, py);
  g.stroke();
  g.setLineDash([]);
}

function axes(g, { box, from, to, scale, X, Y }, options, colour) {
  g.fillStyle = colour('--text-3');
  g.textAlign = 'right';
  g.textBaseline = 'middle';
  for (let v = scale.lo; v <= scale.hi + scale.step / 2; v += scale.step) {
    const y = Math.round(Y(v)) + 0.5;
    stroke(
      g,
      colour('--grid'),
      1,
      [],
      [
        [box.left, y],
        [box.left + box.width, y],
      ],
    );
    g.fillText(axisLabel(v, options.axisUnit ?? ''), box.left - 8, y);
  }
  g.textAlign = 'center';
  g.textBaseline = 'top';
  const step = timeSteps.find((s) => (to - from) / s <= box.width / 78) ?? 86400;
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) {
    if (X(t) > box.left + 14 && X(t) < box.left + box.width - 14)
      g.fillText(hms(t, step < 60), X(t), box.top + box.height + 6);
  }
}

function fillBand(g, { box, from, to, X }, band, style) {
  const left = X(Math.max(from, band.from));
  const right = X(Math.min(to, band.to));
  g.fillStyle = style;
  g.fillRect(left, box.top, Math.max(2, right - left), box.height);
}

/** Runs without a gap. With more points than pixels: one column a pixel, its mean as the line, min to max as a band. */
function runsOf({ box, X }, x, y) {
  const isDense = x.length > box.width * 1.5;
  const runs = [];
  let run = null;
  for (let i = 0; i < x.length; i += 1) {
    const v = y[i];
    if (Number.isNaN(v)) {
      run = null;
      continue;
    }
    const at = isDense ? Math.round(X(x[i])) : X(x[i]);
    const last = run?.[run.length - 1];
    if (last && last.at === at) {
      last.min = Math.min(last.min, v);
      last.max = Math.max(last.max, v);
      last.sum += v;
      last.n += 1;
      continue;
    }
    if (!run) {
      run = [];
      runs.push(run);
    }
    run.push({ at, min: v, max: v, sum: v, n: 1 });
  }
  return { runs, isDense };
}

function line(g, place, x, y, series, colour) {
  const { runs, isDense } = runsOf(place, x, y);
  const style = colour(series.colour);
  const bottom = place.box.top + place.box.height;
  g.lineJoin = isDense ? 'bevel' : 'round';
  for (const run of runs) {
    g.fillStyle = style;
    if (isDense || series.isFilled) {
      g.globalAlpha = isDense ? 0.22 : 0.1;
      g.beginPath();
      for (const p of run) g.lineTo(p.at, place.Y(p.max));
      for (const p of [...run].reverse()) g.lineTo(p.at, isDense ? place.Y(p.min) : bottom);
      g.fill();
      g.globalAlpha = 1;
    }
    if (run.length === 1) dot(g, run[0].at, place.Y(run[0].sum / run[0].n), 1.5);
    else
      stroke(
        g,
        style,
        series.width ?? 1.5,
        series.dash ?? [],
        run.map((p) => [p.at, place.Y(p.sum / p.n)]),
      );
  }
  const end = x.length - 1;
  if (!Number.isNaN(y[end])) {
    g.fillStyle = style;
    dot(g, place.X(x[end]), place.Y(y[end]), 2.5);
  }
}

function dot(g, px, py, radius) {
  g.beginPath();
  g.arc(px, py, radius, 0, 7);
  g.fill();
}

function drawMark(g, { box, from, to, X }, mark, colour) {
  if (mark.at < from || mark.at > to) return;
  const at = Math.round(X(mark.at)) + 0.5;
  stroke(
    g,
    colour('--text-3'),
    1,
    [2, 3],
    [
      [at, box.top],
      [at, box.top + box.height],
    ],
  );
  const isRight = at > box.left + box.width - 90;
  g.fillStyle = colour('--text-2');
  g.textAlign = isRight ? 'right' : 'left';
  g.textBaseline = 'top';
  g.fillText(mark.label, at + (isRight ? -5 : 5), box.top + 1);
}

function drawCursor(g, { box, X, Y }, x, ys, options, colour, cursor) {
  const at = Math.round(X(x[cursor])) + 0.5;
  stroke(
    g,
    colour('--text-2'),
    1,
    [],
    [
      [at, box.top],
      [at, box.top + box.height],
    ],
  );
  ys.forEach((y, index) => {
    if (Number.isNaN(y[cursor])) return;
    g.fillStyle = colour(options.series[index].colour);
    dot(g, at, Y(y[cursor]), 3);
  });
}
