// What the page knows, and who wants to hear when it changes.

export const state = {
  me: null,
  status: null,
  tenants: null,
  alerts: null,
  requests: null,
  isStale: false,
  isPaused: false,
};

const listeners = new Map();

/** Calls `listener` at every change of a topic; answers how to stop. */
export function on(topic, listener) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(listener);
  return () => listeners.get(topic).delete(listener);
}

export function emit(topic, value) {
  for (const listener of [...(listeners.get(topic) ?? [])]) listener(value);
}

export function set(topic, value) {
  state[topic] = value;
  emit(topic, value);
}

// The server's clock, as well as it can be told from when its messages arrive: the largest difference lately is the
// one with the least delay in it.
const samplesMax = 30;
const offsets = [];

export function heardServerTime(iso) {
  offsets.push(Date.parse(iso) - Date.now());
  if (offsets.length > samplesMax) offsets.shift();
}

export const serverNow = () => Date.now() + (offsets.length ? Math.max(...offsets) : 0);

/** Stopping needs operator or admin, starting again admin. The server decides; the page only hides. */
export const may = {
  stop: () => ['operator', 'admin'].includes(state.me?.role),
  release: () => state.me?.role === 'admin',
  audit: () => ['auditor', 'admin'].includes(state.me?.role),
};
