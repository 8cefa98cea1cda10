// The left half of an opened alert: value against limit, over time, who has it, what it calls for, its rule.

import { attr, copyButton, glyph, h, put, text } from './dom.js';
import './chart.js';
import { proposed, scopeLabels, severityLook } from './alert-words.js';
import { acknowledge } from './alerts.js';
import { live } from './ages.js';
import { okNote } from './dialog.js';
import { duration } from './format.js';
import { Gauge } from './gauge.js';
import { openHalt } from './halt.js';
import { openSilence } from './silence.js';
import { queryRange, spanSeconds, splitLimit, unitOf } from './promql.js';
import { may, serverNow, state } from './store.js';

const chartSecondsMax = 1800;
export const chartStep = 5;
const linesMax = 4;
const colours = ['--c1', '--c2', '--c3', '--c4'];

/** `show(alert)` at every change, `draw(alert)` every few seconds, `ended(last)` when it is not active any more. */
export function alertFacts(title) {
  const look = { glyph: glyph('warn'), word: h('span') };
  const severity = h('span', { class: 'sev' }, look.glyph, look.word);
  const gauge = new Gauge();
  const who = h('div', { class: 'who-box' });
  const calls = h('div', { class: 'calls' });
  const requests = h('p', { class: 'two' });
  const labels = h('dl', { class: 'labels' });
  const description = h('p', { class: 'two' });
  const expression = h('code');
  const chart = h('bw-chart', { 'aria-label': 'Value over time, cursor' });
  const chartNote = h('p', { class: 'empty' });
  const since = h('span', { class: 'two' });
  const ended = h('div', { class: 'problem-slot' });
  const element = h(
    'section',
    { class: 'card alert-facts', 'aria-label': 'The alert now' },
    h(
      'div',
      { class: 'pad' },
      ended,
      h('div', { class: 'facts-top' }, severity, since),
      description,
      gauge.element,
      calls,
      requests,
      who,
    ),
    chart,
    chartNote,
    h(
      'div',
      { class: 'pad' },
      labels,
      h(
        'div',
        { class: 'code' },
        h(
          'div',
          { class: 'code-head' },
          h('span', null, 'Rule'),
          copyButton(() => expression.textContent, 'Copy', 'Copy the expression'),
        ),
        h('pre', { tabindex: '0', 'aria-label': 'Expression of the rule' }, expression),
      ),
    ),
  );
  let key = '';
  let newest = null;

  return {
    element,
    show(alert) {
      newest = alert;
      const { kind, word } = severityLook(alert);
      attr(severity, 'class', `sev ${kind}`);
      put(severity, glyph(kind), h('span', null, word));
      text(title, alert.summary);
      gauge.show(alert, kind);
      put(ended);
      const now = `${alert.acknowledgedBy} ${alert.state} ${alert.comment} ${alert.muted} ${alert.requests} ${state.me.role}`;
      if (now === key) return;
      key = now;
      put(since, alert.firedAt ? 'firing for ' : 'pending for ', live(alert.firedAt ?? alert.activeAt, 'age'));
      text(description, alert.annotations.description ?? '');
      text(expression, alert.expression);
      put(
        labels,
        [['alert', alert.name], ...scopeLabels(alert)].map(([name, value]) =>
          h('div', null, h('dt', null, name), h('dd', null, value)),
        ),
      );
      put(who, ownership(alert), quiet(alert));
      put(requests, exemplars(alert));
      put(
        calls,
        proposal(alert, () => newest.summary),
      );
    },
    ended(last) {
      if (ended.firstElementChild) return;
      text(title, last.summary);
      put(ended, okNote(h('b', null, 'This alert is not active any more. '), 'What is shown is how it was last seen.'));
    },
    async draw(alert) {
      const split = splitLimit(alert.expression);
      const unit = unitOf(alert);
      const scale = unit === '%' ? 100 : 1;
      const seconds = spanSeconds(chartSecondsMax);
      try {
        const { x, series } = await queryRange(
          split?.measure ?? alert.expression,
          seconds,
          chartStep,
          serverNow() / 1000,
        );
        const own = series
          .filter(({ metric }) =>
            Object.entries(metric).every(
              ([name, value]) =>
                name === '__name__' || alert.labels[name] === undefined || alert.labels[name] === value,
            ),
          )
          .slice(0, linesMax);
        const lines = own.map(({ metric }, i) => ({
          label: Object.values(metric).join(' ') || 'value',
          colour: colours[i],
          width: 2,
          dash: i % 2 ? [6, 3] : undefined,
        }));
        chartNote.hidden = own.length > 0;
        text(chartNote, own.length ? '' : `The rule has no samples in the last ${duration(seconds * 1000)}.`);
        chart.hidden = !own.length;
        if (!own.length) return;
        const marks = alert.firedAt ? [{ at: Date.parse(alert.firedAt) / 1000, label: 'firing' }] : [];
        chart.set(
          {
            series: lines,
            unit,
            axisUnit: unit === '%' ? '%' : unit === 's' ? ' s' : '',
            yMin: 0,
            threshold: split?.limit ? split.limit * scale : undefined,
            marks,
          },
          x,
          own.map(({ y }) => y.map((v) => v * scale)),
        );
      } catch (problem) {
        chartNote.hidden = false;
        text(chartNote, `The rule's series could not be read: ${problem.message}`);
      }
    },
  };
}

