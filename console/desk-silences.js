// Silences as rows: what, why, by whom, how long, what they mute now.

import { h, mark, put, text } from './dom.js';
import { announce } from './announce.js';
import { live, setLive } from './ages.js';
import { call } from './api.js';
import { problemNote } from './dialog.js';
import { count } from './format.js';
import { emit, may, state } from './store.js';

function look(item) {
  if (item.state === 'expired') return ['stale', 'Ended'];
  if (item.state === 'pending') return ['info', 'To come'];
  return item.isExpiring ? ['warn', 'Ends soon'] : ['info', 'Silenced'];
}

export function silenceRow(item) {
  const parts = {
    look: h('span'),
    mutes: h('span', { class: 'sc' }),
    when: h('span'),
    end: live(item.endsAt, item.state === 'expired' ? 'ago' : 'in'),
    action: h('div', { class: 'do' }),
    error: h('div', { class: 'problem-slot' }),
  };
  const end = h('span', { class: 'sc' }, parts.when, parts.end, item.endsWithAlert && ', or with its alerts');
  const row = h(
    'li',
    { 'data-silence': item.id },
    h(
      'div',
      { class: 'line' },
      parts.look,
      h(
        'span',
        { class: 'nm' },
        h('span', { class: 'mono' }, item.matchers.join(' ')),
        h('span', { class: 'sc' }, item.reason),
        parts.mutes,
      ),
      h('span', { class: 'two by' }, `by ${item.createdBy} `, live(item.createdAt), end),
      parts.action,
    ),
    parts.error,
  );
  row.parts = parts;
  return row;
}

export function updateSilence(row, item) {
  const { parts } = row;
  setLive(parts.end, item.endsAt);
  const [kind, word] = look(item);
  const key = `${word} ${item.muting.length} ${state.me.role}`;
  if (row.key === key) return;
  row.key = key;
  put(parts.look, mark(kind, word, true));
  text(parts.when, item.state === 'expired' ? 'ended ' : 'ends ');
  const names = [...new Set(item.muting.map((alert) => alert.name))].join(', ');
  const muted = item.muting.length ? `mutes ${count(item.muting.length, 'active alert')}: ${names}` : 'mutes nothing now';
  text(parts.mutes, item.state === 'active' ? muted : '');
  const isOver = item.state === 'expired' || !may.stop();
  put(parts.action, !isOver && h('button', { type: 'button', class: 'btn sm', onclick: () => end(row, item) }, 'End now'));
}

async function end(row, item) {
  try {
    await call('DELETE', `/admin/silences/${encodeURIComponent(item.id)}`);
    announce('The silence has ended.');
    emit('refresh');
  } catch (problem) {
    put(row.parts.error, problemNote('The silence was not ended.', problem));
  }
}
