// Building and patching DOM. Nothing here takes markup as a string: the page runs under Trusted Types with no policy.

const SVG = 'http://www.w3.org/2000/svg';

export const $ = (selector, root = document) => root.querySelector(selector);

/** An element. A function value is a listener (`onclick`); null, undefined and false are left out. */
export function h(tag, props, ...kids) {
  return fill(document.createElement(tag), props, kids);
}

/** The same in the SVG namespace. */
export function svg(tag, props, ...kids) {
  return fill(document.createElementNS(SVG, tag), props, kids);
}

function fill(element, props, kids) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...present(kids));
  return element;
}

const present = (kids) => kids.flat(Infinity).filter((kid) => kid !== undefined && kid !== null && kid !== false);

/** Replaces what is inside an element. */
export function put(element, ...kids) {
  element.replaceChildren(...present(kids));
  return element;
}

/** Sets text only when it differs, so that selections and screen readers are left alone. */
export function text(element, value) {
  const wanted = String(value ?? '');
  if (element.textContent !== wanted) element.textContent = wanted;
  return element;
}

/** Sets or removes an attribute only when it differs. */
export function attr(element, name, value) {
  if (value === undefined || value === null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** A severity's shape: ok ring, info square, warn triangle, crit octagon, halt bars, stale dashes. */
export function glyph(name) {
  return svg('svg', { class: `g ${name}`, 'aria-hidden': 'true' }, svg('use', { href: `#g-${name}` }));
}

export function setGlyph(element, name) {
  attr(element, 'class', `g ${name}`);
  attr(element.firstElementChild, 'href', `#g-${name}`);
}

export function icon(name) {
  return svg('svg', { class: 'i', 'aria-hidden': 'true' }, svg('use', { href: `#i-${name}` }));
}

/** Shape and word together; `isTinted` colours the word too. */
export function mark(kind, word, isTinted = false) {
  return h('span', { class: isTinted ? `st ${kind}` : 'st' }, glyph(kind), h('span', null, word));
}

export function setMark(element, kind, word, isTinted = false) {
  attr(element, 'class', isTinted ? `st ${kind}` : 'st');
  setGlyph(element.firstElementChild, kind);
  text(element.lastElementChild, word);
}

/**
 * Makes the children of `parent` show `items` in order, reusing the row of each key. Rows that stay are not touched
 * beyond `update`, so focus and selection survive a refresh.
 */
export function keyed(parent, items, keyOf, make, update) {
  const old = parent.rowsByKey ?? new Map();
  const next = new Map();
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    if (next.has(key)) continue;
    const row = old.get(key) ?? make(item);
    update?.(row, item);
    next.set(key, row);
    if (row === place) place = place.nextElementSibling;
    else parent.insertBefore(row, place);
  }
  for (const [key, row] of old) if (!next.has(key)) row.remove();
  parent.rowsByKey = next;
}

/** A button that copies; says so in its own label, where the eye is. */
export function copyButton(read, label = 'Copy', describe = 'Copy') {
  const word = h('span', null, label);
  const button = h('button', { type: 'button', class: 'btn sm quiet', 'aria-label': describe }, icon('copy'), word);
  button.addEventListener('click', async () => {
    text(word, (await copy(read())) ? 'Copied' : 'Select and copy');
    setTimeout(() => text(word, label), 1600);
  });
  return button;
}

async function copy(value) {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    return false; // not a secure context, or refused
  }
}

/** A command line with its copy button. */
export function commandLine(read) {
  const code = h('code', null, read());
  const box = h(
    'div',
    { class: 'cmd' },
    code,
    copyButton(() => code.textContent, 'Copy', 'Copy the command'),
  );
  box.refresh = () => text(code, read());
  return box;
}
