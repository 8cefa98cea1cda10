// One tenant: effective state with every cause, its profiles, and the means to disable and enable.

import { glyph, h, keyed, mark, put, text } from './dom.js';
import { live } from './ages.js';
import { get } from './api.js';
import { problemNote } from './dialog.js';
import { tenantLook } from './estate.js';
import { controlTitle, controlsOf, pendingRelease, scopeTitle } from './controls.js';
import { money, number } from './format.js';
import { openHalt } from './halt.js';
import { profileRow, updateProfile } from './profiles.js';
import { openRelease } from './release.js';
import { may, on, state } from './store.js';

const pollMilliseconds = 2_000;

export function openTenant(view, tenant) {
  let timer = 0;
  let isClosed = false;
  text(view.title, tenant);
  if (!state.tenants.some((item) => item.tenant === tenant)) {
    put(view.body, problemNote('There is no such tenant here.'));
    return () => {};
  }
  const facts = h('dl', { class: 'facts' });
  const causes = h('ul', { class: 'rows' });
  const causesCard = h(
    'section',
    { class: 'card', 'aria-label': 'Why it does not trade', hidden: true },
    h('header', null, h('h3', null, 'Every cause')),
    causes,
  );
  const error = h('div', { class: 'problem-slot' });
  const body = h('tbody');
  const reading = h('p', { class: 'empty' }, 'Reading the profiles');
  const currency = h('th', { scope: 'col', class: 'num opt' }, 'Equity');
  put(
    view.body,
    error,
    h('section', { class: 'card', 'aria-label': 'The tenant now' }, facts),
    causesCard,
    h(
      'section',
      { class: 'card', 'aria-labelledby': 'profiles-h' },
      h('header', null, h('h3', { id: 'profiles-h' }, 'Profiles')),
      h(
        'div',
        { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Profiles' },
        h(
          'table',
          { class: 'roomy' },
          h(
            'thead',
            null,
            h(
              'tr',
              null,
              h('th', { scope: 'col' }, 'Profile'),
              h('th', { scope: 'col' }, 'State'),
              h('th', { scope: 'col', class: 'opt' }, 'Symbols'),
              h('th', { scope: 'col', class: 'num opt' }, 'Open orders'),
              h('th', { scope: 'col', class: 'num opt' }, 'Positions'),
              currency,
              h('th', { scope: 'col' }, h('span', { class: 'sr' }, 'Action')),
            ),
          ),
          body,
        ),
        reading,
      ),
    ),
  );

  const show = () => {
    const item = state.tenants.find((candidate) => candidate.tenant === tenant);
    if (!item) return;
    const look = tenantLook(item);
    const cell = (name, ...value) => h('div', null, h('dt', null, name), h('dd', null, value));
    const key = JSON.stringify([look, item.profilesTrading, item.openOrders, item.positions, item.notional]);
    if (facts.key !== key) {
      facts.key = key;
      put(
        facts,
        cell('State', mark(look.kind, look.word, look.isTinted)),
        cell('Profiles trading', `${item.profilesTrading} of ${item.profiles}`),
        cell('Open orders', number(item.openOrders)),
        cell('Positions', number(item.positions)),
        cell('Notional', money(item.notional), h('small', null, ` ${item.notional.currency}`)),
      );
    }
    causesCard.hidden = !item.causes.length;
    keyed(causes, item.causes, (control) => control.id, causeRow);
    actions(view.actions, item);
  };

  const poll = async () => {
    clearTimeout(timer);
    timer = setTimeout(poll, pollMilliseconds);
    if (document.hidden || state.isStale) return;
    try {
      const page = await get(`/admin/tenants/${encodeURIComponent(tenant)}/profiles`);
      if (isClosed) return;
      put(error);
      reading.remove();
      if (page.items.length) text(currency, `Equity, ${page.items[0].equity.currency}`);
      keyed(body, page.items, (item) => item.profile, profileRow, updateProfile);
    } catch (problem) {
      if (!isClosed && !problem.isNoAnswer) put(error, problemNote('The profiles could not be read.', problem));
    }
  };

  const stops = [on('tenants', show), on('status', show), on('refresh', poll)];
  show();
  poll();
  return () => {
    isClosed = true;
    clearTimeout(timer);
    for (const stop of stops) stop();
  };
}

const causeRow = (control) =>
  h(
    'li',
    null,
    h(
      'div',
      { class: 'line' },
      mark('halt', controlTitle(control), true),
      h('span', { class: 'nm' }, scopeTitle(control), h('span', { class: 'sc' }, control.reason)),
      h(
        'span',
        { class: 'two by' },
        `by ${control.actor}, `,
        live(control.createdAt),
        h('span', { class: 'sc' }, 'review ', live(control.reviewBy, 'in')),
      ),
      h(
        'div',
        { class: 'do' },
        h('a', { class: 'btn sm', href: `#request/${encodeURIComponent(control.requestId)}` }, 'Timeline'),
      ),
    ),
  );

function actions(box, item) {
  const controls = controlsOf(item.tenant);
  const waits = pendingRelease(controls) !== undefined;
  const key = `${controls.length} ${waits} ${state.me.role}`;
  if (box.key === key) return;
  const hadFocus = box.contains(document.activeElement);
  box.key = key;
  if (!may.stop())
    put(box, h('p', { class: 'readonly' }, glyph('info'), 'Read only: disabling needs the role operator or admin.'));
  else if (waits) put(box, h('a', { class: 'btn', href: '#stops' }, 'Enabling waits for another admin'));
  else if (controls.length) {
    put(
      box,
      may.release()
        ? h(
            'button',
            {
              type: 'button',
              class: 'btn',
              id: 'tenant-enable',
              onclick: () => openRelease({ kind: 'tenant', tenant: item.tenant, controls: controlsOf(item.tenant) }),
            },
            'Ask to enable',
          )
        : h('span', { class: 'two' }, 'An admin can ask to enable it.'),
    );
  } else
    put(
      box,
      h(
        'button',
        {
          type: 'button',
          class: 'btn danger',
          id: 'tenant-disable',
          onclick: () => openHalt({ kind: 'disable', scope: 'tenant', tenant: item.tenant }),
        },
        'Disable tenant',
      ),
    );
  if (hadFocus) box.querySelector('button, a')?.focus();
}
