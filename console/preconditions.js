// What both dialogs of a release show: what would be lifted, and how things stand now.

import { $, glyph, h, setGlyph, text } from './dom.js';
import { announce } from './announce.js';
import { live } from './ages.js';
import { levelName, scopeName } from './controls.js';
import { count } from './format.js';
import { emit, on, state } from './store.js';

export const lifted = (control) =>
  h(
    'li',
    null,
    glyph('halt'),
    h(
      'span',
      null,
      h('b', null, scopeName(control.scope)),
      `, ${levelName(control.level)}: ${control.reason}`,
      h('span', { class: 'sc' }, `${control.actor}, `, live(control.createdAt)),
    ),
  );

/** What the server checks too, from the live state, so that nobody asks in vain. */
export function preconditions() {
  const list = h('ul', { class: 'checks' });
  const render = () => {
    const { runtime, alerts, dependencies } = state.status;
    const lines = [
      [
        runtime.inDoubt ? 'crit' : 'ok',
        runtime.inDoubt ? `${count(runtime.inDoubt, 'order')} in doubt: settle first` : 'No order in doubt',
      ],
      [
        alerts.firing ? 'warn' : 'ok',
        alerts.firing ? `${count(alerts.firing, 'alert')} still firing` : 'No alert is firing',
      ],
      ...dependencies
        .filter(({ name }) => ['Market data', 'Reconciliation', 'Trading loop'].includes(name))
        .map(({ name, state: condition, detail }) => [condition === 'ok' ? 'ok' : 'warn', `${name}: ${detail}`]),
    ];
    while (list.children.length < lines.length) list.append(h('li', null, glyph('ok'), h('span')));
    lines.forEach(([kind, words], index) => {
      setGlyph(list.children[index].firstElementChild, kind);
      text(list.children[index].lastElementChild, words);
    });
  };
  render();
  return { element: list, stop: on('status', render) };
}

/** A release took effect: its receipt, the new state, and the words for it. */
export function released(receipt) {
  emit('receipt', receipt);
  emit('refresh');
  announce(`Released ${scopeName(receipt.scope)}. Trading of that scope has started again.`, true);
  $('#stops-h')?.focus();
}
