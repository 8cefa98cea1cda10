// How far a measured value is past its limit: in words, and as a bar with a tick at the limit.

import { attr, h, text } from './dom.js';
import { value } from './format.js';
import { splitLimit, unitOf } from './promql.js';

export class Gauge {
  constructor() {
    this.value = h('b');
    this.limit = h('span');
    this.fill = h('i', { class: 'fill' });
    this.tick = h('i', { class: 'tick' });
    this.bar = h('span', { class: 'bar', 'aria-hidden': 'true' }, this.fill, this.tick);
    this.element = h('span', { class: 'val' }, h('span', null, this.value, this.limit), this.bar);
  }

  show(alert, kind) {
    const unit = unitOf(alert);
    const scale = unit === '%' ? 100 : 1;
    const limit = splitLimit(alert.expression)?.limit;
    text(this.value, alert.value === undefined ? alert.valueText : value(alert.value * scale, unit));
    text(this.limit, limit === null || limit === undefined ? '' : ` limit ${value(limit * scale, unit)}`);
    const canDraw = limit > 0 && alert.value >= 0;
    attr(this.bar, 'class', `bar ${kind}${canDraw ? '' : ' off'}`);
    if (!canDraw) return;
    const end = Math.max(alert.value, limit) * 1.4;
    this.fill.style.width = `${(alert.value / end) * 100}%`;
    this.tick.style.left = `${(limit / end) * 100}%`;
  }
}
