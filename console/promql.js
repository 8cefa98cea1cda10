// Queries against the Prometheus API, and reading a rule's expression well enough to draw its limit.

import { get } from './api.js';
import { serverNow, state } from './store.js';

/** Range query as `{x, series}`: x in seconds on an even grid, values in Float64Array with NaN where there is no sample. */
export async function queryRange(expression, seconds, step, end) {
  const last = Math.floor(end / step) * step;
  const first = last - Math.ceil(seconds / step) * step;
  const query = new URLSearchParams({ query: expression, start: first, end: last, step });
  const body = await get(`/prometheus/api/v1/query_range?${query}`);
  const length = Math.round((last - first) / step) + 1;
  const x = Float64Array.from({ length }, (_, index) => first + index * step);
  const series = body.data.result.map(({ metric, values }) => {
    const y = new Float64Array(length).fill(NaN);
    for (const [time, value] of values) y[Math.round((time - first) / step)] = Number(value);
    return { metric, y };
  });
  return { x, series };
}

const spanSecondsMin = 60;

/** How far back a chart looks: a product that just started has no more than its own life to show. */
export function spanSeconds(secondsMax) {
  const upSeconds = (serverNow() - Date.parse(state.status.startedAt)) / 1000;
  return Math.max(spanSecondsMin, Math.min(secondsMax, upSeconds));
}

/** Query, by alert name, of every loaded alerting rule. */
export async function alertRules() {
  const body = await get('/prometheus/api/v1/rules');
  const rules = body.data.groups.flatMap((group) => group.rules).filter((rule) => rule.type === 'alerting');
  return new Map(rules.map((rule) => [rule.name, rule.query]));
}

const comparison = /^(?:>=|<=|==|!=|>|<)/;
const literal = /^\s*(?:bool\s+)?(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(?=$|\)|\b(?:and|or|unless)\b)/i;
const setOperator = /^(?:and|or|unless)\b/i;

/**
 * The measured side of an alert expression and the number it is compared with: `{measure, limit, isUpper}`. The limit is
 * null when the first comparison is not with a plain number; the whole is null when nothing is compared.
 */
export function splitLimit(expression) {
  let depth = 0;
  for (let at = 0; at < expression.length; at += 1) {
    const character = expression[at];
    if (character === '"' || character === "'" || character === '`') at = endOfString(expression, at);
    else if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    else if (depth === 0) {
      const rest = expression.slice(at);
      if (setOperator.test(rest) && !/\w/.test(expression[at - 1] ?? ' ')) return null;
      const operator = comparison.exec(rest)?.[0];
      if (operator) {
        const number = literal.exec(rest.slice(operator.length));
        return {
          measure: expression.slice(0, at).trim(),
          limit: number ? Number(number[1]) : null,
          isUpper: operator.startsWith('>'),
        };
      }
    }
  }
  const inner = /^\(([\s\S]*)\)$/.exec(expression.trim());
  return inner ? splitLimit(inner[1]) : null;
}

function endOfString(expression, start) {
  let at = start + 1;
  while (at < expression.length && expression[at] !== expression[start]) at += expression[at] === '\\' ? 2 : 1;
  return at;
}

/**
 * The unit of an alert's value: seconds by the metric's name, percent when the rule's own words say the value as one,
 * else none.
 */
export function unitOf(alert) {
  if (
    /_seconds(?:_bucket)?\b/.test(splitLimit(alert.expression)?.measure ?? '') &&
    !/_seconds_count/.test(alert.expression)
  )
    return 's';
  const said = /(-?[\d.]+)\s?%/.exec(alert.summary);
  if (said && Math.abs(Number(said[1]) - alert.value * 100) < Math.max(1, Math.abs(alert.value) * 5)) return '%';
  return '';
}
