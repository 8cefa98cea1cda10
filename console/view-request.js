// What happened to one request: every record with its id, in order, with the time since the first.

import { attr, copyButton, glyph, h, mark, put, text } from './dom.js';
import { get } from './api.js';
import { problemNote } from './dialog.js';
import { clock, clockMillis, millis, number } from './format.js';
import { statusLook } from './requests.js';

const severities = { ERROR: 'crit', FATAL: 'crit', WARN: 'warn', INFO: 'ok', DEBUG: 'info', TRACE: 'info' };

/** What just happened may not be on record yet: one that is not found is looked up a second time. */
const recordMilliseconds = 1_000;

export function openRequest(view, id) {
  let isClosed = false;
  text(view.title, 'Request');
  put(
    view.body,
    h(
      'section',
      { class: 'card pad stack' },
      h('p', { class: 'mono wrap' }, id),
      h('p', { class: 'empty' }, 'Looking it up'),
    ),
  );
  load();
  return () => {
    isClosed = true;
  };

  async function load(isRetry = false) {
    try {
      const timeline = await get(`/admin/requests/${encodeURIComponent(id)}`);
      if (!isClosed) show(view, timeline);
    } catch (problem) {
      if (isClosed) return;
      if (problem.status === 404 && !isRetry) setTimeout(() => load(true), recordMilliseconds);
      else missing(view, id, problem);
    }
  }
}

function missing(view, id, problem) {
  const words = { 404: 'Not found', 422: 'Not a request id' }[problem.status] ?? 'The timeline could not be read';
  text(view.title, words);
  put(
    view.body,
    h(
      'section',
      { class: 'card pad stack' },
      h('p', { class: 'mono wrap' }, id),
      problemNote(null, problem),
      h('p', { class: 'two' }, 'Ids are in the X-Request-ID header of every answer, and in the body of every error.'),
    ),
  );
}

function show(view, { requestId, access, entries, note }) {
  text(view.title, access ? `${access.method} ${access.path}` : `Request ${requestId.slice(0, 18)}`);
  put(
    view.actions,
    copyButton(
      () => summary(requestId, access, entries),
      'Copy summary',
      'Copy a summary for support, without addresses',
    ),
  );
  const start = Date.parse(entries[0]?.at ?? access?.at);
  const total = Math.max(1, access?.durationMs ?? 0, ...entries.map((entry) => Date.parse(entry.at) - start));
  put(
    view.body,
    h('section', { class: 'card', 'aria-label': 'The request' }, access && head(access), ids(requestId, access)),
    note && h('div', { class: 'note' }, glyph('warn'), h('div', null, note)),
    h(
      'section',
      { class: 'card', 'aria-labelledby': 'timeline-h' },
      h(
        'header',
        null,
        h('h3', { id: 'timeline-h' }, `Timeline, ${entries.length} ${entries.length === 1 ? 'entry' : 'entries'}`),
        h('span', { class: 'more muted' }, `from ${clockMillis(entries[0].at)} UTC`),
      ),
      h(
        'ol',
        { class: 'timeline' },
        entries.map((entry) => line(entry, start, total)),
      ),
    ),
  );
}

function head(access) {
  const cell = (name, ...value) => h('div', null, h('dt', null, name), h('dd', null, value));
  return h(
    'dl',
    { class: 'facts' },
    cell(
      'Answer',
      mark(
        statusLook(access.status),
        access.code ? `${access.status} ${access.code}` : String(access.status),
        access.status >= 400,
      ),
    ),
    cell(
      'Took',
      millis(access.durationMs),
      access.upstreamMs !== undefined && h('small', null, ` upstream ${millis(access.upstreamMs)}`),
    ),
    cell(
      'Tenant',
      access.tenant ? h('a', { href: `#tenant/${encodeURIComponent(access.tenant)}` }, access.tenant) : 'none',
    ),
    cell('Who', access.actor ?? 'nobody', access.role && h('small', null, ` ${access.role}`)),
    cell('Route', access.route ?? 'none', access.upstream && h('small', null, ` to ${access.upstream}`)),
    cell('Received', clock(access.at), h('small', null, ' UTC')),
    cell(
      'Size',
      `${number(access.bytesIn)} B`,
      h('small', null, ' in, '),
      `${number(access.bytesOut)} B`,
      h('small', null, ' out'),
    ),
  );
}

function ids(requestId, access) {
  const one = (name, value) =>
    h(
      'div',
      null,
      h('span', { class: 'muted' }, name),
      h('code', { class: 'wrap' }, value),
      copyButton(() => value, 'Copy', `Copy the ${name}`),
    );
  return h('div', { class: 'ids' }, one('request id', requestId), access?.traceId && one('trace id', access.traceId));
}

const duplicated = new Set(['durationMs', 'route', 'upstream', 'upstreamMs', 'code', 'order']);

function line(entry, start, total) {
  const offset = Date.parse(entry.at) - start;
  const bar = h('span', { class: 'tick', 'aria-hidden': 'true' }, h('i'));
  bar.firstElementChild.style.left = `${Math.min(100, (offset / total) * 100)}%`;
  const kind = severities[entry.severity] ?? 'info';
  const details = Object.entries(entry.attributes).filter(
    ([name, value]) => value && !(entry.event === 'http.access' && duplicated.has(name)) && name !== 'order',
  );
  const row = h(
    'li',
    null,
    h('span', { class: 'off num' }, `+${offset} ms`),
    bar,
    glyph(kind === 'ok' && entry.source === 'audit' ? 'info' : kind),
    h('span', { class: 'src' }, entry.source, h('small', null, entry.event)),
    h(
      'div',
      { class: 'what' },
      h('span', null, entry.body || entry.event),
      (details.length > 0 || entry.order || entry.tenant) &&
        h(
          'p',
          null,
          entry.tenant && h('span', null, 'tenant ', h('b', null, entry.tenant)),
          entry.order && h('span', null, 'order ', h('b', { class: 'mono' }, entry.order)),
          details.map(([name, value]) => h('span', null, `${name} `, h('b', null, value))),
        ),
    ),
  );
  attr(row, 'class', kind === 'crit' || kind === 'warn' ? kind : null);
  return row;
}

/** For a ticket: no address, no token, no body. */
function summary(requestId, access, entries) {
  const lines = [`request ${requestId}`];
  if (access)
    lines.push(
      `${access.method} ${access.path} -> ${access.status}${access.code ? ` ${access.code}` : ''} in ${access.durationMs} ms`,
      `at ${access.at}, tenant ${access.tenant ?? 'none'}, trace ${access.traceId ?? 'none'}`,
    );
  const start = Date.parse(entries[0].at);
  for (const entry of entries)
    lines.push(`+${Date.parse(entry.at) - start} ms  ${entry.source}  ${entry.event}  ${entry.body}`);
  return lines.join('\n');
}
