// Live events. One EventSource per browser: the tab that holds the lock reads, the others listen to it, because a
// browser opens only six connections to a host and every tab would take one.

import { get } from './api.js';

const path = '/stream/v1/admin';
const channelName = 'bw-stream';
const topics = ['status', 'tenants', 'alerts', 'requests', 'controls', 'alert'];
const snapshots = new Set(['status', 'tenants', 'alerts', 'requests']);

/** Silence after which a connection is taken for dead and opened anew. */
const deadMilliseconds = 8_000;
/** Silence after which a tab that listens asks whether its leader still lives, and how long the leader has to answer. */
const quietMilliseconds = 2_000;
const answerMilliseconds = 700;
const retryMilliseconds = 1_500;

export class Stream {
  #deliver;
  #channel = new BroadcastChannel(channelName);
  #source = null;
  #newest = new Map();
  #lastAt = performance.now();
  #askedAt = 0;
  #timer = 0;
  #resign = null;
  #candidacy = null;
  #isLeader = false;
  #isStopped = false;

  /** `deliver(topic, message)` is called with `{seq, ts, requestId?, data}`. */
  constructor(deliver) {
    this.#deliver = deliver;
  }

  start() {
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#campaign(false);
    this.#channel.postMessage({ kind: 'newcomer' });
    this.#timer = setInterval(() => this.#watch(), 500);
  }

  stop() {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#close();
    this.#candidacy?.abort();
    this.#resign?.();
    this.#channel.close();
  }

  /** Opens the connection anew, here or in the tab that has it. */
  reconnect() {
    if (this.#isLeader) this.#open();
    else this.#campaign(true);
  }

  /** Waits for the lock, or takes it from a tab that does not answer. */
  async #campaign(isSteal) {
    if (!navigator.locks) return this.#lead(); // not a secure context: every tab for itself
    this.#candidacy?.abort();
    const candidacy = new AbortController();
    this.#candidacy = candidacy;
    try {
      await navigator.locks.request(channelName, isSteal ? { steal: true } : { signal: candidacy.signal }, () => {
        this.#lead();
        return new Promise((resolve) => {
          this.#resign = resolve;
        });
      });
    } catch {
      if (candidacy.signal.aborted || this.#isStopped) return;
      this.#isLeader = false; // another tab took over because this one did not answer
      this.#close();
      this.#campaign(false);
    }
  }

  #lead() {
    this.#isLeader = true;
    this.#open();
  }

  #open() {
    this.#close();
    this.#lastAt = performance.now();
    const source = new EventSource(path);
    this.#source = source;
    for (const topic of topics) {
      source.addEventListener(topic, (event) => {
        const message = JSON.parse(event.data);
        this.#channel.postMessage({ kind: 'event', topic, message });
        this.#take(topic, message);
      });
    }
    source.onerror = () => {
      // While it can, the browser reconnects by itself. A refusal (signed out, too many streams) closes it.
      if (source.readyState === EventSource.CLOSED && source === this.#source) this.#refused();
    };
  }

  async #refused() {
    this.#source = null;
    await get('/admin/me').catch(() => {}); // a 401 brings the sign-in
    setTimeout(() => {
      if (this.#isLeader && !this.#isStopped && !this.#source) this.#open();
    }, retryMilliseconds);
  }

  #close() {
    this.#source?.close();
    this.#source = null;
  }

  #take(topic, message) {
    this.#lastAt = performance.now();
    this.#askedAt = 0;
    if (snapshots.has(topic)) this.#newest.set(topic, message);
    this.#deliver(topic, message);
  }

  #hear(note) {
    switch (note.kind) {
      case 'event':
        if (!this.#isLeader) this.#take(note.topic, note.message);
        break;
      case 'newcomer':
        if (!this.#isLeader) break;
        for (const [topic, message] of this.#newest) this.#channel.postMessage({ kind: 'event', topic, message });
        break;
      case 'alive?':
        if (this.#isLeader) this.#channel.postMessage({ kind: 'alive' });
        break;
      case 'alive':
        this.#askedAt = Infinity; // it lives: the silence is the server's
        break;
    }
  }

  #watch() {
    const silence = performance.now() - this.#lastAt;
    if (this.#isLeader) {
      if (this.#source && silence > deadMilliseconds) this.#open();
    } else if (navigator.locks && !document.hidden && silence > quietMilliseconds) {
      if (!this.#askedAt) {
        this.#askedAt = performance.now();
        this.#channel.postMessage({ kind: 'alive?' });
      } else if (performance.now() - this.#askedAt > answerMilliseconds) {
        this.#askedAt = 0;
        this.#lastAt = performance.now();
        this.#campaign(true);
      }
    }
  }
}
