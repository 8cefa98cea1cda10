// Stopping: two interactions, nothing to type, nothing that can stand in its way. The count of what it reaches is
// asked for meanwhile; if that fails, the stop is sent all the same.

import { attr, commandLine, h, put, text } from './dom.js';
import { announce } from './announce.js';
import { get, post, uniqueName } from './api.js';
import { Blast, planEveryMilliseconds } from './blast.js';
import { choices, makeDialog, openDialog, problemNote, warnNote } from './dialog.js';
import { scopeName } from './controls.js';
import { shellQuoted } from './format.js';
import { emit, may, state } from './store.js';
import { Reason } from './reason.js';
import { ScopePicker } from './scope.js';

const sendTimeoutMilliseconds = 15_000;
/** After this long without an answer the button offers to send again; the key makes that the same stop. */
const retryAfterMilliseconds = 3_000;

let dialog = null;

/** `preset`: `{scope, tenant, profile, venue, kind, reason}`, all optional. */
export function openHalt(preset = {}) {
  if (!may.stop() || dialog?.open) return;
  dialog = haltDialog(preset);
  openDialog(dialog);
}

const isDisable = (preset) => preset.kind === 'disable';

function haltDialog(preset) {
  const scope = new ScopePicker(preset, changed);
  const reason = new Reason(preset.reason, changed);
  const level = choices(
    'How far to go',
    'level',
    [
      { value: 'halted', title: 'Halt', detail: 'nothing more is sent' },
      { value: 'reduceOnly', title: 'Reduce only', detail: 'orders that shrink a position pass' },
    ],
    changed,
  );
  const cancel = choices(
    'Orders already working',
    'cancel',
    [
      { value: 'entries', title: 'Cancel entries', detail: 'protective stops stay' },
      { value: 'all', title: 'Cancel all', detail: 'protective stops too' },
      { value: 'none', title: 'Keep all', detail: 'they may still fill' },
    ],
    changed,
  );
  level.value = 'halted';
  cancel.value = 'entries';
  const blast = new Blast(cancel);
  const error = h('div', { class: 'problem-slot' });
  const command = commandLine(() => commandWords());
  const send = h('button', { type: 'button', class: 'btn danger' }, h('span'), h('kbd', null, 'Ctrl Enter'));
  const title = isDisable(preset)
    ? `Disable ${preset.profile ? `profile ${preset.tenant}/${preset.profile}` : `tenant ${preset.tenant}`}`
    : `Halt trading on ${state.me.environment} ${state.me.replica}`;
  const lead = isDisable(preset)
    ? 'Stops its orders and refuses its trading requests at once. Reading keeps working. Enabling needs a second admin.'
    : 'Takes effect as soon as you confirm. Starting again needs a second person.';
  const box = makeDialog(
    'halt',
    title,
    lead,
    [
      scope.element,
      !isDisable(preset) && [level.element, cancel.element],
      blast.element,
      reason.element,
      command,
      error,
    ],
    [
      h('p', null, `Recorded as ${state.me.subject}`),
      h('button', { type: 'button', class: 'btn', onclick: () => box.close() }, 'Cancel'),
      send,
    ],
  );
  const keys = new Map();
  const timer = setInterval(count, planEveryMilliseconds);

  function request() {
    const chosen = { ...scope.value, reason: reason.value };
    return isDisable(preset) ? chosen : { ...chosen, level: level.value, cancel: cancel.value };
  }

  function commandWords() {
    const named = request();
    const words = isDisable(preset)
      ? [`breakwater ${named.scope} disable ${[named.tenant, named.profile].filter(Boolean).join('/')}`]
      : ['breakwater halt', scope.option];
    if (!isDisable(preset) && named.level !== 'halted') words.push('--level reduce-only');
    if (!isDisable(preset) && named.cancel !== 'entries') words.push(`--cancel ${named.cancel}`);
    return `${words.join(' ')} --reason ${shellQuoted(reason.value)}`;
  }

  function changed() {
    command.refresh();
    text(
      send.firstElementChild,
      isDisable(preset) ? 'Disable' : `${level.value === 'halted' ? 'Halt' : 'Reduce'} ${scope.words}`,
    );
    count();
  }

  function count() {
    if (scope.isNamed) blast.count(request());
  }

  async function stop() {
    if (send.getAttribute('aria-busy') === 'true') return;
    const { scope: name, tenant, profile, ...rest } = request();
    const path = isDisable(preset) ? scope.disablePath : '/admin/controls';
    const body = isDisable(preset) ? { reason: rest.reason } : { scope: name, tenant, profile, ...rest };
    const digest = JSON.stringify(body);
    if (!keys.has(digest)) keys.set(digest, uniqueName());
    attr(send, 'aria-busy', 'true');
    const waiting = setTimeout(() => {
      attr(send, 'aria-busy', null);
      put(
        error,
        warnNote(
          h('b', null, 'Sent, no answer yet. '),
          'Sending again is safe: it joins this stop. ' +
            'The command above works on the ops listener, which runs on its own.',
        ),
      );
    }, retryAfterMilliseconds);
    try {
      const { data } = await post(path, body, {
        headers: { 'Idempotency-Key': keys.get(digest) },
        timeout: sendTimeoutMilliseconds,
      });
      box.close();
      emit('receipt', data);
      emit('refresh');
      announce(
        `Stopped ${scopeName(data.scope)}. Sealed by ${data.replicas.length} of ${data.replicas.length} in ${data.elapsedMs} milliseconds.`,
        true,
      );
    } catch (problem) {
      put(
        error,
        problemNote(
          problem.isNoAnswer ? 'It is not known whether this stop took effect. Send it again.' : 'Nothing was stopped.',
          problem,
        ),
      );
      error.scrollIntoView({ block: 'nearest' });
    } finally {
      clearTimeout(waiting);
      attr(send, 'aria-busy', null);
    }
  }

  send.addEventListener('click', stop);
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      stop();
    }
  });
  box.addEventListener('close', () => {
    clearInterval(timer);
    box.remove();
  });
  scope.load(get);
  changed();
  return box;
}
