// The newest requests through the gateway; each leads to its timeline.

import { $, attr, h, keyed, mark, put, setMark, text } from './dom.js';
import { get } from './api.js';
import { problemNote } from './dialog.js';
import { clock, millis } from './format.js';
import { on, state } from './store.js';

const shownMax = 12;
/** What open consoles read to stay live: on record, but not what anyone looks for here. */
const consoleReads = /^\/(admin|prometheus|stream|console)\b|^\/$|^\/[\w-]+\.(js|css|svg|webmanifest)$/;
const isTraffic = ({ method, path }) => (method === 'GET' ? !consoleReads.test(path) : path !== '/admin/controls/plan');
const pollMilliseconds = 4_000;
const filters = [
  { label: 'Traffic', items: () => traffic },
  { label: 'All', items: () => state.requests },
  { label: '4xx', query: '4xx' },
  { label: '5xx', query: '5xx' },
];

const parts = {};
let filter = filters[0];
/** The newest of it so far: a message holds the last twenty of everything, and consoles read much. */
let traffic = [];
let timer = 0;

/** How a status reads: who has to act. */
export const statusLook = (status) => (status >= 500 ? 'crit' : status >= 400 ? 'warn' : 'ok');

export function mountRequests() {
  parts.filter = h(
    'div',
    { class: 'range', role: 'group', 'aria-label': 'Status' },
    filters.map((item) =>
      h('button', { type: 'button', 'aria-pressed': String(item === filter), onclick: () => choose(item) }, item.label),
    ),
  );
  parts.body = h('tbody', { 'data-rows': true });
  parts.empty = h('p', { class: 'empty' });
  parts.held = h('span', { class: 'muted' });
  put(
    $('#requests'),
    h('header', { class: 'bar-h' }, h('h2', { id: 'requests-h' }, 'Recent requests'), parts.held, parts.filter),
    h(
      'table',
      { class: 'requests' },
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          h('th', { scope: 'col' }, 'Time, UTC'),
          h('th', { scope: 'col' }, 'Answer'),
          h('th', { scope: 'col' }, 'Request'),
          h('th', { scope: 'col', class: 'opt' }, 'Tenant'),
          h('th', { scope: 'col', class: 'opt' }, 'Who'),
          h('th', { scope: 'col', class: 'num' }, 'Took'),
        ),
      ),
      parts.body,
    ),
    parts.empty,
  );
  on('requests', (items) => {
    const known = new Set(traffic.map((item) => item.requestId));
    traffic = [...items.filter((item) => isTraffic(item) && !known.has(item.requestId)), ...traffic]
      .sort((a, b) => b.at.localeCompare(a.at))
      .slice(0, shownMax);
    if (!filter.query) render(filter.items());
  });
  for (const event of ['pointerleave', 'focusout'])
    parts.body.addEventListener(event, () =>
      setTimeout(() => {
        if (!filter.query) render(filter.items());
      }, 0),
    );
}

function choose(wanted) {
  filter = wanted;
  for (const button of parts.filter.children) attr(button, 'aria-pressed', String(button.textContent === wanted.label));
  clearTimeout(timer);
  if (wanted.query) poll();
  else render(filter.items(), true);
}

async function poll() {
  const asked = filter;
  if (!asked.query) return;
  timer = setTimeout(poll, pollMilliseconds);
  if (document.hidden || state.isPaused) return;
  try {
    const page = await get(`/admin/requests?status=${asked.query}&limit=${shownMax}`);
    if (asked === filter) render(page.items, true);
  } catch (problem) {
    put(parts.empty, problemNote('The requests could not be read.', problem));
    parts.empty.hidden = false;
  }
}

/** Nothing moves under a pointer or a focused row. */
const isHeld = () => state.isPaused || parts.body.matches(':hover') || parts.body.contains(document.activeElement);

function render(items, isForced = false) {
  const held = isHeld() && !isForced && parts.body.firstElementChild;
  text(parts.held, held ? (state.isPaused ? 'paused' : 'held while you read') : '');
  if (held) return;
  parts.empty.hidden = items.length > 0;
  if (!items.length)
    put(parts.empty, filter.query ? `No ${filter.query} answer is on record.` : 'No request has arrived yet.');
  keyed(
    parts.body,
    items.slice(0, shownMax),
    (item) => item.requestId,
    row,
    (element, item) => {
      setMark(
        element.answer,
        statusLook(item.status),
        item.code ? `${item.status} ${item.code}` : String(item.status),
        item.status >= 400,
      );
    },
  );
}

/** A path may wrap after a slash, on a narrow screen. */
const breakable = (path) => path.split(/(?<=\/)/).flatMap((part) => [part, h('wbr')]);

function row(item) {
  const answer = mark('ok', '');
  const element = h(
    'tr',
    null,
    h('td', { class: 'two' }, clock(item.at)),
    h('td', null, answer),
    h(
      'td',
      { class: 'path' },
      h(
        'a',
        {
          class: 'title',
          href: `#request/${encodeURIComponent(item.requestId)}`,
          'aria-label': `${item.method} ${item.path}, request ${item.requestId}`,
        },
        h('span', { class: 'verb' }, item.method),
        ' ',
        breakable(item.path),
      ),
    ),
    h('td', { class: 'opt two' }, item.tenant ?? 'none'),
    h('td', { class: 'opt two' }, item.actor ?? 'nobody'),
    h('td', { class: 'num two' }, millis(item.durationMs)),
  );
  element.answer = answer;
  return element;
}
