// Silencing alerts: conditions taken from an alert's labels, what they would mute now, a reason, an end.

import { attr, commandLine, h, put } from './dom.js';
import { announce } from './announce.js';
import { post, uniqueName } from './api.js';
import { choices, makeDialog, openDialog, problemNote } from './dialog.js';
import { SilenceConditions } from './silence-conditions.js';
import { silencePreview } from './silence-preview.js';
import { emit } from './store.js';

const lengths = [
  { value: '30m', title: '30 min', detail: 'a look at it' },
  { value: '2h', title: '2 hours', detail: 'a repair' },
  { value: '8h', title: '8 hours', detail: 'a shift' },
  { value: '7d', title: '7 days', detail: 'known, planned' },
];
const reasonMin = 10;
const previewDelay = 200;

const shellQuoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

/** Opens the dialog. With an alert its labels are the conditions to choose from; without one they are typed. */
export function openSilence(alert) {
  const conditions = new SilenceConditions(alert, () => changed());
  const length = choices('Ends after', 'silence-length', lengths, () => changed());
  length.value = '2h';
  const withAlert = h('input', { type: 'checkbox', id: 'silence-with-alert', onchange: () => changed() });
  const reason = h('input', {
    class: 'field',
    id: 'silence-reason',
    maxlength: 500,
    placeholder: 'Why nobody needs to hear of it, in 10 characters or more',
    autocomplete: 'off',
    oninput: () => changed(),
  });
  const preview = h('div', { 'aria-live': 'polite' });
  const error = h('div', { class: 'problem-slot' });
  const command = commandLine(commandText);
  const confirm = h('button', { type: 'button', class: 'btn primary', onclick: make }, 'Silence');
  const cancel = h('button', { type: 'button', class: 'btn', onclick: () => dialog.close() }, 'Cancel');
  const dialog = makeDialog(
    'silence',
    alert ? 'Silence this alert' : 'Silence alerts',
    'Mutes messages only: rules, history and automatic controls go on.',
    [
      conditions.element,
      preview,
      length.element,
      h(
        'label',
        { class: 'check', for: 'silence-with-alert' },
        withAlert,
        h('span', null, 'End it earlier, when no such alert is active any more'),
      ),
      h('div', null, h('label', { class: 'lbl', for: 'silence-reason' }, 'Reason'), reason),
      command,
      error,
    ],
    [h('p', null, 'It can be ended at any time.'), cancel, confirm],
  );
  const key = uniqueName();
  let timer = 0;
  let asked = 0;

  function commandText() {
    const words = conditions.value.map(shellQuoted).join(' ');
    const flag = withAlert.checked ? ' --ends-with-alert' : '';
    return `breakwater alerts silence add ${words} --for ${length.value}${flag} --reason ${shellQuoted(reason.value.trim())}`;
  }

  function changed() {
    command.refresh();
    confirm.disabled = !conditions.value.length || reason.value.trim().length < reasonMin;
    clearTimeout(timer);
    timer = setTimeout(show, previewDelay);
  }

  async function show() {
    const mine = ++asked;
    const matchers = conditions.value;
    if (!matchers.length) return put(preview, h('p', { class: 'two' }, 'Name what the alerts have in common.'));
    try {
      const { data } = await post('/admin/silences/preview', { matchers });
      if (mine === asked) put(preview, silencePreview(data));
    } catch (problem) {
      if (mine === asked) put(preview, problemNote('', problem));
    }
  }

  async function make() {
    attr(confirm, 'aria-busy', 'true');
    const body = {
      matchers: conditions.value,
      duration: length.value,
      reason: reason.value.trim(),
      endsWithAlert: withAlert.checked,
    };
    try {
      const { data } = await post('/admin/silences', body, { headers: { 'Idempotency-Key': key } });
      dialog.close();
      announce(`Silenced until ${data.endsAt}.`);
      emit('refresh');
    } catch (problem) {
      put(error, problemNote('Nothing is silenced.', problem));
    } finally {
      attr(confirm, 'aria-busy', null);
    }
  }

  dialog.addEventListener('close', () => dialog.remove());
  changed();
  openDialog(dialog);
  (alert ? reason : conditions).focus();
}
