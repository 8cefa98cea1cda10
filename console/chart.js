// <bw-chart>: a live time series. Columnar data; a cursor by pointer or by keys that says its values aloud.

import { attr, h } from './dom.js';
import { value } from './format.js';
import { draw } from './plot.js';
import { hms, layout } from './scale.js';

const pixelRatioMax = 2;
const keySteps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30, PageDown: 30, Home: -Infinity, End: Infinity };

class Chart extends HTMLElement {
  #canvas = h('canvas', { 'aria-hidden': 'true' });
  #context = this.#canvas.getContext('2d');
  #sizes = new ResizeObserver(() => this.draw());
  #scheme = matchMedia('(prefers-color-scheme: dark)');
  #redraw = () => this.draw();
  #cursor = -1;
  x = null;
  ys = [];
  options = null;

  connectedCallback() {
    if (!this.#canvas.isConnected) {
      this.append(this.#canvas);
      this.tabIndex = 0;
      attr(this, 'role', 'slider');
      attr(this, 'aria-orientation', 'horizontal');
      this.addEventListener('pointermove', (event) => this.setCursor(this.#indexAt(event.offsetX), true));
      this.addEventListener('pointerleave', () => this.setCursor(-1, true));
      this.addEventListener('blur', () => this.setCursor(-1, true));
      this.addEventListener('keydown', (event) => this.#key(event));
      this.#describe();
    }
    this.#sizes.observe(this);
    this.#scheme.addEventListener('change', this.#redraw);
    addEventListener('bw-theme', this.#redraw);
  }

  disconnectedCallback() {
    this.#sizes.disconnect();
    this.#scheme.removeEventListener('change', this.#redraw);
    removeEventListener('bw-theme', this.#redraw);
  }

  /**
   * `options`: `{series: [{label, colour, dash?, width?, isFilled?}], unit, axisUnit?, threshold?, bands?, marks?, yMin?}`,
   * x in seconds, one Float64Array a series.
   */
  set(options, x, ys) {
    this.options = options;
    this.x = x;
    this.ys = ys;
    if (this.#cursor >= x.length) this.#cursor = -1;
    this.draw();
    this.#describe();
  }

  get cursor() {
    return this.#cursor;
  }

  /** `isOwn`: moved here, so others on the same time axis are told. */
  setCursor(index, isOwn = false) {
    if (index === this.#cursor) return;
    this.#cursor = index;
    this.draw();
    this.#describe();
    if (isOwn) this.dispatchEvent(new CustomEvent('cursor', { detail: { index }, bubbles: true }));
  }

  #indexAt(offset) {
    if (!this.x?.length || !this.place) return -1;
    const { box } = this.place;
    const share = (offset - box.left) / (box.width || 1);
    return Math.max(0, Math.min(this.x.length - 1, Math.round(share * (this.x.length - 1))));
  }

  #key(event) {
    const last = (this.x?.length ?? 0) - 1;
    if (last < 0) return;
    if (event.key === 'Escape' && this.#cursor >= 0) {
      event.stopPropagation();
      this.setCursor(-1, true);
    } else if (event.key in keySteps) {
      event.preventDefault();
      const from = this.#cursor < 0 ? last : this.#cursor;
      this.setCursor(Math.max(0, Math.min(last, from + keySteps[event.key])), true);
    }
  }

  #describe() {
    const last = (this.x?.length ?? 0) - 1;
    const at = this.#cursor < 0 ? last : this.#cursor;
    attr(this, 'aria-valuemin', 0);
    attr(this, 'aria-valuemax', Math.max(0, last));
    attr(this, 'aria-valuenow', Math.max(0, at));
    const words = last < 0 ? 'no data yet' : `${hms(this.x[at])} UTC: ${this.readout(at).join(', ')}`;
    attr(this, 'aria-valuetext', words);
  }

  /** The values at an index, in words. */
  readout(index) {
    return this.ys.map((y, i) => `${this.options.series[i].label} ${value(y[index], this.options.unit)}`);
  }

  draw() {
    const width = this.clientWidth;
    const height = this.clientHeight;
    if (!this.x?.length || !width || !height) return;
    const ratio = Math.min(devicePixelRatio || 1, pixelRatioMax);
    if (this.#canvas.width !== Math.round(width * ratio) || this.#canvas.height !== Math.round(height * ratio)) {
      this.#canvas.width = Math.round(width * ratio);
      this.#canvas.height = Math.round(height * ratio);
    }
    const styles = getComputedStyle(this);
    const g = this.#context;
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    g.font = `11px ${styles.fontFamily}`;
    this.place = layout(width, height, this.x, this.ys, this.options);
    draw(g, this.place, this.x, this.ys, this.options, (name) => styles.getPropertyValue(name).trim(), this.#cursor);
  }
}

if (!customElements.get('bw-chart')) customElements.define('bw-chart', Chart);
