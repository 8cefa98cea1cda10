// Alerts: what is wrong, how far past its limit, since when, who has it.

import { $, attr, glyph, h, keyed, put, setGlyph, text } from './dom.js';
import { announce } from './announce.js';
import { live, setLive } from './ages.js';
import { post } from './api.js';
import { problemNote } from './dialog.js';
import { count } from './format.js';
import { Gauge } from './gauge.js';
import { emit, may, on, set, state } from './store.js';

const parts = {};
const rank = { critical: 0, warning: 1 };

export const severityLook = (alert) => {
  if (alert.state !== 'firing') return { kind: 'info', word: 'Pending' };
  if (alert.severity === 'critical') return { kind: 'crit', word: 'Critical' };
  return alert.severity === 'warning'
    ? { kind: 'warn', word: 'Warning' }
    : { kind: 'info', word: alert.severity || 'Info' };
};

export function mountAlerts() {
  parts.title = h('h2', { id: 'alerts-h' }, 'Alerts');
  parts.rules = h('span', { class: 'more' });
  parts.list = h('ul', { class: 'alerts', 'data-rows': true });
  parts.empty = h('p', { class: 'empty' });
  parts.pendingButton = h('button', {
    type: 'button',
    class: 'btn sm quiet',
    'aria-expanded': 'false',
    onclick: togglePending,
  });
  parts.pendingNames = h('span', { class: 'sc' });
  parts.pending = h('div', { class: 'pending', hidden: true }, parts.pendingButton, parts.pendingNames);
  put($('#alerts'), h('header', null, parts.title, parts.rules), parts.list, parts.pending, parts.empty);
  on('alerts', render);
  on('status', renderCount);
}

let known = null;
let isPendingShown = false;

function togglePending() {
  isPendingShown = !isPendingShown;
  render(state.alerts);
}

function render(alerts) {
  const order = (alert) => (alert.state === 'firing' ? 0 : 4) + (rank[alert.severity] ?? 2);
  const sorted = [...alerts].sort(
    (a, b) => order(a) - order(b) || a.activeAt.localeCompare(b.activeAt) || a.fingerprint.localeCompare(b.fingerprint),
  );
  const pending = sorted.filter((alert) => alert.state !== 'firing');
  keyed(
    parts.list,
    isPendingShown ? sorted : sorted.slice(0, sorted.length - pending.length),
    (alert) => alert.fingerprint,
    makeRow,
    updateRow,
  );
  const firing = new Set(sorted.filter((alert) => alert.state === 'firing').map((alert) => alert.fingerprint));
  parts.pending.hidden = !pending.length;
  attr(parts.pendingButton, 'aria-expanded', String(isPendingShown));
  text(parts.pendingButton, isPendingShown ? 'Hide pending' : `Show ${pending.length} pending`);
  text(parts.pendingNames, isPendingShown ? '' : [...new Set(pending.map((alert) => alert.name))].join(', '));
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

/** What an alert is about, without what every alert has. */
export function scopeLabels(alert) {
  const hidden = new Set(['alertname', 'severity', 'control', 'control_mode', 'job', 'instance', 'replica']);
  return Object.entries(alert.labels).filter(([name]) => !hidden.has(name));
}

/** What a rule calls for, in words and as a preset of the halt dialog; null when it calls for nothing. */
export function proposed({ control, labels }) {
  const { tenant, profile } = labels;
  switch (control) {
    case 'global_halt':
      return { words: 'halting everything', scope: 'global' };
    case 'tenant_disable':
      return { words: `stopping ${tenant ? `tenant ${tenant}` : 'a tenant'}`, scope: 'tenant', tenant };
    case 'profile_disable':
      return {
        words: `stopping ${profile ? `profile ${tenant}/${profile}` : 'a profile'}`,
        scope: 'profile',
        tenant,
        profile,
      };
    default:
      return null;
  }
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
  text(part.next, alert.comment || (call ? `calls for ${call.words}` : 'see the runbook'));
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
