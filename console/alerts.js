// Alerts: what is wrong, how far past its limit, since when, who has it.

import { $, attr, glyph, h, keyed, put, setGlyph, text } from './dom.js';
import { announce } from './announce.js';
import { live, setLive } from './ages.js';
import { proposed, scopeLabels, severityLook } from './alert-words.js';
import { post } from './api.js';
import { problemNote } from './dialog.js';
import { count } from './format.js';
import { Gauge } from './gauge.js';
import { emit, may, on, set, state } from './store.js';

const parts = {};
/** Firing alerts shown before the rest is folded. */
const shownMax = 3;
const rank = { critical: 0, warning: 1 };

export function mountAlerts() {
  parts.title = h('h2', { id: 'alerts-h' }, 'Alerts');
  parts.rules = h('span', { class: 'more' });
  parts.list = h('ul', { class: 'alerts', 'data-rows': true });
  parts.empty = h('p', { class: 'empty' });
  parts.moreButton = h('button', {
    type: 'button',
    class: 'btn sm quiet',
    'aria-expanded': 'false',
    onclick: toggleMore,
  });
  parts.moreNames = h('span', { class: 'sc' });
  parts.more = h('div', { class: 'more-row', hidden: true }, parts.moreButton, parts.moreNames);
  const desk = h(
    'nav',
    { class: 'desk-links', 'aria-label': 'Alert desk' },
    ['Silences', 'Notifications', 'History'].map((name) => h('a', { href: `#desk/${name.toLowerCase()}` }, name)),
  );
  put($('#alerts'), h('header', null, parts.title, parts.rules, desk), parts.list, parts.more, parts.empty);
  on('alerts', render);
  on('status', renderCount);
}

let known = null;
let isAllShown = false;

function toggleMore() {
  isAllShown = !isAllShown;
  render(state.alerts);
}

function render(alerts) {
  const order = (alert) => (alert.state === 'firing' ? 0 : 4) + (rank[alert.severity] ?? 2);
  const sorted = [...alerts].sort(
    (a, b) => order(a) - order(b) || a.activeAt.localeCompare(b.activeAt) || a.fingerprint.localeCompare(b.fingerprint),
  );
  const isUrgent = (alert) => order(alert) === rank.critical;
  const isFiring = (alert) => alert.state === 'firing';
  // A flood of warnings must not push the rest of the page out of sight; what is critical is never folded away.
  const shown = sorted.filter((alert, index) => isUrgent(alert) || (isFiring(alert) && index < shownMax));
  const folded = sorted.slice(shown.length);
  keyed(parts.list, isAllShown ? sorted : shown, (alert) => alert.fingerprint, makeRow, updateRow);
  const firing = new Set(sorted.filter(isFiring).map((alert) => alert.fingerprint));
  parts.more.hidden = !folded.length;
  attr(parts.moreButton, 'aria-expanded', String(isAllShown));
  const foldedFiring = folded.filter(isFiring).length;
  const words = [
    foldedFiring && `${foldedFiring} more`,
    folded.length > foldedFiring && `${folded.length - foldedFiring} pending`,
  ];
  text(parts.moreButton, isAllShown ? 'Show fewer' : `Show ${words.filter(Boolean).join(', ')}`);
  text(parts.moreNames, isAllShown ? '' : [...new Set(folded.map((alert) => alert.name))].join(', '));
  if (known) {
    for (const alert of sorted) {
      if (firing.has(alert.fingerprint) && !known.has(alert.fingerprint))
        announce(`${alert.severity} alert: ${alert.summary}`, alert.severity === 'critical');
    }
  }
  known = firing;
  set('firingCount', firing.size);
  text(parts.title, firing.size ? `${count(firing.size, 'alert')} firing` : 'No alert is firing');
  renderCount();
}

