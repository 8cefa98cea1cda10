// What a stop would reach, counted by the server while the dialog is open. A count that fails stands in nobody's way.

import { h, put, text } from './dom.js';
import { live } from './ages.js';
import { post } from './api.js';
import { okNote, warnNote } from './dialog.js';
import { count, money, number } from './format.js';

export const planEveryMilliseconds = 2_000;
/** Shorter than the pace, so that a count that hangs is said to have failed before the next one starts. */
const planTimeoutMilliseconds = 1_500;

export class Blast {
  constructor(cancel) {
    this.cancel = cancel;
    this.age = h('span', { class: 'muted' });
    this.values = {};
    const tile = (id, name) => {
      this.values[id] = h('dd', null, '…');
      return h('div', null, h('dt', null, name), this.values[id]);
    };
    this.note = h('div', { class: 'problem-slot' }, okNote('Counting'));
    this.element = h(
      'div',
      null,
      h('span', { class: 'lbl' }, 'What this reaches now ', this.age),
      h(
        'dl',
        { class: 'blast' },
        tile('profiles', 'Profiles stopped'),
        tile('entries', 'Entry orders'),
        tile('protective', 'Protective orders'),
        tile('positions', 'Positions kept'),
      ),
      this.note,
    );
  }

  async count(request) {
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    const { reason: _, ...body } = request;
    try {
      const { data: plan } = await post('/admin/controls/plan', body, {
        signal: abort.signal,
        timeout: planTimeoutMilliseconds,
      });
      if (abort.signal.aborted) return;
      this.show(plan);
    } catch (problem) {
      if (abort.signal.aborted) return;
      text(this.age, 'not counted');
      for (const value of Object.values(this.values)) text(value, '?');
      put(this.note, warnNote(h('b', null, 'The count failed. '), `${problem.message} The stop does not need it.`));
    }
  }

  show(plan) {
    put(this.age, 'counted ', live(plan.at));
    put(this.values.profiles, number(plan.profiles), h('small', null, ` in ${count(plan.tenants, 'tenant')}`));
    text(this.values.entries, number(plan.openEntries));
    text(this.values.protective, number(plan.openProtective));
    put(
      this.values.positions,
      number(plan.positions),
      h('small', null, ` ${plan.notional.currency} ${money(plan.notional)}`),
    );
    text(this.cancel.details.get('entries'), `${plan.openEntries}; protective stops stay`);
    text(this.cancel.details.get('all'), `${plan.openEntries + plan.openProtective}; protective stops too`);
    // One line either way: the buttons must not move while somebody aims at them.
    if (plan.withoutVenueStop) {
      put(
        this.note,
        warnNote(
          h(
            'b',
            null,
            `${plan.withoutVenueStop} of ${count(plan.positions, 'position')} ${plan.withoutVenueStop === 1 ? 'has' : 'have'} no stop at the venue. `,
          ),
          'After a halt nothing closes them but you.',
        ),
      );
    } else put(this.note, okNote(plan.positions ? 'Every position has a stop at the venue.' : 'No position is open.'));
  }
}
