// Four signals over time, from the server's own metrics, drawn or as tables.

import { $, attr, h, put, text } from './dom.js';
import { problemNote } from './dialog.js';
import { alertRules, queryRange, spanSeconds, splitLimit } from './promql.js';
import { SignalCard } from './signal-card.js';
import { byName, charts, linesOf, spans, unionQuery } from './signal-charts.js';
import { on, serverNow, set, state } from './store.js';

const ranges = [
  { label: '5 min', seconds: 300, step: 1 },
  { label: '30 min', seconds: 1800, step: 5 },
  { label: '2 h', seconds: 7200, step: 20 },
  { label: '6 h', seconds: 21600, step: 60 },
];
const refreshFloorMilliseconds = 2_000;
/** Up for less than this, half an hour would be mostly empty. */
const youngMilliseconds = 12 * 60_000;
/** Shortest window of a rate: samples come once a second, orders in bursts. */
const rateWindowSeconds = 30;

const cards = new Map(charts.map((definition) => [definition, new SignalCard(definition)]));
const parts = {};
let range = ranges[1];
let isTable = false;
let limits = new Map();
let timer = 0;
let answer = null;

export function mountSignals() {
  const press = (label, onclick) =>
    h('button', { type: 'button', class: 'btn sm quiet', 'aria-pressed': 'false', onclick }, label);
  parts.range = h(
    'div',
    { class: 'range', role: 'group', 'aria-label': 'Time range' },
    ranges.map((item) => h('button', { type: 'button', onclick: () => choose(item) }, item.label)),
  );
  parts.table = press('Table', toggleTable);
  parts.pause = press('Pause', togglePause);
  parts.error = h('div', { class: 'problem-slot pad' });
  parts.charts = h(
    'div',
    { class: 'charts' },
    [...cards.values()].map((card) => card.element),
  );
  put(
    $('#signals'),
    h('header', { class: 'bar-h' }, h('h2', { id: 'signals-h' }, 'Signals'), parts.range, parts.table, parts.pause),
    parts.error,
    parts.charts,
  );
  parts.charts.addEventListener('cursor', (event) => {
    for (const card of cards.values()) {
      if (card.chart !== event.target) card.chart.setCursor(event.detail.index);
      card.readout();
    }
  });
  on('isStale', (isStale) => {
    if (!isStale) refresh();
  });
  addEventListener('visibilitychange', () => {
    if (!document.hidden) refresh();
  });
  alertRules().then(
    (rules) => {
      limits = rules;
      show();
    },
    () => {},
  ); // without the rules there are no limits to draw
  choose(serverNow() - Date.parse(state.status.startedAt) < youngMilliseconds ? ranges[0] : ranges[1]);
}

function choose(wanted) {
  range = wanted;
  for (const button of parts.range.children) attr(button, 'aria-pressed', String(button.textContent === wanted.label));
  refresh();
}

export function togglePause() {
  set('isPaused', !state.isPaused);
  attr(parts.pause, 'aria-pressed', String(state.isPaused));
  text(parts.pause, state.isPaused ? 'Resume updates' : 'Pause');
  refresh();
}

function toggleTable() {
  isTable = !isTable;
  attr(parts.table, 'aria-pressed', String(isTable));
  for (const card of cards.values()) card.isTable = isTable;
}

async function refresh() {
  clearTimeout(timer);
  if (document.hidden || state.isPaused) return;
  const asked = range;
  timer = setTimeout(refresh, Math.max(refreshFloorMilliseconds, asked.step * 1000));
  try {
    const window = `${Math.max(rateWindowSeconds, asked.step * 2)}s`;
    const result = await queryRange(unionQuery(window), spanSeconds(asked.seconds), asked.step, serverNow() / 1000);
    if (asked !== range) return;
    answer = result;
    put(parts.error);
    show();
  } catch (problem) {
    if (!state.isStale) put(parts.error, problemNote('The signals could not be read; what is drawn is old.', problem));
  }
}

function show() {
  if (!answer) return;
  const found = byName(answer.series);
  const bands = spans(answer.x, found.get('halt')?.[0]?.y);
  for (const [definition, card] of cards) {
    const rule = definition.hasLimit ? splitLimit(limits.get(definition.rule) ?? '') : null;
    const firing = (state.alerts ?? []).filter((alert) => alert.name === definition.rule && alert.firedAt);
    card.show(answer.x, linesOf(definition, found, answer.x.length), {
      threshold: rule?.limit ? rule.limit * (definition.scale ?? 1) : undefined,
      bands,
      marks: [
        ...bands.map((band) => ({ at: band.from, label: 'halted' })),
        ...firing.map((alert) => ({ at: Date.parse(alert.firedAt) / 1000, label: 'firing' })),
      ],
    });
  }
}
