// Ctrl K: paste a request id, or name a tenant, an alert, a command.

import { attr, h, icon, put, text } from './dom.js';
import { openDialog } from './dialog.js';
import { openHalt } from './halt.js';
import { openSettings } from './settings.js';
import { goTo } from './route.js';
import { signOut } from './session.js';
import { may, state } from './store.js';
import { togglePause } from './signals.js';

const requestId = /^[A-Za-z0-9._-]{8,128}$/;
const shownMax = 9;

export function openJump() {
  const input = h('input', {
    type: 'text',
    class: 'jump-field',
    role: 'combobox',
    'aria-label': 'Request ID, tenant, alert or command',
    'aria-expanded': 'true',
    'aria-controls': 'jump-list',
    'aria-autocomplete': 'list',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    placeholder: 'Request ID, tenant, alert, command',
  });
  const list = h('ul', { id: 'jump-list', role: 'listbox', 'aria-label': 'Where to' });
  const help = h('p', { class: 'muted pad' });
  const dialog = h(
    'dialog',
    { id: 'jump', class: 'palette', 'aria-label': 'Go to' },
    h('div', { class: 'jump-top' }, icon('find'), input),
    list,
    help,
  );
  let options = [];
  let chosen = 0;

  const show = () => {
    options = find(input.value.trim()).slice(0, shownMax);
    chosen = Math.min(chosen, Math.max(0, options.length - 1));
    put(
      list,
      options.map((option, index) =>
        h(
          'li',
          {
            id: `jump-${index}`,
            role: 'option',
            'aria-selected': String(index === chosen),
            onclick: () => take(index),
          },
          h('b', null, option.title),
          h('span', { class: 'muted' }, option.detail),
        ),
      ),
    );
    attr(input, 'aria-activedescendant', options.length ? `jump-${chosen}` : null);
    text(
      help,
      options.length
        ? 'Arrow keys choose, Enter opens, Escape closes.'
        : 'Nothing has that name. A request id has 8 to 128 letters, digits, dots, dashes or underscores.',
    );
  };
  const take = (index) => {
    const option = options[index];
    if (!option) return;
    dialog.close();
    option.run();
  };
  input.addEventListener('input', () => {
    chosen = 0;
    show();
  });
  input.addEventListener('keydown', (event) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move && options.length) {
      event.preventDefault();
      chosen = (chosen + move + options.length) % options.length;
      show();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      take(chosen);
    }
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener('close', () => dialog.remove());
  show();
  openDialog(dialog);
  input.focus();
}

function find(words) {
  const wanted = words.toLowerCase();
  const matches = (option) => !wanted || `${option.title} ${option.detail}`.toLowerCase().includes(wanted);
  const go = (title, detail, hash) => ({ title, detail, run: () => goTo(hash) });
  const commands = [
    may.stop() && { title: 'Halt trading', detail: 'opens the stop, H', run: () => openHalt() },
    go('Stops and approvals', 'what is stopped, what waits', 'stops'),
    go('Alerts', 'what is wrong', 'alerts'),
    go('Signals', 'charts', 'signals'),
    go('Recent requests', 'newest first', 'requests'),
    { title: state.isPaused ? 'Resume updates' : 'Pause updates', detail: 'charts and requests, P', run: togglePause },
    { title: 'Session and settings', detail: 'theme, keys, version', run: openSettings },
    { title: 'Sign out', detail: state.me.subject, run: signOut },
  ].filter(Boolean);
  const tenants = (state.tenants ?? []).map((item) =>
    go(`Tenant ${item.tenant}`, item.state, `tenant/${encodeURIComponent(item.tenant)}`),
  );
  const alerts = (state.alerts ?? []).map((item) =>
    go(item.summary, `${item.severity} alert ${item.name}`, `alert/${item.fingerprint}`),
  );
  const found = [...(wanted ? [...alerts, ...tenants, ...commands] : [...alerts, ...commands])].filter(matches);
  const request =
    requestId.test(words) && go(`Request ${words}`, 'its timeline', `request/${encodeURIComponent(words)}`);
  // An id has digits and is long; a name that happens to fit the pattern comes after what it names.
  if (request && (/\d/.test(words) || !found.length)) found.unshift(request);
  return found;
}
