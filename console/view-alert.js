// One alert beside its runbook: the value against its limit over time, who has it, what it calls for, what to do.

import { $, h, put, text } from './dom.js';
import { alertFacts, chartStep } from './alert-facts.js';
import { alertHistory } from './alert-history.js';
import { get } from './api.js';
import { okNote, problemNote } from './dialog.js';
import { renderMarkdown } from './markdown.js';
import { on, state } from './store.js';

export function openAlert(view, fingerprint) {
  if (!state.alerts.some((item) => item.fingerprint === fingerprint)) return noAlert(view);
  let alert = null;
  let timer = 0;
  const part = alertFacts(view.title);
  const runbook = h(
    'section',
    { class: 'card runbook', 'aria-label': 'Runbook' },
    h('p', { class: 'empty' }, 'Reading the runbook'),
  );
  const history = alertHistory(fingerprint);
  put(view.body, h('div', { class: 'two-panes' }, part.element, h('div', { class: 'stack' }, runbook, history.element)));

  const show = () => {
    const item = state.alerts.find((candidate) => candidate.fingerprint === fingerprint);
    if (item) {
      const isFirst = !alert;
      alert = item;
      part.show(item);
      if (isFirst) {
        loadRunbook(runbook, item.name, fingerprint);
        drawLoop();
      }
    } else part.ended(alert);
  };

  const drawLoop = async () => {
    clearTimeout(timer);
    timer = setTimeout(drawLoop, chartStep * 1000);
    if (!document.hidden && !state.isStale && !state.isPaused) await part.draw(alert);
  };

  const stop = on('alerts', show);
  show();
  return () => {
    stop();
    history.close();
    clearTimeout(timer);
  };
}

function noAlert(view) {
  text(view.title, 'No such alert is active');
  put(
    view.body,
    okNote(
      'It ended, or the link names an alert of another installation. ',
      h('a', { href: '#alerts' }, 'What is firing now'),
    ),
  );
  return () => {};
}

async function loadRunbook(box, name, fingerprint) {
  try {
    const query = fingerprint ? `?fingerprint=${encodeURIComponent(fingerprint)}` : '';
    const runbook = await get(`/admin/runbooks/${encodeURIComponent(name)}${query}`);
    put(
      box,
      h(
        'header',
        null,
        h('h3', null, 'Runbook'),
        h('span', { class: 'more muted' }, runbook.current ? 'filled in for this alert' : ''),
      ),
      h('div', { class: 'prose' }, renderMarkdown(runbook.markdown, 4)),
    );
    const first = $('.prose > h4', box);
    if (first && $('.prose', box).firstElementChild === first) first.classList.add('prose-title');
  } catch (problem) {
    put(box, h('div', { class: 'pad' }, problemNote('There is no runbook to show.', problem)));
  }
}

export function openRunbook(view, name) {
  const box = h('section', { class: 'card runbook', 'aria-label': 'Runbook' });
  text(view.title, name);
  put(view.body, box);
  loadRunbook(box, name);
}
