// What stands inside a line of Markdown: code, emphasis, links.

import { h } from './dom.js';

const spans =
  /(`+)(.+?)\1|\*\*(.+?)\*\*|__(.+?)__|\*([^*\s][^*]*)\*|(?<!\w)_([^_\s][^_]*)_(?!\w)|\[([^\]]+)\]\(([^)\s]+)\)|<(https?:\/\/[^>\s]+)>|\\([\\`*_{}[\]()#+.!|<>-])/;

export function inline(words) {
  const kids = [];
  let rest = words;
  for (let found = spans.exec(rest); found; found = spans.exec(rest)) {
    if (found.index) kids.push(rest.slice(0, found.index));
    const [whole, , code, strong, strong2, em, em2, label, target, bare, escaped] = found;
    if (code !== undefined) kids.push(h('code', null, code.trim()));
    else if (strong ?? strong2) kids.push(h('strong', null, inline(strong ?? strong2)));
    else if (em ?? em2) kids.push(h('em', null, inline(em ?? em2)));
    else if (label) kids.push(link(inline(label), target));
    else if (bare) kids.push(link([bare], bare));
    else kids.push(escaped);
    rest = rest.slice(found.index + whole.length);
  }
  if (rest) kids.push(rest);
  return kids;
}

/** Other runbooks open here, the web in another tab; what is neither stays text. */
function link(kids, target) {
  const runbook = /^(?:\.?\/)?(?:runbooks\/)?([A-Za-z]\w*)(?:\.md)?(?:#.*)?$/.exec(target);
  if (/^https?:\/\//.test(target)) return h('a', { href: target, target: '_blank', rel: 'noreferrer noopener' }, kids);
  return runbook ? h('a', { href: `#runbook/${runbook[1]}` }, kids) : h('span', null, kids);
}
