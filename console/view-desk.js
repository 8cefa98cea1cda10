// The alert desk beside the alerts: silences, who was told what, what happened.

import { h, keyed, put, text } from './dom.js';
import { get } from './api.js';
import { historyRow } from './desk-history.js';
import { messageRow, receivers, updateMessage } from './desk-messages.js';
import { silenceRow, updateSilence } from './desk-silences.js';
import { problemNote } from './dialog.js';
import { openSilence } from './silence.js';
import { may, on, state } from './store.js';

const pollMilliseconds = 3_000;
const pages = {
  silences: {
    title: 'Silences',
    path: '/admin/silences',
    make: silenceRow,
    update: updateSilence,
    empty: 'Nothing is silenced. A silence has a reason and an end, and mutes messages only.',
  },
  notifications: {
    title: 'Notifications',
    path: '/admin/notifications?limit=100',
    make: messageRow,
    update: updateMessage,
    empty: 'Nobody was told anything yet. Every message to a receiver appears here with its attempts.',
  },
  history: {
    title: 'Alert history',
    path: '/admin/alert-history?limit=100',
    make: (item) => historyRow(item),
    update: () => {},
    empty: 'Nothing has happened yet. What rules find appears here, and what people do about it.',
  },
};

export function openDesk(view, name) {
  const page = pages[name] ?? pages.silences;
  text(view.title, page.title);
  const list = h('ul', { class: 'rows' });
  const empty = h('p', { class: 'empty' }, 'Reading');
  const error = h('div', { class: 'problem-slot' });
  put(
    view.body,
    pageLinks(page),
    page === pages.notifications && receivers(),
    error,
    h('section', { class: 'card desk', 'aria-label': page.title }, list, empty),
  );
  if (page === pages.silences && may.stop())
    put(view.actions, h('button', { type: 'button', class: 'btn', onclick: () => openSilence(null) }, 'Silence alerts'));
  let timer = 0;
  let isClosed = false;
  const poll = async () => {
    clearTimeout(timer);
    timer = setTimeout(poll, pollMilliseconds);
    if (document.hidden || state.isStale) return;
    try {
      const { items } = await get(page.path);
      if (isClosed) return;
      put(error);
      keyed(list, items, (item) => String(item.id), page.make, page.update);
      empty.hidden = items.length > 0;
      text(empty, page.empty);
    } catch (problem) {
      if (!isClosed && !problem.isNoAnswer) put(error, problemNote(`${page.title} could not be read.`, problem));
    }
  };
  const stop = on('refresh', poll);
  poll();
  return () => {
    isClosed = true;
    clearTimeout(timer);
    stop();
  };
}

const pageLinks = (page) =>
  h(
    'nav',
    { class: 'desk-nav', 'aria-label': 'Alert desk' },
    Object.entries(pages).map(([key, { title }]) =>
      h(
        'a',
        { class: 'btn sm quiet', href: `#desk/${key}`, 'aria-current': pages[key] === page ? 'page' : null },
        title,
      ),
    ),
  );
