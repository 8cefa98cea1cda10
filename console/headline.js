// The state bar: is trading running, since when, how much of it, and the one button.

import { $, attr, glyph, h, mark, put, setGlyph, setMark, text } from './dom.js';
import { announce } from './announce.js';
import { live, setLive } from './ages.js';
import { dataAge } from './fresh.js';
import { approve } from './approve.js';
import { isGlobal, pendingRelease } from './controls.js';
import { clock, count, duration, millis, number } from './format.js';
import { may, on, serverNow, state } from './store.js';
import { openHalt } from './halt.js';
import { openRelease } from './release.js';

const looks = {
  running: { glyph: 'ok', word: 'running' },
  reduced: { glyph: 'halt', word: 'reducing only' },
  halted: { glyph: 'halt', word: 'halted' },
  held: { glyph: 'warn', word: 'held' },
  stalled: { glyph: 'crit', word: 'stalled' },
};

const parts = {};
let announcedState = null;

export function mountHeadline() {
  parts.beacon = glyph('stale');
  parts.title = h('h1', { id: 'headline' }, 'Reading state');
  parts.activity = h('p');
  parts.context = h('p', { class: 'muted' });
  parts.gates = {};
  const gate = (id, name) => {
    const value = mark('stale', 'not known');
    const small = h('small');
    parts.gates[id] = { value, small };
    return h('div', { class: 'gate' }, h('dt', null, name), h('dd', null, value, small));
  };
  parts.act = h('div', { class: 'act' });
  put(
    $('#ops'),
    h(
      'div',
      { class: 'now' },
      h('span', { class: 'beacon' }, parts.beacon),
      h('div', null, parts.title, parts.activity, parts.context),
    ),
    h(
      'dl',
      { class: 'gates' },
      gate('halt', 'Global halt'),
      gate('tenants', 'Tenants'),
      gate('profiles', 'Profiles'),
      gate('positions', 'Positions'),
      gate('orders', 'Open orders'),
    ),
    parts.act,
  );
  on('status', render);
  on('isStale', render);
  setInterval(() => {
    if (state.isStale && !document.hidden) staleActivity();
  }, 1000);
}

function render() {
  const status = state.status;
  if (!status) return;
  const { trading } = status;
  const look = looks[trading.state] ?? { glyph: 'stale', word: trading.state };
  attr(document.body, 'data-trading', trading.state);
  setGlyph(parts.beacon, state.isStale ? 'stale' : look.glyph);
  text(parts.title, state.isStale ? `Last seen ${look.word}` : trading.headline);
  document.title =
    `${state.isStale ? '? ' : ''}${look.word[0].toUpperCase()}${look.word.slice(1)} · ` +
    `${status.environment} ${status.replica} · Breakwater`;
  if (state.isStale) staleActivity();
  else activity(trading);
  context(status);
  gates(status);
  act(trading.state);
  if (!state.isStale && announcedState !== trading.state) {
    if (announcedState !== null) announce(trading.headline, trading.state !== 'running');
    announcedState = trading.state;
  }
}

function staleActivity() {
  text(parts.activity, `State is ${duration(dataAge())} old. It may have changed.`);
}

function activity(trading) {
  const last = trading.lastOrderOutAt;
  const rate = Math.round(trading.ordersPerMinute);
  if (!last) return text(parts.activity, 'No order has left since the start.');
  if (parts.activity.querySelector('time')) {
    setLive(parts.activity.querySelector('time'), last);
  } else {
    put(parts.activity, 'Last order ', live(last), h('span'));
  }
  const stop = trading.state === 'halted' && state.status.controls.active.find(isGlobal);
  if (!stop) return text(parts.activity.lastElementChild, `, ${number(rate)} a minute`);
  const after = Date.parse(last) - Date.parse(stop.createdAt);
  // One that was at the gate when it closed may leave until it is sealed.
  const words = after <= 0 ? 'none since the stop' : after < 1_000 ? `${millis(after)} after the request` : 'after the stop';
  return text(parts.activity.lastElementChild, `, ${words}`);
}

