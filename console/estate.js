// Tenants, those that need attention first, and what the product leans on.

import { $, attr, h, keyed, mark, put, setMark, text } from './dom.js';
import { count, duration, money, number } from './format.js';
import { on, state } from './store.js';

const shownMax = 5;
const resortMilliseconds = 10_000;

const parts = {};
let isAll = false;
let order = [];
let sortedAt = -Infinity;

export const tenantLook = ({ state: word, profiles, profilesTrading }) => {
  if (word === 'disabled') return { kind: 'halt', word: 'Disabled', isTinted: true };
  if (word === 'halted') return { kind: 'halt', word: 'Halted', isTinted: true };
  if (word === 'reduced') return { kind: 'halt', word: 'Reduce only', isTinted: true };
  const off = (profiles ?? 0) - (profilesTrading ?? 0);
  return off > 0 ? { kind: 'halt', word: `${count(off, 'profile')} off` } : { kind: 'ok', word: 'Trading' };
};

const needsAttention = (item) => tenantLook(item).kind !== 'ok';

export function mountEstate() {
  parts.title = h('h2', { id: 'tenants-h' }, 'Tenants');
  parts.all = h('button', { type: 'button', class: 'more linkish', 'aria-expanded': 'false', onclick: toggle });
  parts.notional = h('th', { scope: 'col', class: 'num' }, 'Notional');
  parts.body = h('tbody', { 'data-rows': true });
  put(
    $('#tenants'),
    h('header', null, parts.title, parts.all),
    h(
      'table',
      null,
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          h('th', { scope: 'col' }, 'Tenant'),
          h('th', { scope: 'col' }, 'State'),
          h('th', { scope: 'col', class: 'num' }, 'Open orders'),
          parts.notional,
        ),
      ),
      parts.body,
    ),
  );
  parts.dependencies = h('tbody');
  parts.checked = h('span', { class: 'more muted' });
  put(
    $('#dependencies'),
    h('header', null, h('h2', { id: 'dependencies-h' }, 'Dependencies'), parts.checked),
    h(
      'table',
      null,
      h(
        'thead',
        { class: 'sr' },
        h(
          'tr',
          null,
          h('th', { scope: 'col' }, 'Name'),
          h('th', { scope: 'col' }, 'State'),
          h('th', { scope: 'col' }, 'Age'),
        ),
      ),
      parts.dependencies,
    ),
  );
  on('tenants', renderTenants);
  on('status', renderDependencies);
  // Rows keep their place while the pointer is over them.
  parts.body.addEventListener('pointerleave', () => {
    sortedAt = -Infinity;
  });
}

function toggle() {
  isAll = !isAll;
  sortedAt = -Infinity;
  attr(parts.all, 'aria-expanded', String(isAll));
  renderTenants(state.tenants ?? []);
}

function renderTenants(items) {
  const attention = items.filter(needsAttention);
  text(
    parts.title,
    attention.length === 0
      ? `All ${count(items.length, 'tenant')} trade`
      : attention.length === items.length
        ? 'No tenant trades freely'
        : `${count(attention.length, 'tenant needs', 'tenants need')} attention`,
  );
  if (items.length) text(parts.notional, `Notional, ${items[0].notional.currency}`);
  parts.all.hidden = items.length <= shownMax;
  text(parts.all, isAll ? 'Fewer' : `All ${items.length}`);
  const isDue = performance.now() - sortedAt > resortMilliseconds && !parts.body.matches(':hover');
  const signature = attention.map((item) => item.tenant).join();
  if (isDue || signature !== parts.signature || order.length === 0) {
    sortedAt = performance.now();
    parts.signature = signature;
    const byNotional = [...items].sort(
      (a, b) =>
        needsAttention(b) - needsAttention(a) ||
        b.notional.amount - a.notional.amount ||
        a.tenant.localeCompare(b.tenant),
    );
    order = (isAll ? [...items].sort((a, b) => a.tenant.localeCompare(b.tenant)) : byNotional.slice(0, shownMax)).map(
      (item) => item.tenant,
    );
  }
  const byName = new Map(items.map((item) => [item.tenant, item]));
  keyed(
    parts.body,
    order.map((name) => byName.get(name)).filter(Boolean),
    (item) => item.tenant,
    tenantRow,
    updateTenant,
  );
}

function tenantRow(item) {
  const state = mark('ok', '');
  const orders = h('td', { class: 'num' });
  const notional = h('td', { class: 'num' });
  const row = h(
    'tr',
    null,
    h('td', null, h('a', { class: 'title', href: `#tenant/${encodeURIComponent(item.tenant)}` }, item.tenant)),
    h('td', null, state),
    orders,
    notional,
  );
  row.parts = { state, orders, notional };
  return row;
}

function updateTenant(row, item) {
  const look = tenantLook(item);
  setMark(row.parts.state, look.kind, look.word, look.isTinted);
  text(row.parts.orders, number(item.openOrders));
  text(row.parts.notional, money({ amount: item.notional.amount.split('.')[0] }));
  attr(
    row.parts.notional,
    'title',
    `${item.notional.currency} ${money(item.notional)}, ${count(item.positions, 'position')}`,
  );
}

const conditions = { ok: 'ok', degraded: 'warn', down: 'crit' };

function renderDependencies(status) {
  keyed(
    parts.dependencies,
    status.dependencies,
    (item) => item.name,
    (item) => {
      const condition = mark('ok', '');
      const age = h('td', { class: 'num two' });
      const row = h('tr', null, h('td', null, item.name), h('td', null, condition), age);
      row.parts = { condition, age };
      return row;
    },
    (row, item) => {
      const kind = conditions[item.state] ?? 'stale';
      const isUnused = item.name === 'Alert evaluator' && status.alerts.rules === 0;
      const detail = isUnused ? 'no rules' : item.detail;
      setMark(
        row.parts.condition,
        isUnused ? 'info' : kind,
        detail[0].toUpperCase() + detail.slice(1),
        kind !== 'ok' && !isUnused,
      );
      text(row.parts.age, item.ageMs === undefined ? 'never' : `${duration(item.ageMs)} ago`);
    },
  );
  const worst = parts.dependencies.querySelectorAll('.g:not(.ok, .info)').length;
  text(parts.checked, worst ? `${worst} of ${status.dependencies.length} not well` : 'all well');
}
