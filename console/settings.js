// This session and this browser's preferences.

import { attr, h } from './dom.js';
import { live } from './ages.js';
import { makeDialog, openDialog } from './dialog.js';
import { roleWords, signOut } from './session.js';
import { state } from './store.js';
import { hasSingleKeys, keySheet, setSingleKeys } from './keys.js';

const themes = [
  ['system', 'As the system'],
  ['dark', 'Dark'],
  ['light', 'Light'],
];

export function openSettings() {
  const row = (name, ...value) => h('div', null, h('dt', null, name), h('dd', null, value));
  const { me, status } = state;
  const current = document.documentElement.dataset.theme ?? 'system';
  const keys = h('input', {
    type: 'checkbox',
    checked: hasSingleKeys(),
    onchange: (event) => setSingleKeys(event.target.checked),
  });
  const dialog = makeDialog(
    'settings',
    'Session and settings',
    '',
    [
      h(
        'dl',
        { class: 'labels' },
        row('Signed in as', me.subject),
        row('Role', roleWords()),
        row('Session ends', live(me.expiresAt, 'in')),
        row('Environment', me.environment),
        row('Replica', me.replica),
        status && row('Version', status.version),
        status && row('Up since', live(status.startedAt)),
      ),
      h(
        'fieldset',
        null,
        h('legend', null, 'Theme'),
        h(
          'div',
          { class: 'seg' },
          themes.map(([value, title]) =>
            h(
              'label',
              null,
              h('input', {
                type: 'radio',
                name: 'theme',
                value,
                checked: value === current,
                onchange: () => setTheme(value),
              }),
              h('b', null, title),
            ),
          ),
        ),
      ),
      h(
        'label',
        { class: 'check' },
        keys,
        h('span', null, h('b', null, 'Single-key shortcuts. '), 'Ctrl K and Escape work either way.'),
      ),
      h('details', { open: true }, h('summary', null, 'Keys'), keySheet()),
    ],
    [
      h('p', null, 'Kept in this browser'),
      h('button', { type: 'button', class: 'btn', onclick: signOut }, 'Sign out'),
      h('button', { type: 'button', class: 'btn', onclick: () => dialog.close() }, 'Close'),
    ],
  );
  dialog.addEventListener('close', () => dialog.remove());
  openDialog(dialog);
}

function setTheme(theme) {
  attr(document.documentElement, 'data-theme', theme === 'system' ? null : theme);
  try {
    if (theme === 'system') localStorage.removeItem('bw-theme');
    else localStorage.setItem('bw-theme', theme);
  } catch {
    // Storage is off: the choice lasts until the page is left.
  }
  dispatchEvent(new Event('bw-theme'));
}
