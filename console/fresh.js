// Age is a state: without a message for three seconds the page says so everywhere at once.

import { $, h, glyph, put, setGlyph, text } from './dom.js';
import { announce } from './announce.js';
import { clock, duration } from './format.js';
import { set, serverNow, state } from './store.js';

const staleMilliseconds = 3_000;
const tickMilliseconds = 250;

let lastAt = 0;
let lastServerTime = null;
let reconnect = () => {};

export function heard(iso) {
  lastAt = performance.now();
  lastServerTime = iso;
  check();
}

/** Age of what is shown, in milliseconds. */
export const dataAge = () => performance.now() - lastAt;

export function startFreshness(onReconnect) {
  lastAt = performance.now();
  reconnect = onReconnect;
  const words = h('span');
  words.id = 'stale-words';
  put(
    $('#stale'),
    h('div', null, glyph('stale'), words),
    h('button', { type: 'button', class: 'btn sm', onclick: () => reconnect() }, 'Reconnect now'),
  );
  put($('#conn'), glyph('ok'), h('span'));
  setInterval(check, tickMilliseconds);
  addEventListener('visibilitychange', check);
  check();
}

function check() {
  const conn = $('#conn');
  if (!conn.firstElementChild) return;
  const age = dataAge();
  const isStale = age > staleMilliseconds;
  setGlyph(conn.firstElementChild, isStale ? 'stale' : 'ok');
  const shown = lastServerTime ? `${duration(age)} old` : 'no data yet';
  text(conn.lastElementChild, `${isStale ? 'Not updating' : 'Up to date'}, ${shown}`);
  text($('#clock'), clock(new Date(serverNow()).toISOString()));
  if (isStale) {
    const since = lastServerTime ? `No data since ${clock(lastServerTime)} (${duration(age)}).` : 'No data yet.';
    put(
      $('#stale-words'),
      h('b', null, since),
      ' Values below are the last ones received. Stops are sent directly and do not need this connection.',
    );
  }
  if (isStale === state.isStale) return;
  document.body.classList.toggle('is-stale', isStale);
  $('#stale').hidden = !isStale;
  set('isStale', isStale);
  announce(isStale ? 'Data has stopped. Values shown are old.' : 'Data is live again.', isStale);
}
