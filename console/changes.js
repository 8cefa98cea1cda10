// The latest changes, from the audit log where the role may read it, else from the control log.

import { $, h, keyed, mark, put, setMark, text } from './dom.js';
import { get } from './api.js';
import { problemNote } from './dialog.js';
import { clock, count, millis } from './format.js';
import { may, on } from './store.js';

const shownMax = 6;
const pollMilliseconds = 30_000;

const parts = {};
let timer = 0;

export function mountChanges() {
  parts.list = h('ol', { class: 'feed' });
  parts.note = h('p', { class: 'empty' });
  parts.verdict = mark('info', 'Audit chain not verified yet');
  parts.verify = h('button', { type: 'button', class: 'btn sm quiet', onclick: verify }, 'Verify');
  parts.proof = h('div', { class: 'chain' }, parts.verdict, parts.verify);
  parts.proof.hidden = !may.audit();
  put(
    $('#changes'),
    h(
      'header',
      null,
      h('h2', { id: 'changes-h' }, 'Latest changes'),
      h('span', { class: 'more muted' }, may.audit() ? 'audit log, UTC' : 'control log, UTC'),
    ),
    parts.list,
    parts.note,
    parts.proof,
  );
  on('controls', soon);
  // Also what a rule proposes is on record.
  let stopCount = 0;
  on('stopCount', (now) => {
    if (now !== stopCount) soon();
    stopCount = now;
  });
  on('refresh', soon);
  addEventListener('visibilitychange', () => {
    if (!document.hidden) refresh();
  });
  refresh();
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, 300);
}

async function refresh() {
  clearTimeout(timer);
  if (document.hidden) return;
  timer = setTimeout(refresh, pollMilliseconds);
  try {
    render(
      may.audit()
        ? (await get(`/admin/audit?limit=${shownMax}`)).items.map(fromAudit)
        : (await get(`/admin/logs?component=control&limit=${shownMax}`)).items
            .filter((item) => item.event !== 'control.recorded')
            .map(fromLog),
    );
  } catch (problem) {
    put(parts.note, problemNote('The changes could not be read.', problem));
    parts.note.hidden = false;
  }
}

const fromAudit = (item) => ({
  key: `a${item.seq}`,
  at: item.at,
  actor: item.actor,
  what: item.summary,
  why: item.reason,
  request: item.requestId,
  seq: item.seq,
});
const fromLog = (item) => ({
  key: `l${item.at}${item.event}`,
  at: item.at,
  actor: item.actor ?? '',
  request: item.requestId,
  why: '',
  what: (item.body ?? item.event).replace(`${item.actor} `, ''),
});

function render(items) {
  parts.note.hidden = items.length > 0;
  if (!items.length)
    put(parts.note, 'Nothing was changed yet. Stops, releases, approvals and taken alerts appear here.');
  keyed(
    parts.list,
    items,
    (item) => item.key,
    (item) =>
      h(
        'li',
        null,
        h('time', { datetime: item.at, title: `${item.at}` }, clock(item.at)),
        h(
          'div',
          null,
          h('b', null, item.actor),
          ' ',
          item.request ? h('a', { href: `#request/${encodeURIComponent(item.request)}` }, item.what) : item.what,
          item.why && h('p', null, item.why),
        ),
      ),
  );
}

async function verify() {
  text(parts.verify, 'Verifying');
  try {
    const verdict = await get('/admin/audit/verify', { timeout: 60_000 });
    if (verdict.isSound)
      setMark(
        parts.verdict,
        'ok',
        `${count(verdict.verified, 'entry', 'entries')}, chain sound, ${millis(verdict.elapsedMs)}`,
      );
    else setMark(parts.verdict, 'crit', `Broken at #${verdict.firstBad}: ${verdict.problem}`, true);
  } catch (problem) {
    setMark(parts.verdict, 'warn', problem.message, true);
  }
  text(parts.verify, 'Verify');
}
