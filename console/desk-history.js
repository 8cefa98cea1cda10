// What happened to alerts, as rows.

import { h, mark } from './dom.js';
import { live } from './ages.js';

const looks = {
  pending: ['info', 'Pending'],
  firing: ['crit', 'Firing'],
  resolved: ['ok', 'Ended'],
  dropped: ['stale', 'Gone'],
  acknowledged: ['info', 'Taken'],
  'handed over': ['info', 'Handed over'],
  released: ['info', 'Given back'],
  commented: ['info', 'Comment'],
  muted: ['stale', 'Muted'],
  unmuted: ['info', 'Unmuted'],
};

/** One entry; `isBrief` beside the alert it is about. */
export function historyRow(item, isBrief = false) {
  const [kind, word] = looks[item.what] ?? ['info', item.what];
  const shape = item.what === 'firing' && item.severity !== 'critical' ? 'warn' : kind;
  const what = isBrief
    ? (item.note ?? `value ${item.value}`)
    : [item.summary, h('span', { class: 'sc' }, [item.name, item.note].filter(Boolean).join(', '))];
  return h(
    'li',
    { 'data-history': String(item.id) },
    h(
      'div',
      { class: 'line' },
      mark(shape, word, true),
      h('span', { class: 'nm' }, what),
      h('span', { class: 'two by' }, item.actor ? `by ${item.actor} ` : '', live(item.at)),
    ),
  );
}
