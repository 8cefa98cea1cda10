// Starts the console: sign in, first picture, live stream, sections, address, keys.

import { $, attr, h } from './dom.js';
import { startAges } from './ages.js';
import { mountAlerts } from './alerts.js';
import { get } from './api.js';
import { mountChanges } from './changes.js';
import { mountEstate } from './estate.js';
import { heard, startFreshness } from './fresh.js';
import { mountHeadline } from './headline.js';
import { openJump } from './jump.js';
import { startKeys } from './keys.js';
import { mountRequests } from './requests.js';
import { startRouting } from './route.js';
import { followOtherTabs, showApp, showRefused, showSignIn, signIn, takeLinkKey, whoAmI } from './session.js';
import { openSettings } from './settings.js';
import { mountSignals } from './signals.js';
import { mountStops } from './stops.js';
import { emit, heardServerTime, on, set, state } from './store.js';
import { Stream } from './stream.js';

const retryMilliseconds = 2_000;

let stream = null;

async function boot() {
  followOtherTabs();
  const key = takeLinkKey();
  try {
    const me = key === null ? await whoAmI() : await signIn({ key });
    if (me) await enter(me);
    else showSignIn(null, enter);
  } catch (problem) {
    if (problem.status === 403) showRefused(problem);
    else if (problem.isNoAnswer) waitForServer(problem);
    else showSignIn(Object.assign(problem, { isFirstVisit: true }), enter);
  }
}

/** Nothing can be shown without the server: wait until it is back. */
function waitForServer(problem) {
  showSignIn(Object.assign(problem, { isFirstVisit: true }), enter);
  const timer = setInterval(async () => {
    const isBack = await whoAmI().then(
      () => true,
      () => false,
    );
    if (!isBack) return;
    clearInterval(timer);
    location.reload();
  }, retryMilliseconds);
}

let isEntered = false;

async function enter(me) {
  if (isEntered) {
    location.reload(); // signed in again: start clean rather than mix two people's pictures
    return;
  }
  let first;
  try {
    first = await Promise.all(
      ['/admin/status', '/admin/tenants', '/admin/alerts', '/admin/requests?limit=100'].map((path) => get(path)),
    );
  } catch (problem) {
    if (problem.status === 403) return showRefused(problem);
    if (problem.status !== 401) throw problem;
    return;
  }
  isEntered = true;
  const [status, tenants, alerts, requests] = first;
  heardServerTime(status.at);
  state.status = status;
  showApp(me);
  mount();
  heard(status.at);
  set('status', status);
  set('tenants', tenants.items);
  set(
    'alerts',
    alerts.items.filter((alert) => alert.severity !== 'none'),
  );
  set('requests', requests.items);
  startRouting();
  stream = new Stream(deliver);
  stream.start();
}

function mount() {
  startAges();
  startFreshness(() => stream.reconnect());
  mountHeadline();
  mountStops();
  mountAlerts();
  mountSignals();
  mountRequests();
  mountEstate();
  mountChanges();
  startKeys();
  $('#session-button').addEventListener('click', openSettings);
  $('#jump-button').addEventListener('click', openJump);
  on('firingCount', (count) => badge('alerts', count, 'firing'));
  on('stopCount', (count) => badge('stops', count, 'in force or waiting'));
  on('refresh', refreshStatus);
  on('signedOut', (problem) => {
    stream?.stop();
    showSignIn(problem, enter);
  });
}

function deliver(topic, message) {
  heardServerTime(message.ts);
  heard(message.ts);
  switch (topic) {
    case 'status':
      set('status', message.data);
      break;
    case 'tenants':
    case 'alerts':
    case 'requests':
      set(topic, message.data.items);
      break;
    case 'controls':
      emit('controls', message.data);
      refreshStatus();
      break;
    default:
      break;
  }
}

/** After a command, and when someone else's is announced: the new state at once, not at the next second. */
async function refreshStatus() {
  const [status, tenants] = await Promise.all([get('/admin/status'), get('/admin/tenants')]).catch(() => []);
  if (!status) return;
  set('status', status);
  set('tenants', tenants.items);
}

function badge(name, count, what) {
  for (const element of document.querySelectorAll(`[data-count="${name}"]`)) {
    element.hidden = count === 0;
    attr(element, 'class', name === 'alerts' ? 'b hot' : 'b');
    element.replaceChildren(String(count), h('span', { class: 'sr' }, ` ${what}`));
  }
}

boot();
