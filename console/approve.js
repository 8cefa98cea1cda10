// The second person: a look at what starts again, then yes or no.

import { attr, copyButton, h, put } from './dom.js';
import { announce } from './announce.js';
import { post } from './api.js';
import { makeDialog, openDialog, problemNote } from './dialog.js';
import { scopeName } from './controls.js';
import { lifted, preconditions, released } from './preconditions.js';
import { emit, state } from './store.js';

export function approve(item) {
  const error = h('div', { class: 'problem-slot' });
  const checks = preconditions();
  const yes = h('button', { type: 'button', class: 'btn primary' }, 'Approve and release');
  const controls = state.status.controls.active.filter((control) => item.controls.includes(control.id));
  const dialog = makeDialog(
    'approve',
    `Release ${item.scopes.map(scopeName).join('; ')}?`,
    `${item.requestedBy} asked: ${item.reason}`,
    [
      h(
        'div',
        null,
        h('span', { class: 'lbl' }, 'What starts again'),
        h('ul', { class: 'lifted' }, controls.map(lifted)),
      ),
      h('div', null, h('span', { class: 'lbl' }, 'How things stand now'), checks.element),
      h(
        'div',
        { class: 'cmd' },
        h('code', null, `breakwater approvals approve ${item.id}`),
        copyButton(() => `breakwater approvals approve ${item.id}`, 'Copy', 'Copy the command'),
      ),
      error,
    ],
    [
      h('p', null, `Recorded as ${state.me.subject}`),
      h('button', { type: 'button', class: 'btn', onclick: () => dialog.close() }, 'Cancel'),
      yes,
    ],
  );
  dialog.addEventListener('close', () => {
    checks.stop();
    dialog.remove();
  });
  yes.addEventListener('click', async () => {
    attr(yes, 'aria-busy', 'true');
    try {
      const { data } = await post(`/admin/approvals/${encodeURIComponent(item.id)}/approve`);
      dialog.close();
      released(data);
    } catch (problem) {
      put(error, problemNote('Nothing was released.', problem));
    } finally {
      attr(yes, 'aria-busy', null);
    }
  });
  openDialog(dialog);
}

export async function deny(item, error) {
  try {
    await post(`/admin/approvals/${encodeURIComponent(item.id)}/deny`);
    announce('Denied. The stop stays.');
    emit('refresh');
  } catch (problem) {
    put(error, problemNote('It was not denied.', problem));
  }
}
