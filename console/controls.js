// Words for controls, and questions about them.

import { state } from './store.js';

/** On everything, rather than on a tenant, profile, venue or symbol. */
export const isGlobal = (control) => !control.tenant && !control.profile && !control.venue && !control.symbol;

/** A scope as people say it. */
export const scopeName = (scope) => (scope === 'global' ? 'everything' : scope);

const capital = (words) => words[0].toUpperCase() + words.slice(1);
export const scopeTitle = ({ scope }) => capital(scopeName(scope));

export const levelName = (level) => (level === 'reduceOnly' ? 'reduce only' : level);

/** What a control does, in one word or two. */
export const controlTitle = (control) => (control.kind === 'disable' ? 'Disabled' : capital(levelName(control.level)));

/** Controls in force of exactly one tenant or profile: those that `enable` would lift. */
export function controlsOf(tenant, profile) {
  return (state.status?.controls.active ?? []).filter(
    (control) => control.tenant === tenant && control.profile === profile && !control.venue && !control.symbol,
  );
}

/** The pending release of any of these controls. */
export function pendingRelease(controls) {
  return state.status.controls.pendingApprovals.find((item) =>
    controls.some((control) => item.controls.includes(control.id)),
  );
}
