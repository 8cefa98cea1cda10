// Which alerts a silence is for: labels of an alert to choose from, or conditions to type.

import { attr, h } from './dom.js';

/** Labels that say how bad an alert is, not which one it is. */
const notChosen = new Set(['severity', 'control', 'control_mode']);

const condition = ([name, value]) => `${name}=${JSON.stringify(value)}`;
const byName = ([a], [b]) => (b === 'alertname') - (a === 'alertname') || a.localeCompare(b);

export class SilenceConditions {
  constructor(alert, onChange) {
    this.labels = alert && Object.entries(alert.labels).sort(byName);
    if (!alert) {
      this.typed = h('input', {
        class: 'field mono',
        id: 'silence-matchers',
        placeholder: 'alertname="BackendDown", tenant=~"or.*"',
        autocomplete: 'off',
        spellcheck: 'false',
        oninput: onChange,
      });
      this.element = h(
        'div',
        null,
        h('label', { class: 'lbl', for: 'silence-matchers' }, 'Alerts with'),
        this.typed,
        h('p', { class: 'two' }, 'Conditions with =, !=, =~ or !~, separated by commas. All must hold.'),
      );
      return;
    }
    this.chosen = new Set(this.labels.map(([name]) => name).filter((name) => !notChosen.has(name)));
    const chips = this.labels.map((label) => this.chip(label, onChange));
    this.element = h(
      'div',
      null,
      h('span', { class: 'lbl', id: 'silence-labels' }, 'Alerts with'),
      h('div', { class: 'chips', role: 'group', 'aria-labelledby': 'silence-labels' }, chips),
    );
  }

  chip(label, onChange) {
    const [name] = label;
    const chip = h('button', { type: 'button', class: 'chip mono' }, condition(label));
    attr(chip, 'aria-pressed', String(this.chosen.has(name)));
    chip.addEventListener('click', () => {
      if (!this.chosen.delete(name)) this.chosen.add(name);
      attr(chip, 'aria-pressed', String(this.chosen.has(name)));
      onChange();
    });
    return chip;
  }

  /** One text per condition, or the typed text as a whole. */
  get value() {
    if (this.typed) return [this.typed.value.trim()].filter(Boolean);
    return this.labels.filter(([name]) => this.chosen.has(name)).map(condition);
  }

  focus() {
    this.typed.focus();
  }
}
