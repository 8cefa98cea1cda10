// The proof that a stop took effect, step by step: from its receipt where this browser has it, else from the control,
// its request's timeline and the live state. Nothing is claimed that no document says.

import { attr, copyButton, glyph, h, put } from './dom.js';
import { get } from './api.js';
import { live } from './ages.js';
import { isGlobal, levelName } from './controls.js';
import { clock, clockMillis, count, millis, number } from './format.js';
import { serverNow, state } from './store.js';

const storageKey = (control) => `bw-receipt:${control}`;

/** How long a receipt that is not final is shown before it is read again. */
const refreshMilliseconds = 1_000;

/** Keeps a receipt for this tab's life, with the refusal counter as it stood, so that "refused since" can be live. */
export function keepReceipt(receipt, refusedBefore = (state.status?.trading.refused ?? 0) - receipt.refusedSince) {
  try {
    sessionStorage.setItem(storageKey(receipt.control), JSON.stringify({ receipt, refusedBefore }));
  } catch {
    // Storage is off: the proof is then made from the timeline, as for everyone else.
  }
}

function kept(control) {
  try {
    return JSON.parse(sessionStorage.getItem(storageKey(control)));
  } catch {
    return null;
  }
}

/** After the answer orders in doubt find their outcome, and orders are taken back. */
const isFinal = ({ state: reached, cancel }) =>
  reached === 'settled' && cancel.confirmed + cancel.failed.length + cancel.pendingMarketOpen >= cancel.requested;

const readAt = new Map();

/** What is true of a stop now, for the next time it is shown. */
async function readAgain(id, { refusedBefore }) {
  if (performance.now() - (readAt.get(id) ?? 0) < refreshMilliseconds) return;
  readAt.set(id, performance.now());
  try {
    keepReceipt(await get(`/admin/controls/${encodeURIComponent(id)}/receipt`), refusedBefore);
  } catch (problem) {
    // The server keeps none from before its start: what the answer said stays.
    if (problem.status === 404) readAt.set(id, Infinity);
  }
}

const timelines = new Map();

/** What is on record of the request that imposed a control; asked once. */
async function record(control) {
  if (!timelines.has(control.id)) {
    timelines.set(
      control.id,
      get(`/admin/requests/${encodeURIComponent(control.requestId)}`).catch(() => {
        timelines.delete(control.id);
        return null;
      }),
    );
  }
  return timelines.get(control.id);
}

const step = (kind, title, ...detail) => ({ kind, title, detail });

/** Fills `list` with the steps of a control's proof, and again on every call. */
export async function renderProof(list, control) {
  const own = kept(control.id);
  if (own && !isFinal(own.receipt)) readAgain(control.id, own);
  const timeline = own ? null : await record(control);
  const steps = own ? fromReceipt(control, own) : fromRecord(control, timeline);
  const key = JSON.stringify(steps.map((s) => [s.kind, s.title, s.detail.map((part) => part.textContent ?? part)]));
  if (list.proofKey === key) return;
  list.proofKey = key;
  attr(list, 'data-steps', steps.length);
  put(
    list,
    steps.map((s) => h('li', null, glyph(s.kind), h('b', null, s.title), h('span', null, s.detail))),
  );
}

function fromReceipt(control, { receipt, refusedBefore }) {
  const closedMs = Date.parse(receipt.closedAt) - Date.parse(receipt.requestedAt);
  const sealed = receipt.replicas.filter((replica) => replica.sealedBy);
  const drained = receipt.replicas.reduce((sum, replica) => sum + replica.drained, 0);
  const lastOut = receipt.replicas
    .map((replica) => replica.lastOrderOutAt)
    .filter(Boolean)
    .sort()
    .at(-1);
  // The live counter counts refusals of every stop.
  const refused = isGlobal(control) ? Math.max(0, (state.status?.trading.refused ?? 0) - refusedBefore) : undefined;
  const { cancel } = receipt;
  const cancelKind = cancel.failed.length ? 'crit' : cancel.confirmed < cancel.requested ? 'warn' : 'ok';
  const durable = receipt.durability === 'committed';
  return [
    step('ok', 'Requested', `${clockMillis(receipt.requestedAt)} UTC by ${control.actor}`),
    receipt.closedAt
      ? step(
          'ok',
          'Gate closed',
          `${closedMs < 1 ? 'within 1 ms' : `after ${millis(closedMs)}`}, all in ${millis(receipt.elapsedMs)}`,
        )
      : step('warn', 'Gate closed', 'not yet'),
    step(
      sealed.length === receipt.replicas.length ? 'ok' : 'warn',
      `Sealed by ${sealed.length} of ${receipt.replicas.length}`,
      `${receipt.replicas.map((replica) => replica.id).join(', ')}; ${drained ? `${count(drained, 'order')} under way got out first` : 'no order was under way'}`,
    ),
    lastOrder(control, lastOut, refused, receipt.replicas.map((replica) => replica.at).sort().at(-1)),
    step(
      durable ? 'ok' : 'warn',
      durable ? 'Durable' : 'Not durable yet',
      receipt.audit
        ? `audit #${receipt.audit}, ${receipt.durability} ${clockMillis(receipt.durableAt)}`
        : receipt.durability === 'journaled'
          ? 'in the journal; the store is retried'
          : 'in memory only; do not restart',
    ),
    inDoubt(receipt.inDoubt),
    step(
      cancelKind,
      cancel.mode === 'none' ? 'Orders kept' : 'Orders taken back',
      cancel.mode === 'none'
        ? 'working orders stay at the venue'
        : !cancel.requested
          ? 'none was working'
          : `${cancel.confirmed} of ${cancel.requested} confirmed${cancel.failed.length ? `, ${cancel.failed.length} failed` : ''}` +
            `${cancel.pendingMarketOpen ? `, ${cancel.pendingMarketOpen} when the market opens` : ''}`,
    ),
    exposure(control, receipt.exposureLeft),
  ];
}

