// Messages to receivers as rows, and the receivers with the means to test them.

import { h, mark, put, text } from './dom.js';
import { live } from './ages.js';
import { get, post } from './api.js';
import { problemNote } from './dialog.js';
import { emit, may } from './store.js';

const looks = { sent: ['ok', 'Sent'], queued: ['info', 'On its way'], failed: ['crit', 'Failed'] };
const causes = {
  new: 'news',
  repeat: 'still firing',
  resolved: 'ended',
  silence_expiring: 'a silence ends',
  test: 'a test',
  fallback: 'handed over',
};
const namedMax = 3;

export function messageRow(item) {
  const parts = { look: h('span'), facts: h('span', { class: 'sc' }) };
  const named = item.alerts.slice(0, namedMax).map((alert) => {
    const words = alert.status === 'resolved' ? `${alert.summary} (ended)` : alert.summary;
    return h('span', { class: 'block' }, h('a', { href: `#alert/${alert.fingerprint}` }, words));
  });
  const rest = item.alerts.length - named.length;
  const row = h(
    'li',
    { 'data-notification': item.key },
    h(
      'div',
      { class: 'line' },
      parts.look,
      h('span', { class: 'nm' }, named, rest > 0 && `and ${rest} more`, parts.facts),
      h('span', { class: 'two by' }, `to ${item.receiver} `, live(item.decidedAt)),
      h('span', { class: 'two why' }, causes[item.cause] ?? item.cause),
    ),
  );
  row.parts = parts;
  return row;
}

export function updateMessage(row, item) {
  const key = `${item.status} ${item.attempts} ${item.error}`;
  if (row.key === key) return;
  row.key = key;
  const [kind, word] = looks[item.status] ?? ['stale', item.status];
  put(row.parts.look, mark(kind, word, true));
  text(row.parts.facts, [item.attempts > 1 && `${item.attempts} attempts`, item.error].filter(Boolean).join(': '));
}

/** A card with every receiver. */
export function receivers() {
  const list = h('dl', { class: 'facts' });
  get('/admin/receivers').then(
    ({ items }) => put(list, items.length ? items.map(receiver) : none()),
    (problem) => put(list, problemNote('The receivers could not be read.', problem)),
  );
  return h('section', { class: 'card', 'aria-label': 'Receivers' }, list);
}

const none = () =>
  h(
    'div',
    null,
    h('dt', null, 'Receivers'),
    h('dd', null, 'None: nobody is told. ', h('small', null, 'Name one under alerting.receivers.')),
  );

function receiver(item) {
  const result = h('small', { role: 'status' });
  const test = async () => {
    text(result, 'sending');
    try {
      const { data } = await post(`/admin/receivers/${encodeURIComponent(item.name)}/test`);
      text(result, data.status === 'sent' ? 'took the test message' : `did not take it: ${data.error}`);
      emit('refresh');
    } catch (problem) {
      text(result, problem.message);
    }
  };
  const canTest = may.stop() && item.kind !== 'alertmanager';
  return h(
    'div',
    null,
    h('dt', null, `${item.kind}, ${item.place}`),
    h('dd', null, item.name, item.fallback && h('small', null, ` then ${item.fallback}`)),
    canTest && h('button', { type: 'button', class: 'btn sm', onclick: test }, 'Send a test'),
    h('dd', null, result),
  );
}
