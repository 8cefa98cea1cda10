// What the address names: a section of the overview, or one thing opened in its place. Back is back.

import { $, attr, h, icon, put } from './dom.js';
import { emit } from './store.js';
import { openAlert, openRunbook } from './view-alert.js';
import { openDesk } from './view-desk.js';
import { openRequest } from './view-request.js';
import { openTenant } from './view-tenant.js';

const sections = ['ops', 'stops', 'alerts', 'signals', 'requests', 'tenants', 'changes'];
const views = {
  alert: { open: openAlert, name: 'Alert' },
  runbook: { open: openRunbook, name: 'Runbook' },
  request: { open: openRequest, name: 'Request' },
  tenant: { open: openTenant, name: 'Tenant' },
  desk: { open: openDesk, name: 'Alert desk' },
};

let close = () => {};
let overviewScroll = 0;
let overviewFocus = null;
let isDetail = false;
/** The section last asked for: marked until the reader scrolls away by hand. */
let pinned = null;

export function startRouting() {
  addEventListener('hashchange', () => follow());
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && isDetail && !event.defaultPrevented && !$('dialog[open]')) goTo('ops');
  });
  const seen = new IntersectionObserver(spy, { rootMargin: '-64px 0px -55% 0px' });
  for (const id of sections) seen.observe($(`#${id}`));
  for (const event of ['wheel', 'touchmove', 'pointerdown', 'keydown'])
    addEventListener(event, unpin, { passive: true });
  follow(true);
}

export function goTo(hash) {
  if (location.hash === `#${hash}`) follow();
  else location.hash = hash;
}

function follow(isFirst = false) {
  const [kind, ...rest] = location.hash.slice(1).split('/');
  const view = views[kind];
  const id = decode(rest.join('/'));
  if (view && id) showDetail(view, id);
  else showOverview(sections.includes(kind) ? kind : 'ops', isFirst);
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function showDetail(view, id) {
  if (!isDetail) {
    overviewScroll = scrollY;
    overviewFocus = document.activeElement;
  }
  isDetail = true;
  close();
  $('#overview').hidden = true;
  const detail = $('#detail');
  detail.hidden = false;
  const title = h('h2', { class: 'view-title', tabindex: '-1' }, view.name);
  const body = h('div', { class: 'view-body' });
  const actions = h('div', { class: 'view-actions' });
  put(
    detail,
    h(
      'div',
      { class: 'view-head' },
      h('a', { class: 'btn sm', href: '#ops' }, icon('back'), 'Overview'),
      title,
      actions,
    ),
    body,
  );
  close = view.open({ title, body, actions }, id) ?? (() => {});
  point(null);
  scrollTo(0, 0);
  title.focus({ preventScroll: true });
}

function showOverview(section, isFirst) {
  const wasDetail = isDetail;
  isDetail = false;
  close();
  close = () => {};
  put($('#detail'));
  $('#detail').hidden = true;
  $('#overview').hidden = false;
  if (wasDetail && section === 'ops') {
    pinned = null;
    scrollTo(0, overviewScroll);
    if (overviewFocus?.isConnected) overviewFocus.focus({ preventScroll: true });
    else $('#main').focus({ preventScroll: true });
    return;
  }
  emit('section', section);
  pinned = section;
  if (isFirst && section === 'ops') return point('ops');
  const target = $(`#${section}`);
  if (section === 'ops') scrollTo(0, 0);
  else target.scrollIntoView({ block: 'start' });
  point(section);
  if (!isFirst) {
    const heading = $('h1, h2', target) ?? target;
    attr(heading, 'tabindex', '-1');
    heading.focus({ preventScroll: true });
  }
}

function unpin() {
  pinned = null;
}

/** Marks where the reader is, in the rail and in the tabs. */
function point(section) {
  for (const link of document.querySelectorAll('.rail a.n, .tabs a'))
    attr(link, 'aria-current', link.hash === `#${section}` ? 'location' : null);
}

const visible = new Set();

function spy(entries) {
  for (const { target, isIntersecting } of entries) visible[isIntersecting ? 'add' : 'delete'](target.id);
  if (isDetail || pinned) return;
  const topmost = scrollY < 40 ? 'ops' : sections.find((id) => visible.has(id));
  if (topmost) point(topmost);
}
