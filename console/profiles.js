// A tenant's profiles as rows, each with the means to disable and to ask for enabling.

import { attr, h, mark, put, setMark, text } from './dom.js';
import { controlsOf, pendingRelease } from './controls.js';
import { tenantLook } from './estate.js';
import { count, money, number } from './format.js';
import { openHalt } from './halt.js';
import { openRelease } from './release.js';
import { may, state } from './store.js';

export function profileRow(item) {
  const look = mark('ok', '');
  const orders = h('td', { class: 'num opt' });
  const positions = h('td', { class: 'num opt' });
  const narrow = h('span', { class: 'sc narrow' });
  const equity = h('td', { class: 'num opt' });
  const action = h('td', { class: 'num' });
  const row = h(
    'tr',
    null,
    h('td', null, h('b', null, item.profile), h('span', { class: 'sc' }, item.user)),
    h('td', null, look, narrow),
    h('td', { class: 'two opt' }, item.symbols.join(' ')),
    orders,
    positions,
    equity,
    action,
  );
  row.parts = { look, narrow, orders, positions, equity, action };
  return row;
}

export function updateProfile(row, item) {
  const part = row.parts;
  const look = tenantLook(item);
  setMark(part.look, look.kind, look.word, look.isTinted);
  text(part.orders, number(item.openOrders));
  text(part.positions, number(item.positions));
  text(
    part.narrow,
    `${count(item.openOrders, 'order')}, ${count(item.positions, 'position')}, ${item.equity.currency} ${money(item.equity)}`,
  );
  text(part.equity, money(item.equity));
  attr(part.equity, 'title', `${item.equity.currency}; cash ${money(item.cash)}, capital ${money(item.capital)}`);
  const controls = controlsOf(item.tenant, item.profile);
  const waits = pendingRelease(controls) !== undefined;
  const key = `${controls.length} ${waits} ${state.me.role}`;
  if (row.actionKey === key) return;
  row.actionKey = key;
  const name = { tenant: item.tenant, profile: item.profile };
  if (waits) put(part.action, h('span', { class: 'two' }, 'waits for approval'));
  else if (controls.length && may.release())
    put(
      part.action,
      h(
        'button',
        {
          type: 'button',
          class: 'btn sm',
          'aria-label': `Ask to enable ${item.profile}`,
          onclick: () => openRelease({ kind: 'profile', ...name, controls: controlsOf(item.tenant, item.profile) }),
        },
        'Ask to enable',
      ),
    );
  else if (!controls.length && may.stop())
    put(
      part.action,
      h(
        'button',
        {
          type: 'button',
          class: 'btn sm',
          'aria-label': `Disable ${item.profile}`,
          onclick: () => openHalt({ kind: 'disable', scope: 'profile', ...name }),
        },
        'Disable',
      ),
    );
  else put(part.action);
}
