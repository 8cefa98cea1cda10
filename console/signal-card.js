// One chart with its head, legend and table view.

import { attr, h, put, svg, text } from './dom.js';
import './chart.js';
import { value } from './format.js';
import { hms } from './scale.js';

const tableRowsMax = 12;

/** Whether the unit stands with the number (`8.4%`, `412 ms`) rather than beside it (`342 a minute`). */
const isShort = (unit) => unit === '%' || unit === 's';
const axisUnits = { '%': '%', s: ' s' };

export class SignalCard {
  #definition;
  #now = h('span', { class: 'v' });
  #keys = h('ul', { class: 'legend' });
  #table;
  #labels = '';

  constructor(definition) {
    this.#definition = definition;
    this.chart = h('bw-chart', { 'aria-label': `${definition.title}, cursor` });
    this.#table = h('div', {
      class: 'chart-table',
      tabindex: '0',
      role: 'region',
      'aria-label': `${definition.title}, values`,
      hidden: true,
    });
    this.element = h(
      'section',
      { class: 'chart', 'aria-label': definition.title },
      h('header', null, h('h3', null, definition.title), this.#now),
      this.chart,
      this.#table,
      this.#keys,
    );
  }

  set isTable(isTable) {
    this.chart.hidden = isTable;
    this.#table.hidden = !isTable;
    this.#keys.hidden = isTable;
    if (isTable) this.#tabulate();
  }

  /** `lines`: `[{line, y}]` on the grid `x`. */
  show(x, lines, { threshold, bands, marks }) {
    const { unit } = this.#definition;
    this.chart.set(
      {
        series: lines.map(({ line }) => line),
        unit,
        axisUnit: axisUnits[unit] ?? '',
        yMin: 0,
        threshold,
        bands,
        marks,
      },
      x,
      lines.map(({ y }) => y),
    );
    this.readout();
    if (!this.#table.hidden) this.#tabulate();
  }

  /** The number in the head and the values in the legend: at the cursor, or the newest. */
  readout() {
    const { options, ys, x, cursor } = this.chart;
    if (!options) return;
    const { unit } = this.#definition;
    const at = cursor < 0 ? x.length - 1 : cursor;
    const first = ys[0]?.[at] ?? NaN;
    const { threshold } = options;
    attr(this.#now, 'class', threshold !== undefined && first > threshold ? 'v crit' : 'v');
    const beside = threshold !== undefined ? `limit ${value(threshold, unit)}` : isShort(unit) ? '' : unit;
    put(
      this.#now,
      value(first, isShort(unit) ? unit : ''),
      ' ',
      h('small', null, cursor < 0 ? beside : `at ${hms(x[at])}`),
    );
    this.#showKeys(options);
    for (const [i, y] of ys.entries())
      text(this.#keys.children[i].lastElementChild, cursor < 0 ? '' : value(y[at], isShort(unit) ? unit : ''));
  }

  #showKeys({ series, threshold }) {
    const labels = `${series.map((line) => line.label).join()} ${threshold !== undefined}`;
    if (labels === this.#labels) return;
    this.#labels = labels;
    const limit = { label: 'limit', colour: '--crit', dash: [3, 3] };
    put(
      this.#keys,
      [...series, ...(threshold === undefined ? [] : [limit])].map((line) =>
        h('li', null, keyLine(line), h('span', null, line.label), h('b')),
      ),
    );
  }

  #tabulate() {
    const { x, ys, options } = this.chart;
    if (!options) return;
    const { title, unit } = this.#definition;
    const stride = Math.max(1, Math.floor(x.length / tableRowsMax));
    const rows = [];
    for (let i = x.length - 1; i >= 0 && rows.length < tableRowsMax; i -= stride) rows.push(i);
    put(
      this.#table,
      h(
        'table',
        null,
        h('caption', { class: 'sr' }, `${title}, ${unit}`),
        h(
          'thead',
          null,
          h(
            'tr',
            null,
            h('th', { scope: 'col' }, 'Time'),
            options.series.map((line) => h('th', { scope: 'col', class: 'num' }, line.label)),
          ),
        ),
        h(
          'tbody',
          null,
          rows.map((i) =>
            h(
              'tr',
              null,
              h('th', { scope: 'row' }, hms(x[i])),
              ys.map((y) => h('td', { class: 'num' }, value(y[i], isShort(unit) ? unit : ''))),
            ),
          ),
        ),
      ),
    );
  }
}

const keyLine = (line) =>
  svg(
    'svg',
    { viewBox: '0 0 18 8', class: `key ${line.colour.slice(2)}`, 'aria-hidden': 'true' },
    svg('path', { d: 'M0 4h18', stroke: 'currentColor', 'stroke-width': 2, 'stroke-dasharray': line.dash?.join(' ') }),
  );
