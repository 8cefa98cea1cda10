// The reason of a stop: always there, never typed. What is firing comes first, because it is mostly why.

import { attr, h } from './dom.js';
import { state } from './store.js';

const common = ['Venue failing', 'Bad prices', 'Runaway orders', 'Drill, no incident'];
const fallback = 'Precaution, cause not known yet';
const firingMax = 2;
const lengthMax = 500;

export class Reason {
  constructor(preset, onChange) {
    const firing = (state.alerts ?? [])
      .filter((alert) => alert.state === 'firing' && alert.severity === 'critical')
      .slice(0, firingMax)
      .map((alert) => `${alert.name}: ${alert.summary}`);
    this.options = [...new Set([preset, ...firing, fallback, ...common].filter(Boolean))];
    this.chosen = this.options[0];
    this.detail = h('input', {
      class: 'field',
      'aria-label': 'Details, ticket (optional)',
      placeholder: 'Details, ticket (optional)',
      maxlength: 200,
      autocomplete: 'off',
      oninput: onChange,
    });
    const chips = this.options.map((option) =>
      h(
        'button',
        {
          type: 'button',
          class: 'chip',
          'aria-pressed': String(option === this.chosen),
          onclick: (event) => {
            this.chosen = option;
            for (const chip of chips) attr(chip, 'aria-pressed', String(chip === event.currentTarget));
            onChange();
          },
        },
        option,
      ),
    );
    this.element = h(
      'div',
      null,
      h('span', { class: 'lbl', id: 'reason-label' }, 'Reason'),
      h('div', { class: 'chips', role: 'group', 'aria-labelledby': 'reason-label' }, chips),
      this.detail,
    );
  }

  get value() {
    const detail = this.detail.value.trim();
    return (detail ? `${this.chosen}; ${detail}` : this.chosen).slice(0, lengthMax);
  }
}
