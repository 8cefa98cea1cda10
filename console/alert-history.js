// What happened to one alert, and a word to the others.

import { h, keyed, put } from './dom.js';
import { get, post } from './api.js';
import { historyRow } from './desk-history.js';
import { problemNote } from './dialog.js';
import { may } from './store.js';

const pollMilliseconds = 5_000;
const entriesMax = 30;

/** A card with the history of an alert; `close()` stops reading. */
export function alertHistory(fingerprint) {
  const name = encodeURIComponent(fingerprint);
  const list = h('ul', { class: 'rows brief' });
  const error = h('div', { class: 'problem-slot' });
  const comment = h('input', {
    class: 'field',
    id: 'alert-comment',
    maxlength: 500,
    placeholder: 'What you found, what you did',
    autocomplete: 'off',
  });
  let timer = 0;
  let isClosed = false;

  async function read() {
    clearTimeout(timer);
    if (isClosed) return;
    timer = setTimeout(read, pollMilliseconds);
    if (document.hidden) return;
    try {
      const { items } = await get(`/admin/alert-history?fingerprint=${name}&limit=${entriesMax}`);
      if (!isClosed) keyed(list, items, (item) => String(item.id), (item) => historyRow(item, true));
    } catch {
      // Shown when it can be read; the alert itself matters more.
    }
  }

  async function say() {
    const words = comment.value.trim();
    if (!words) return;
    try {
      await post(`/admin/alerts/${name}/comment`, { comment: words });
      comment.value = '';
      put(error);
      setTimeout(read, 300);
    } catch (problem) {
      put(error, problemNote('The comment was not kept.', problem));
    }
  }

  comment.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') say();
  });
  read();
  return {
    element: h(
      'section',
      { class: 'card', 'aria-labelledby': 'history-h' },
      h('header', null, h('h3', { id: 'history-h' }, 'History')),
      list,
      may.stop() &&
        h(
          'div',
          { class: 'pad' },
          h('label', { class: 'lbl', for: 'alert-comment' }, 'A word to the others'),
          h('div', { class: 'inline' }, comment, h('button', { type: 'button', class: 'btn', onclick: say }, 'Note')),
          error,
        ),
    ),
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
