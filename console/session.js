// Signing in and out. The token goes to the server once and comes back as a cookie no script can read.

import { $, attr, h, put, text } from './dom.js';
import { call, get } from './api.js';
import { problemNote } from './dialog.js';
import { set, state } from './store.js';

const channel = new BroadcastChannel('bw-session');

/** Who is signed in; null when nobody is. */
export async function whoAmI() {
  try {
    return await get('/admin/me', { isSignIn: true });
  } catch (problem) {
    if (problem.status === 401) return null;
    throw problem;
  }
}

/** Signs in with `{key}` of a sign-in link or `{token}`. Throws `Problem`. */
export async function signIn(credential) {
  const { data } = await call('POST', '/console/session', { body: credential, isSignIn: true });
  channel.postMessage('changed');
  return data;
}

export async function signOut() {
  await call('DELETE', '/console/session', { isSignIn: true }).catch(() => {});
  channel.postMessage('changed');
  location.assign('/');
}

/** Another tab signed in or out: the cookie is shared, so what this page shows about itself is no longer true. */
export function followOtherTabs() {
  channel.onmessage = () => location.reload();
}

/** The key of a demo sign-in link, taken out of the address so that it is in no history and no screenshot. */
export function takeLinkKey() {
  const url = new URL(location.href);
  const key = url.searchParams.get('k');
  if (key !== null) {
    url.searchParams.delete('k');
    history.replaceState(null, '', url);
  }
  return key;
}

/** Shows the sign-in form in place of the page. */
export function showSignIn(problem, onSignedIn) {
  $('#app').hidden = true;
  const page = $('#signin');
  page.hidden = false;
  document.title = 'Sign in · Breakwater';
  const note = h('div', { class: 'problem-slot' });
  const token = h('textarea', {
    id: 'token',
    class: 'field mono',
    rows: '4',
    required: true,
    spellcheck: 'false',
    autocomplete: 'off',
    autocapitalize: 'off',
    'aria-describedby': 'token-help',
  });
  const button = h('button', { class: 'btn primary big' }, 'Sign in');
  const form = h(
    'form',
    { class: 'card signin', 'aria-labelledby': 'signin-h', novalidate: true },
    h('h1', { id: 'signin-h' }, 'Sign in to Breakwater'),
    h('p', { class: 'two' }, 'Stop trading, see that it stopped, find out what happened.'),
    note,
    h('label', { for: 'token' }, 'Access token'),
    token,
    h(
      'p',
      { id: 'token-help', class: 'muted' },
      'Paste a token of your issuer. It is kept on the server; this browser holds only a session cookie.',
    ),
    button,
    h(
      'div',
      { class: 'hint' },
      h('p', { class: 'two' }, 'At a demo, use the links it printed, or sign a token:'),
      h('pre', null, h('code', null, 'breakwater token sign --role admin --sub you --data ./data/demo')),
    ),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const pasted = token.value.trim().replace(/^bearer\s+/i, '');
    if (!pasted) {
      put(note, problemNote('Paste a token first.'));
      token.focus();
      return;
    }
    attr(button, 'aria-busy', 'true');
    try {
      onSignedIn(await signIn({ token: pasted }));
    } catch (failure) {
      put(note, problemNote('You are not signed in.', failure));
      token.focus();
    } finally {
      attr(button, 'aria-busy', null);
    }
  });
  put(page, form);
  if (problem) put(note, problemNote(problem.isFirstVisit ? null : 'You are signed out.', problem));
  token.focus();
}

/** The page itself, for whoever is signed in. */
export function showApp(me) {
  set('me', me);
  $('#signin').hidden = true;
  put($('#signin'));
  $('#app').hidden = false;
  const isLive = me.environment === 'live';
  attr(document.body, 'data-environment', me.environment);
  put(
    $('#session-button'),
    h('span', { class: isLive ? 'live' : 'live outlined' }, me.environment.toUpperCase()),
    h('span', null, me.replica),
    h('span', { class: 'sr' }, ', session and settings'),
  );
  put(
    $('#who'),
    h('b', null, me.subject),
    h('span', { class: 'muted' }, roleWords()),
    h('button', { type: 'button', class: 'linkish', onclick: signOut }, 'Sign out'),
  );
}

const roles = {
  admin: 'admin: may stop, ask for and approve releases',
  operator: 'on call: may stop, not start again',
  support: 'support: read only',
};

export const roleWords = () => roles[state.me.role] ?? `role ${state.me.role}`;

/** In place of the page, for a role the console has nothing for. */
export function showRefused(problem) {
  const box = h(
    'div',
    { class: 'card signin' },
    h('h1', null, 'Nothing to see here'),
    problemNote(null, problem),
    h('button', { type: 'button', class: 'btn', onclick: signOut }, 'Sign out'),
  );
  $('#app').hidden = true;
  $('#signin').hidden = false;
  text(put($('#signin'), box).querySelector('h1'), 'This console is not for your role');
}
