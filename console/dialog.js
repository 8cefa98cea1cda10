// What every dialog shares: open, close, give the focus back, say what went wrong.

import { $, h, glyph } from './dom.js';

/** Opens a `<dialog>`; focus returns to where it was when it closes. */
export function openDialog(dialog) {
  if (dialog.open) return;
  const before = document.activeElement;
  if (!dialog.isConnected) document.body.append(dialog);
  dialog.addEventListener(
    'close',
    () => {
      if (before?.isConnected && document.activeElement === document.body) before.focus();
    },
    { once: true },
  );
  dialog.showModal();
}

/** A dialog with a heading, a body and a foot. Clicking beside it closes it, as Escape does. */
export function makeDialog(id, title, lead, body, foot, className = '') {
  const heading = h('h2', { id: `${id}-h` }, title);
  const paragraph = h('p', null, lead);
  const dialog = h(
    'dialog',
    { id, class: className, 'aria-labelledby': `${id}-h` },
    h(
      'div',
      { class: 'dlg' },
      h('header', null, h('div', null, heading, paragraph)),
      h('div', { class: 'body' }, body),
      foot && h('footer', null, foot),
    ),
  );
  dialog.heading = heading;
  dialog.lead = paragraph;
  let isPressedBeside = false;
  dialog.addEventListener('pointerdown', (event) => {
    isPressedBeside = event.target === dialog;
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog && isPressedBeside) dialog.close();
  });
  return dialog;
}

/** A refusal in full: what was not done, why, the wrong fields, and the id to quote. */
export function problemNote(what, problem) {
  const fields = (problem?.fields ?? []).filter((field) => !problem.message.includes(field.problem));
  return h(
    'div',
    { class: 'note crit-note', role: 'alert' },
    glyph('crit'),
    h(
      'div',
      null,
      what && h('b', null, `${what} `),
      problem?.message,
      fields.length > 0 &&
        h(
          'ul',
          null,
          fields.map((field) => h('li', null, `${field.field} ${field.problem}`)),
        ),
      problem?.requestId && h('p', { class: 'muted' }, 'Request ', h('span', { class: 'mono' }, problem.requestId)),
    ),
  );
}

export function warnNote(...kids) {
  return h('div', { class: 'note' }, glyph('warn'), h('div', null, kids));
}

export function okNote(...kids) {
  return h('div', { class: 'note ok-note' }, glyph('ok'), h('div', null, kids));
}

/** A group of choices of which one is taken. Each is `{value, title, detail}`; the details can be refreshed. */
export function choices(legend, name, options, onChange) {
  const details = new Map();
  const labels = options.map((option) => {
    const detail = h('small', null, option.detail ?? '');
    details.set(option.value, detail);
    return h(
      'label',
      null,
      h('input', { type: 'radio', name, value: option.value, onchange: onChange }),
      h('b', null, option.title),
      detail,
    );
  });
  const set = h('fieldset', null, h('legend', null, legend), h('div', { class: 'seg' }, labels));
  return {
    element: set,
    details,
    get value() {
      return $('input:checked', set)?.value;
    },
    set value(wanted) {
      for (const input of set.querySelectorAll('input')) input.checked = input.value === wanted;
    },
    show(wanted) {
      for (const input of set.querySelectorAll('input')) input.parentElement.hidden = !wanted.includes(input.value);
    },
    focus() {
      ($('input:checked', set) ?? $('input', set)).focus();
    },
  };
}
