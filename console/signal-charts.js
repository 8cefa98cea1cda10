// What the four charts show, and the one query that fetches all of it.

const orders = (matcher, window) => `sum(rate(breakwater_orders_total{${matcher}}[${window}]))`;
const http = (codes, window) => `sum(rate(breakwater_http_requests_total{code=~"${codes}"}[${window}]))`;

/** Lines of a chart are fixed, or one for each value of a label (`by`). `rule` lends its limit and its firing time. */
export const charts = [
  {
    id: 'orders',
    title: 'Orders sent',
    unit: 'a minute',
    rule: 'OrderRateSurge',
    hasLimit: false,
    lines: [
      { label: 'sent', colour: '--c1', width: 2, query: (w) => `60 * ${orders('state="submitted"', w)}` },
      { label: 'filled', colour: '--c3', dash: [6, 3], query: (w) => `60 * ${orders('state="filled"', w)}` },
      {
        label: 'refused by a stop',
        colour: '--c4',
        dash: [2, 3],
        query: (w) => `60 * sum(rate(breakwater_orders_blocked_total{by=~"halt|held|tenant|profile"}[${w}]))`,
      },
    ],
  },
  {
    id: 'rejects',
    title: 'Order rejects',
    unit: '%',
    rule: 'OrderRejectRateHigh',
    hasLimit: true,
    scale: 100,
    lines: [
      {
        label: 'of orders sent',
        colour: '--c1',
        width: 2,
        query: (w) => `100 * ${orders('state="rejected"', w)} / ${orders('state="submitted"', w)}`,
      },
    ],
  },
  {
    id: 'ack',
    title: 'Order acknowledgement, p99',
    unit: 's',
    rule: 'OrderAckSlow',
    hasLimit: true,
    by: 'venue',
    query: (w) => `histogram_quantile(0.99, sum by (le, venue) (rate(breakwater_order_ack_seconds_bucket[${w}])))`,
  },
  {
    id: 'http',
    title: 'Gateway requests',
    unit: 'a second',
    rule: 'GatewayErrorRateHigh',
    hasLimit: false,
    lines: [
      { label: '2xx', colour: '--c1', isFilled: true, query: (w) => http('2..', w) },
      { label: '4xx', colour: '--c2', dash: [6, 3], query: (w) => http('4..', w) },
      { label: '5xx', colour: '--c4', dash: [2, 3], query: (w) => http('5..', w) },
    ],
  },
];

/** One query for every line of every chart, each named by a label of its own; and whether everything was halted. */
export function unionQuery(window) {
  const named = (query, name) => `label_replace(${query}, "bw", "${name}", "", "")`;
  const queries = charts.flatMap((chart) =>
    chart.by
      ? [named(chart.query(window), chart.id)]
      : chart.lines.map((line, i) => named(line.query(window), `${chart.id}:${i}`)),
  );
  return [...queries, named('max(breakwater_control_halt_active)', 'halt')].join(' or ');
}

/** Series by the name the query gave them. */
export function byName(series) {
  const found = new Map();
  for (const one of series) found.set(one.metric.bw, [...(found.get(one.metric.bw) ?? []), one]);
  return found;
}

const byColours = ['--c1', '--c3', '--c2', '--c4'];

/** The lines of a chart and their values: fixed ones, or one for each value of a label. */
export function linesOf(chart, found, length) {
  if (!chart.by) {
    return chart.lines.map((line, i) => ({
      line,
      y: found.get(`${chart.id}:${i}`)?.[0]?.y ?? new Float64Array(length).fill(NaN),
    }));
  }
  const labelOf = (series) => series.metric[chart.by] ?? 'all';
  return [...(found.get(chart.id) ?? [])]
    .sort((a, b) => labelOf(a).localeCompare(labelOf(b)))
    .map((series, i) => ({
      line: {
        label: labelOf(series),
        colour: byColours[i % byColours.length],
        width: 2,
        dash: i % 2 ? [6, 3] : undefined,
      },
      y: series.y,
    }));
}

/** Where a 0/1 series is 1. */
export function spans(x, y) {
  const found = [];
  for (let i = 0; y && i < x.length; i += 1) {
    if (!(y[i] > 0)) continue;
    if (i > 0 && y[i - 1] > 0) found.at(-1).to = x[i];
    else found.push({ from: x[i], to: x[i] });
  }
  return found;
}
