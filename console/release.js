// Starting again is meant to be slow: a typed reason, the state as it is now, and a different admin.

import { $, attr, commandLine, h, put, text } from './dom.js';
import { announce } from './announce.js';
import { post } from './api.js';
import { makeDialog, openDialog, problemNote } from './dialog.js';
import { count, shellQuoted } from './format.js';
import { lifted, preconditions, released } from './preconditions.js';
import { emit, state } from './store.js';

const reasonMin = 10;
const aloneReasonMin = 20;
const reasonMax = 500;

/** What is to be released: `global`, `control`, `tenant` or `profile`, with the controls it would lift. */
export function openRelease(target) {
  const form = releaseForm(target);
  openDialog(form);
  $('textarea', form).focus();
}

const routes = {
  global: () => ({ path: '/admin/resume', command: '--all', name: 'everything' }),
  control: ({ controls: [control] }) => ({
    path: `/admin/controls/${encodeURIComponent(control.id)}/release`,
    command: `--control ${control.id}`,
    name: control.scope,
  }),
  tenant: ({ tenant }) => ({
    path: `/admin/tenants/${encodeURIComponent(tenant)}/enable`,
    command: `--tenant ${tenant}`,
    name: `tenant ${tenant}`,
  }),
  profile: ({ tenant, profile }) => ({
    path: `/admin/tenants/${encodeURIComponent(tenant)}/profiles/${encodeURIComponent(profile)}/enable`,
    command: `--profile ${tenant}/${profile}`,
    name: `profile ${tenant}/${profile}`,
  }),
};

function releaseForm(target) {
  const route = routes[target.kind](target);
  const reason = h('textarea', {
    id: 'release-reason',
    class: 'field',
    rows: '2',
    maxlength: reasonMax,
    'aria-describedby': 'release-reason-help',
  });
  const help = h('p', { class: 'muted', id: 'release-reason-help' });
  const alone = h('input', { type: 'checkbox', id: 'release-alone' });
  const error = h('div', { class: 'problem-slot' });
  const command = commandLine(
    () =>
      `breakwater resume request ${route.command} --reason ${shellQuoted(reason.value.trim() || '…')}` +
      `${alone.checked ? ' --break-glass' : ''}`,
  );
  const send = h('button', { type: 'button', class: 'btn primary' });
  const needed = () => (alone.checked ? aloneReasonMin : reasonMin);
  const refresh = () => {
    const missing = needed() - reason.value.trim().length;
    text(
      help,
      missing > 0
        ? `Why is it safe to go on? ${count(missing, 'more character')}.`
        : 'Shown to the admin who decides, and kept in the audit log.',
    );
    text(send, alone.checked ? 'Release alone, now' : 'Ask for release');
    attr(send, 'class', alone.checked ? 'btn danger' : 'btn primary');
    command.refresh();
  };
  const checks = preconditions();
  const dialog = makeDialog(
    'release',
    `Ask to release ${route.name}`,
    'Nothing starts yet. A different admin sees this reason and decides within 15 minutes.',
    [
      h(
        'div',
        null,
        h('span', { class: 'lbl' }, 'What would be lifted'),
        h('ul', { class: 'lifted' }, target.controls.map(lifted)),
      ),
      h('div', null, h('span', { class: 'lbl' }, 'How things stand now'), checks.element),
      h('div', null, h('label', { class: 'lbl', for: 'release-reason' }, 'Reason'), reason, help),
      h(
        'details',
        null,
        h('summary', null, 'No second admin can be reached'),
        h(
          'label',
          { class: 'check' },
          alone,
          h(
            'span',
            null,
            h('b', null, 'Release alone (break glass). '),
            `Needs ${aloneReasonMin} characters, starts trading at once, and is marked in the audit log.`,
          ),
        ),
      ),
      command,
      error,
    ],
    [
      h('p', null, `Recorded as ${state.me.subject}`),
      h('button', { type: 'button', class: 'btn', onclick: () => dialog.close() }, 'Cancel'),
      send,
    ],
  );
  dialog.addEventListener('close', () => {
    checks.stop();
    dialog.remove();
  });
  reason.addEventListener('input', refresh);
  alone.addEventListener('change', refresh);
  send.addEventListener('click', async () => {
    if (reason.value.trim().length < needed()) {
      put(error, problemNote(`The reason needs at least ${needed()} characters.`));
      reason.focus();
      return;
    }
    attr(send, 'aria-busy', 'true');
    try {
      const body = { reason: reason.value.trim(), ...(alone.checked ? { breakGlass: true } : {}) };
      const answer = await post(route.path, body, { headers: { 'If-Match': `"${state.status.controls.epoch}"` } });
      dialog.close();
      if (answer.status === 202) {
        announce('Release asked for. Another admin has to approve it.');
        emit('refresh');
        $('#stops-h')?.focus();
      } else released(answer.data);
    } catch (problem) {
      const moved =
        problem.status === 412 ? 'The control state moved while this was open; look again and send it again. ' : '';
      put(error, problemNote(`${moved}Nothing was released.`, problem));
    } finally {
      attr(send, 'aria-busy', null);
    }
  });
  refresh();
  return dialog;
}