/** The second line: why and until when while stopped, else how much trades. */
function context(status) {
  const stop = status.controls.active.find((control) => isGlobal(control));
  const waiting = stop && pendingRelease([stop]);
  const key = stop ? `${stop.id} ${waiting?.id ?? ''}` : status.trading.detail;
  if (parts.contextKey === key) return;
  parts.contextKey = key;
  if (!stop) put(parts.context, status.trading.detail);
  else if (waiting) {
    put(parts.context, `${waiting.requestedBy} asked to resume `, live(waiting.requestedAt), '; another admin decides');
  } else {
    put(
      parts.context,
      h('span', { class: 'why' }, `${stop.actor}: ${stop.reason}`),
      h('br'),
      Date.parse(stop.reviewBy) < serverNow() ? 'Review was due ' : 'Review due ',
      live(stop.reviewBy, 'in'),
    );
  }
}

function gates({ trading, controls, tenants, profiles, runtime }) {
  const global = controls.active.filter(isGlobal);
  const set = (id, kind, value, small, isTinted = false) => {
    setMark(parts.gates[id].value, kind, value, isTinted);
    text(parts.gates[id].small, small);
  };
  const strictest = global.some((control) => control.level === 'halted');
  if (trading.state === 'held') set('halt', 'warn', 'Held', 'state not known', true);
  else if (!global.length)
    set('halt', 'ok', 'Off', controls.active.length ? count(controls.active.length, 'other stop') : 'no stop in force');
  else set('halt', 'halt', strictest ? 'On' : 'Reduce only', `since ${clock(global[0].createdAt)}`, true);
  const part = (id, scope) =>
    set(id, scope.trading === scope.total ? 'ok' : 'halt', `${scope.trading} of ${scope.total}`, 'trading');
  part('tenants', tenants);
  part('profiles', profiles);
  if (runtime.withoutVenueStop)
    set('positions', 'warn', number(runtime.positions), `${runtime.withoutVenueStop} without stop`);
  else set('positions', 'ok', number(runtime.positions), 'all have a stop');
  if (!runtime.positions) set('positions', 'ok', '0', 'nothing exposed');
  if (runtime.inDoubt) set('orders', 'crit', number(runtime.openOrders), `${runtime.inDoubt} in doubt`, true);
  else set('orders', 'ok', number(runtime.openOrders), 'none in doubt');
}

function act(trading) {
  const stopped = trading === 'halted';
  const global = state.status.controls.active.filter(isGlobal);
  const waiting = pendingRelease(global);
  const key = `${stopped} ${global.length} ${waiting?.id} ${state.me.role}`;
  if (parts.actKey === key) return;
  const hadFocus = parts.act.contains(document.activeElement);
  parts.actKey = key;
  const halt = h(
    'button',
    { type: 'button', class: 'btn danger big', id: 'halt-button', onclick: () => openHalt() },
    'Halt trading',
    h('kbd', null, 'H'),
  );
  const resume = h(
    'button',
    {
      type: 'button',
      class: 'btn big',
      id: 'resume-button',
      onclick: () => openRelease({ kind: 'global', controls: global }),
    },
    'Request resume',
  );
  const more = h('button', { type: 'button', class: 'btn sm quiet', onclick: () => openHalt() }, 'Stop further');
  if (!may.stop()) {
    put(
      parts.act,
      h(
        'p',
        { class: 'readonly' },
        glyph('info'),
        h(
          'span',
          null,
          h('b', null, 'Read only. '),
          'Stopping needs the role operator or admin; ask whoever is on call.',
        ),
      ),
    );
  } else if (!global.length) put(parts.act, halt);
  else {
    put(
      parts.act,
      stopped ? null : halt,
      may.release() && (waiting ? review(waiting) : resume),
      !may.release() && h('p', { class: 'readonly' }, 'Starting again needs two admins.'),
      stopped && more,
    );
  }
  if (hadFocus) $('button, a', parts.act)?.focus();
}

/** What a waiting resume means to whoever looks: theirs to wait for, or to decide. */
function review(waiting) {
  if (waiting.requestedBy === state.me.subject)
    return h('a', { class: 'btn big', href: '#stops' }, 'Waits for another admin');
  return h(
    'button',
    { type: 'button', class: 'btn primary big', id: 'review-button', onclick: () => approve(waiting) },
    'Review release',
  );
}
