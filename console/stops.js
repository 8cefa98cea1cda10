// Stops in force with their proof, releases waiting for a second admin, and the last release this tab made.

import { $, attr, h, keyed, mark, put, text } from './dom.js';
import { live } from './ages.js';
import { controlTitle, isGlobal, pendingRelease, scopeName, scopeTitle } from './controls.js';
import { clockMillis, count } from './format.js';
import { may, on, set, state } from './store.js';
import { keepReceipt, proofFoot, renderProof } from './proof.js';
import { approve, deny } from './approve.js';
import { openRelease } from './release.js';
import { proposalRow } from './proposals.js';

const parts = {};

export function mountStops() {
  parts.title = h('h2', { id: 'stops-h', tabindex: '-1' });
  parts.released = h('div');
  parts.proposals = h('ul', { class: 'rows' });
  parts.approvals = h('ul', { class: 'rows' });
  parts.controls = h('ul', { class: 'rows' });
  parts.empty = h(
    'p',
    { class: 'empty' },
    'A stop appears here with its proof, and a release that waits for a second admin with its reason.',
  );
  put($('#stops'), h('header', null, parts.title), parts.released, parts.proposals, parts.approvals, parts.controls, parts.empty);
  on('status', render);
  on('section', (section) => {
    parts.isWanted = section === 'stops';
    render();
  });
  on('receipt', (receipt) => {
    if (['released', 'releasing'].includes(receipt.state)) showRelease(receipt);
    else {
      keepReceipt(receipt);
      parts.focusOn = receipt.control;
    }
    render();
  });
}

function render() {
  const controls = state.status?.controls;
  if (!controls) return;
  const { active, pendingApprovals, proposals = [] } = controls;
  const isEmpty = !active.length && !pendingApprovals.length && !proposals.length && !parts.released.firstElementChild;
  // Nothing stopped is said in the state bar; a card for it appears only to whoever came to look.
  $('#stops').hidden = isEmpty && !parts.isWanted;
  parts.empty.hidden = !isEmpty;
  const words = [];
  if (active.length) words.push(`${count(active.length, 'stop')} in force`);
  if (pendingApprovals.length)
    words.push(`${count(pendingApprovals.length, 'release waits', 'releases wait')} for approval`);
  if (proposals.length) words.push(`${count(proposals.length, 'rule proposes', 'rules propose')} a stop`);
  text(parts.title, words.join(', ') || (isEmpty ? 'No stop is in force' : 'Released'));
  // With one row the row says it all; the heading stays for those who navigate by headings.
  attr(
    parts.title.parentElement,
    'class',
    active.length + pendingApprovals.length + proposals.length + parts.released.childElementCount === 1 ? 'sr' : null,
  );
  keyed(parts.proposals, proposals, (item) => `${item.id} ${state.me.role}`, proposalRow);
  keyed(parts.approvals, pendingApprovals, (item) => `${item.id} ${state.me.role}`, approvalRow, updateApproval);
  keyed(parts.controls, active, (item) => item.id, controlRow, updateControl);
  set('stopCount', active.length + pendingApprovals.length + proposals.length);
  if (parts.focusOn && active.some((control) => control.id === parts.focusOn)) {
    parts.focusOn = null;
    parts.title.focus();
  }
}

function controlRow(control) {
  const proof = h('ol', { class: 'steps', 'aria-label': 'Proof of the stop' });
  const action = h('div', { class: 'do' });
  const by = control.origin === 'human' ? control.actor : control.origin;
  const row = h(
    'li',
    { class: 'stop', 'data-control': control.id },
    h(
      'div',
      { class: 'line' },
      mark('halt', controlTitle(control), true),
      h('span', { class: 'nm' }, scopeTitle(control), h('span', { class: 'sc' }, control.reason)),
      h('span', { class: 'two by' }, `by ${by}, `, live(control.createdAt)),
      action,
    ),
    h('div', { class: 'proof' }, proof, proofFoot(control)),
  );
  row.parts = { proof, action };
  return row;
}

function updateControl(row, control) {
  renderProof(row.parts.proof, control);
  // The only stop of everything has its button in the state bar.
  const isInBar = isGlobal(control) && state.status.controls.active.length === 1 && may.release();
  const waits = pendingRelease([control]) !== undefined;
  const key = `${waits} ${isInBar} ${state.me.role}`;
  if (row.actionKey === key) return;
  row.actionKey = key;
  put(
    row.parts.action,
    waits ? h('span', { class: 'two' }, 'release asked for') : isInBar ? null : releaseButton(control),
  );
}

function releaseButton(control) {
  if (!may.release()) return h('span', { class: 'two' }, 'an admin can release it');
  const ask = () => openRelease({ kind: 'control', controls: [control] });
  return h('button', { type: 'button', class: 'btn sm', onclick: ask }, 'Request release');
}

function approvalRow(item) {
  const error = h('div', { class: 'problem-slot' });
  const stale = h('p', { class: 'sc' });
  const isOwn = item.requestedBy === state.me.subject;
  const row = h(
    'li',
    { class: 'approval', 'data-approval': item.id },
    h(
      'div',
      { class: 'line' },
      mark('info', 'Approval', true),
      h(
        'span',
        { class: 'nm' },
        `Release ${item.scopes.map(scopeName).join('; ')}`,
        h('span', { class: 'sc' }, item.reason),
        stale,
      ),
      h(
        'span',
        { class: 'two by' },
        `asked by ${item.requestedBy} `,
        live(item.requestedAt),
        h('span', { class: 'sc' }, 'expires ', live(item.expiresAt, 'in')),
      ),
      h(
        'div',
        { class: 'do' },
        isOwn && h('span', { class: 'two' }, 'needs another admin'),
        !isOwn && !may.release() && h('span', { class: 'two' }, 'an admin decides'),
        !isOwn &&
          may.release() && [
            h('button', { type: 'button', class: 'btn sm', onclick: () => deny(item, error) }, 'Deny'),
            h('button', { type: 'button', class: 'btn sm primary', onclick: () => approve(item) }, 'Approve'),
          ],
      ),
    ),
    error,
  );
  row.parts = { stale };
  return row;
}

function updateApproval(row, item) {
  const moved = state.status.controls.epoch !== item.epoch;
  text(
    row.parts.stale,
    moved ? 'The control state changed since this was asked; approving will be refused. Deny it and ask again.' : '',
  );
}

function showRelease(receipt) {
  put(
    parts.released,
    h(
      'div',
      { class: 'line released' },
      mark('ok', 'Released', true),
      h('span', { class: 'nm' }, scopeTitle(receipt), h('span', { class: 'sc mono' }, receipt.controls.join(' '))),
      h(
        'span',
        { class: 'two by' },
        receipt.durableAt ? `${clockMillis(receipt.durableAt)} UTC, ${receipt.durability}` : receipt.durability,
        h(
          'span',
          { class: 'sc' },
          receipt.audit ? `audit #${receipt.audit}, epoch ${receipt.epoch}` : `epoch ${receipt.epoch}`,
        ),
      ),
      h(
        'div',
        { class: 'do' },
        h('a', { class: 'btn sm', href: `#request/${receipt.requestId}` }, 'Timeline'),
        h('button', { type: 'button', class: 'btn sm quiet', 'aria-label': 'Dismiss', onclick: dismiss }, 'Dismiss'),
      ),
    ),
  );
  attr(parts.released, 'data-released', receipt.control);
  parts.focusOn = null;
}

function dismiss() {
  put(parts.released);
  render();
  $('#main').focus();
}