function fromRecord(control, timeline) {
  const audit = timeline?.entries.find((entry) => entry.source === 'audit');
  return [
    step('ok', 'Requested', `${clockMillis(control.createdAt)} UTC by ${control.actor}`),
    step('ok', 'In force', `level ${levelName(control.level)}, epoch ${control.epoch}`),
    audit
      ? step('ok', 'Durable', `audit #${audit.attributes.seq}, ${clockMillis(audit.at)}`)
      : step('warn', 'Durable', timeline ? 'no audit row seen yet' : 'the record could not be read'),
    isGlobal(control)
      ? lastOrder(control, state.status?.trading.lastOrderOutAt)
      : step('info', 'Last order out', 'counted for everything only'),
    inDoubt(state.status?.runtime.inDoubt ? { length: state.status.runtime.inDoubt } : []),
    exposure(control, null),
  ];
}

/** An order that was at the gate when it closed leaves before the gate is sealed: after the request, and as promised. */
function lastOrder(control, lastOut, refused, sealedAt = control.createdAt) {
  // For a stop of everything the live state says it too; an order after the stop would have to show here.
  const newest = isGlobal(control) ? (state.status?.trading.lastOrderOutAt ?? lastOut) : lastOut;
  const since = refused === undefined ? '' : `, ${number(refused)} refused since`;
  if (!newest) return step('ok', 'Last order out', `none since the start${since}`);
  const before = Date.parse(control.createdAt) - Date.parse(newest);
  if (before >= 0) return step('ok', 'Last order out', `${millis(before)} before the request${since}`);
  if (newest <= sealedAt)
    return step('ok', 'Last order out', `${millis(-before)} after the request, before the seal${since}`);
  if (control.level === 'reduceOnly')
    return step('info', 'Last order out', `${clock(newest)}, shrinking a position${since}`);
  return step(before < -1000 ? 'crit' : 'warn', 'Last order out', `${millis(-before)} after the request`);
}

function inDoubt(orders) {
  if (!orders.length) return step('ok', 'Nothing in doubt', 'every order has an answer');
  const names = Array.isArray(orders) ? `: ${orders.map((order) => order.order).join(', ')}` : '';
  return step('crit', `${count(orders.length, 'order')} in doubt`, `outcome not known at the venue${names}`);
}

function exposure(control, atStop) {
  const runtime = state.status?.runtime;
  const now = isGlobal(control) && runtime ? runtime : atStop;
  if (!now) return step('info', 'Exposure left', 'see the tenant');
  const words = [count(now.positions, 'position'), count(now.openOrders, 'working order')];
  if (now.withoutVenueStop) words.push(`${now.withoutVenueStop} without a stop at the venue`);
  const kind = now.withoutVenueStop ? 'warn' : 'ok';
  return step(
    kind,
    now.positions ? 'Exposure left' : 'Nothing exposed',
    `${words.join(', ')}${now === runtime ? '' : ' at the stop'}`,
  );
}

/** Under a proof: when it is due for review, its ids, and the receipt to copy (for who has none, the control). */
export function proofFoot(control) {
  const document = () => kept(control.id)?.receipt ?? control;
  return h(
    'div',
    { class: 'proof-foot' },
    h(
      'span',
      null,
      `Review ${Date.parse(control.reviewBy) < serverNow() ? 'was due ' : 'due '}`,
      live(control.reviewBy, 'in'),
    ),
    h('a', { href: `#request/${encodeURIComponent(control.requestId)}` }, 'Timeline of the request'),
    h('span', { class: 'mono muted' }, control.id),
    copyButton(() => JSON.stringify(document(), null, 2), 'Copy receipt', 'Copy the receipt as JSON'),
  );
}