function renderCount() {
  const alerts = state.status?.alerts;
  if (!alerts) return;
  text(
    parts.rules,
    alerts.rules
      ? `${count(alerts.rules, 'rule')}, ${alerts.failing ? `${alerts.failing} failing` : 'all evaluated'}`
      : '',
  );
  const isQuiet = !(state.alerts ?? []).length;
  parts.empty.hidden = !isQuiet;
  if (!isQuiet) return;
  put(
    parts.empty,
    alerts.rules
      ? 'Every rule is evaluated once a second. One that fires appears here with its runbook.'
      : [
          'No alert rules are loaded. Name them under ',
          h('span', { class: 'mono' }, 'alerting.rules'),
          ' and check them with ',
          h('span', { class: 'mono' }, 'breakwater check'),
          '.',
        ],
  );
}

function makeRow(alert) {
  const part = {
    glyph: glyph('warn'),
    word: h('span'),
    name: h('a', { class: 'title', href: `#alert/${alert.fingerprint}` }),
    scope: h('span', { class: 'sc' }),
    gauge: new Gauge(),
    since: live(alert.activeAt, 'age'),
    who: h('b'),
    next: h('span', { class: 'sc' }),
    action: h('div', { class: 'do' }),
    error: h('div', { class: 'problem-slot' }),
  };
  const row = h(
    'li',
    { 'data-fingerprint': alert.fingerprint },
    h('span', { class: 'sev' }, part.glyph, part.word),
    h('span', { class: 'nm' }, part.name, part.scope),
    part.gauge.element,
    h('span', { class: 'two since' }, 'for ', part.since),
    h('span', { class: 'who' }, part.who, part.next),
    part.action,
    part.error,
  );
  row.parts = part;
  return row;
}

function updateRow(row, alert) {
  const part = row.parts;
  const look = severityLook(alert);
  attr(row, 'class', alert.state === 'firing' ? (look.kind === 'crit' ? 'fire' : 'wn') : 'pend');
  attr(part.word.parentElement, 'class', `sev ${look.kind}`);
  setGlyph(part.glyph, look.kind);
  text(part.word, look.word);
  text(part.name, alert.summary);
  text(part.scope, [alert.name, ...scopeLabels(alert).map(([name, label]) => `${name} ${label}`)].join(', '));
  part.gauge.show(alert, look.kind);
  setLive(part.since, alert.firedAt ?? alert.activeAt);
  text(
    part.who,
    alert.acknowledgedBy
      ? `${alert.acknowledgedBy === state.me.subject ? 'You have' : `${alert.acknowledgedBy} has`} it`
      : 'Nobody has it',
  );
  const call = proposed(alert);
  const muted = alert.muted && `nobody is told: ${alert.muted}`;
  text(part.next, muted || alert.comment || (call ? `calls for ${call.words}` : 'see the runbook'));
  const wantsAck = !alert.acknowledgedBy && alert.state === 'firing' && may.stop();
  const key = `${wantsAck} ${Boolean(alert.runbook)}`;
  if (row.actionKey === key) return;
  row.actionKey = key;
  const hadFocus = part.action.contains(document.activeElement);
  put(
    part.action,
    wantsAck &&
      h(
        'button',
        { type: 'button', class: 'btn sm', onclick: () => acknowledge(alert, '', part.error) },
        'Acknowledge',
      ),
    h('a', { class: 'btn sm', href: `#alert/${alert.fingerprint}` }, alert.runbook ? 'Runbook' : 'Open'),
  );
  if (hadFocus) $('a', part.action)?.focus();
}

/** Takes an alert. Answers whether it worked; the refusal goes into `slot`. */
export async function acknowledge(alert, comment, slot) {
  try {
    const { data } = await post(`/admin/alerts/${encodeURIComponent(alert.fingerprint)}/ack`, { comment });
    put(slot);
    emit(
      'alerts',
      state.alerts.map((item) => (item.fingerprint === data.fingerprint ? data : item)),
    );
    announce(`You have the alert ${alert.name}.`);
    emit('refresh');
    return true;
  } catch (problem) {
    put(slot, problemNote('The alert was not taken.', problem));
    return false;
  }
}
