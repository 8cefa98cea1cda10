// Times on the page that grow older by themselves: one ticker for all of them.

import { h, attr, text } from './dom.js';
import { clock, duration } from './format.js';
import { serverNow } from './store.js';

const tickMilliseconds = 500;

const words = {
  age: (ms) => duration(ms),
  ago: (ms) => `${duration(ms)} ago`,
  in: (ms) => (ms > 0 ? `${duration(ms)} ago` : `in ${duration(-ms)}`),
};

/** A `<time>` that shows how long ago (or until) `iso` is. Styles: `age`, `ago`, `in`. */
export function live(iso, style = 'ago') {
  const element = h('time', { 'data-live': style });
  setLive(element, iso);
  return element;
}

export function setLive(element, iso) {
  attr(element, 'datetime', iso);
  attr(element, 'title', iso ? `${clock(iso)} UTC` : null);
  show(element);
}

function show(element) {
  const iso = element.getAttribute('datetime');
  text(element, iso ? words[element.dataset.live](serverNow() - Date.parse(iso)) : '');
}

export function startAges() {
  setInterval(() => {
    if (!document.hidden) for (const element of document.querySelectorAll('time[data-live]')) show(element);
  }, tickMilliseconds);
}
