// Keyboard shortcuts. Single keys can be turned off (WCAG 2.1.4) and never fire while something is being typed.

import { $, h } from './dom.js';
import { openHalt } from './halt.js';
import { openJump } from './jump.js';
import { goTo } from './route.js';
import { openSettings } from './settings.js';
import { togglePause } from './signals.js';

const storageName = 'bw-single-keys';
const sequenceMilliseconds = 1_200;
const places = { o: 'ops', s: 'stops', a: 'alerts', i: 'signals', r: 'requests', t: 'tenants', c: 'changes' };
const sheet = [
  ['Ctrl K, /', 'find a request, tenant, alert or command'],
  ['H', 'halt trading'],
  ['J, K', 'next and previous row'],
  ['P', 'pause charts and requests'],
  ['G then O S A I R T C', 'overview, stops, alerts, signals, requests, tenants, changes'],
  ['Ctrl Enter', 'confirm a stop'],
  ['Escape', 'close, back to the overview'],
  ['?', 'session, settings and these keys'],
];

let sequenceAt = -Infinity;

export function hasSingleKeys() {
  try {
    return localStorage.getItem(storageName) !== 'off';
  } catch {
    return true;
  }
}

export function setSingleKeys(isOn) {
  try {
    localStorage.setItem(storageName, isOn ? 'on' : 'off');
  } catch {
    // Storage is off: the keys stay on.
  }
}

export const keySheet = () =>
  h(
    'dl',
    { class: 'keys' },
    sheet.map(([keys, what]) => h('div', null, h('dt', null, h('kbd', null, keys)), h('dd', null, what))),
  );

export function startKeys() {
  addEventListener('keydown', (event) => {
    if ($('#app').hidden || $('dialog[open]')) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      openJump();
      return;
    }
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      event.isComposing ||
      isTyping(event.target) ||
      !hasSingleKeys()
    )
      return;
    if (single(event.key)) event.preventDefault();
  });
}

const isTyping = (target) => target.closest?.('input, textarea, select, [contenteditable]') !== null;

function single(key) {
  const isSecond = performance.now() - sequenceAt < sequenceMilliseconds;
  sequenceAt = -Infinity;
  const place = isSecond && places[key.toLowerCase()];
  if (place) {
    goTo(place);
    return true;
  }
  switch (key.toLowerCase()) {
    case 'h':
      openHalt();
      return true;
    case '/':
      openJump();
      return true;
    case '?':
      openSettings();
      return true;
    case 'p':
      togglePause();
      return true;
    case 'g':
      sequenceAt = performance.now();
      return true;
    case 'j':
      return step(1);
    case 'k':
      return step(-1);
    default:
      return false;
  }
}

/** Moves between the rows of the list that has focus; alerts when none has. */
function step(by) {
  const list = document.activeElement.closest?.('[data-rows]') ?? $('#alerts [data-rows]');
  const links = [...list.querySelectorAll('a.title')];
  if (!links.length) return false;
  const at = links.findIndex((link) => link.closest('li, tr').contains(document.activeElement));
  links[at < 0 ? 0 : Math.max(0, Math.min(links.length - 1, at + by))].focus();
  return true;
}
