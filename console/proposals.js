// A stop that a rule proposes: what it saw, how long it waits, and the two answers.

import { attr, h, mark, put } from './dom.js';
import { announce } from './announce.js';
import { live } from './ages.js';
import { post } from './api.js';
import { problemNote } from './dialog.js';
import { emit, may } from './store.js';

const reasonMin = 10;

export function proposalRow(item) {
  const error = h('div', { class: 'problem-slot' });
  const reason = h('input', { class: 'field', 'aria-label': 'Why not', placeholder: 'Why not, to dismiss it' });
  const path = `/admin/automatic/${encodeURIComponent(item.id)}`;
  const accept = h('button', { type: 'button', class: 'btn sm danger' }, 'Stop it');
  const dismiss = h('button', { type: 'button', class: 'btn sm' }, 'Dismiss');
  accept.addEventListener('click', () =>
    send(accept, error, async () => {
      const { data } = await post(`${path}/accept`, {});
      emit('receipt', data);
      announce('Stopped, as the rule proposed.', true);
    }),
  );
  dismiss.addEventListener('click', () => {
    if (reason.value.trim().length < reasonMin) {
      put(error, problemNote(`Say why not, in at least ${reasonMin} characters.`));
      reason.focus();
      return;
    }
    send(dismiss, error, async () => {
      await post(`${path}/dismiss`, { reason: reason.value.trim() });
      announce('Dismissed. Trading goes on.');
    });
  });
  const unmet = item.unmet.map(({ detail }) => detail).join('; ');
  return h(
    'li',
    { class: 'approval', 'data-proposal': item.id },
    h(
      'div',
      { class: 'line' },
      mark('warn', 'Proposed', true),
      h(
        'span',
        { class: 'nm' },
        `Stop ${item.scope ?? 'what a person names'}`,
        h('span', { class: 'sc' }, `${item.alert}: ${item.summary}`),
        unmet && h('span', { class: 'sc' }, `Not by itself: ${unmet}`),
      ),
      h(
        'span',
        { class: 'two by' },
        live(item.at),
        h('span', { class: 'sc' }, 'lapses ', live(item.expiresAt, 'in')),
      ),
      // A proposal that names nothing is answered on the command line, where a scope can be given.
      h(
        'div',
        { class: 'do' },
        may.stop() && [reason, dismiss, item.scope && accept],
      ),
    ),
    error,
  );
}

async function send(button, error, work) {
  attr(button, 'aria-busy', 'true');
  try {
    await work();
    put(error);
    emit('refresh');
  } catch (problem) {
    put(error, problemNote('It was not done.', problem));
  } finally {
    attr(button, 'aria-busy', null);
  }
}