function ownership(alert) {
  if (alert.acknowledgedBy) {
    const name = alert.acknowledgedBy === state.me.subject ? 'You have' : `${alert.acknowledgedBy} has`;
    return [
      h(
        'p',
        null,
        h('b', null, `${name} it`),
        ' since ',
        live(alert.acknowledgedAt),
        alert.comment && h('span', { class: 'sc' }, alert.comment),
      ),
    ];
  }
  if (!may.stop() || alert.state !== 'firing') return [h('p', { class: 'two' }, 'Nobody has it.')];
  const slot = h('div', { class: 'problem-slot' });
  const comment = h('input', {
    class: 'field',
    id: 'ack-comment',
    maxlength: 500,
    placeholder: 'What you are looking at (optional)',
    autocomplete: 'off',
  });
  const take = () => acknowledge(alert, comment.value.trim(), slot);
  comment.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') take();
  });
  return [
    h('label', { class: 'lbl', for: 'ack-comment' }, 'Nobody has it'),
    h('div', { class: 'inline' }, comment, h('button', { type: 'button', class: 'btn', onclick: take }, 'Acknowledge')),
    slot,
  ];
}

/** Whether anybody is told, and the means to mute it. */
function quiet(alert) {
  const button = h('button', { type: 'button', class: 'btn sm quiet', onclick: () => openSilence(alert) }, 'Silence');
  return h(
    'p',
    { class: 'inline quiet-line' },
    h('span', { class: 'two' }, alert.muted ? `Nobody is told: ${alert.muted}.` : 'People are told of it.'),
    alert.silencedBy ? h('a', { class: 'btn sm quiet', href: '#desk/silences' }, 'Silences') : may.stop() && button,
  );
}

/** Requests that show what it is about. */
const exemplars = (alert) =>
  (alert.requests ?? []).length > 0 && [
    'Requests that show it: ',
    alert.requests.map((id, index) => [index ? ', ' : '', h('a', { class: 'mono', href: `#request/${id}` }, id)]),
  ];

/** A rule may call for containment: the stop is then one step away, with the alert as it then reads as its reason. */
function proposal(alert, summary) {
  const call = proposed(alert);
  if (!call) return [];
  const review = () => openHalt({ ...call, reason: `${alert.name}: ${summary()}` });
  return [
    h(
      'div',
      { class: 'note' },
      glyph('warn'),
      h(
        'div',
        null,
        h('b', null, `This alert calls for ${call.words}.`),
        ` ${alert.controlMode === 'auto' ? 'Its rule may act by itself.' : 'A person decides.'}`,
      ),
      may.stop() && h('button', { type: 'button', class: 'btn sm danger', onclick: review }, 'Review the stop'),
    ),
  ];
}
