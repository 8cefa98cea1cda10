// Runbook Markdown to DOM: headings, paragraphs, lists, tables, code blocks with a copy button. Text is only ever text;
// raw HTML in a runbook shows as written.

import { copyButton, h } from './dom.js';
import { inline } from './markdown-inline.js';

const blocksMax = 2_000;
const nestingMax = 6;

/** The elements of a document; `#` becomes a heading of level `top`. */
export function renderMarkdown(source, top = 3) {
  const lines = withoutFrontMatter(source.replace(/\r\n?/g, '\n').split('\n'));
  return blocks(lines, top, 0);
}

function withoutFrontMatter(lines) {
  if (lines[0]?.trim() !== '---') return lines;
  const end = lines.indexOf('---', 1);
  return end > 0 ? lines.slice(end + 1) : lines;
}

const fence = /^(\s*)(```+|~~~+)\s*(\S*)/;
const heading = /^(#{1,6})\s+(.*?)\s*#*\s*$/;
const item = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const rule = /^\s*([-*_])(?:\s*\1){2,}\s*$/;
const divider = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const quote = /^\s*>\s?(.*)$/;

function blocks(lines, top, depth) {
  const found = [];
  let at = 0;
  while (at < lines.length && found.length < blocksMax) {
    const line = lines[at];
    const opening = fence.exec(line);
    if (!line.trim()) at += 1;
    else if (opening) {
      const [, indent, marks, language] = opening;
      let end = at + 1;
      while (end < lines.length && !lines[end].trim().startsWith(marks)) end += 1;
      found.push(
        codeBlock(
          lines
            .slice(at + 1, end)
            .map((text) => text.replace(new RegExp(`^\\s{0,${indent.length}}`), ''))
            .join('\n'),
          language,
        ),
      );
      at = end + 1;
    } else if (heading.test(line)) {
      const [, marks, words] = heading.exec(line);
      found.push(h(`h${Math.min(6, top + marks.length - 1)}`, null, inline(words)));
      at += 1;
    } else if (rule.test(line)) {
      found.push(h('hr'));
      at += 1;
    } else if (line.includes('|') && divider.test(lines[at + 1] ?? '')) {
      let end = at + 2;
      while (end < lines.length && lines[end].includes('|') && lines[end].trim()) end += 1;
      found.push(table(lines.slice(at, end)));
      at = end;
    } else if (quote.test(line)) {
      let end = at;
      while (end < lines.length && quote.test(lines[end])) end += 1;
      const inner = lines.slice(at, end).map((text) => quote.exec(text)[1]);
      found.push(h('blockquote', null, depth < nestingMax ? blocks(inner, top, depth + 1) : inner.join(' ')));
      at = end;
    } else if (item.test(line)) {
      const [list, end] = listAt(lines, at, top, depth);
      found.push(list);
      at = end;
    } else {
      let end = at + 1;
      while (end < lines.length && lines[end].trim() && !startsBlock(lines[end])) end += 1;
      found.push(
        h(
          'p',
          null,
          inline(
            lines
              .slice(at, end)
              .map((text) => text.trim())
              .join(' '),
          ),
        ),
      );
      at = end;
    }
  }
  return found;
}

const startsBlock = (line) => [fence, heading, item, rule, quote].some((pattern) => pattern.test(line));

/** One list with everything indented below its items. */
function listAt(lines, start, top, depth) {
  const [, indent, marker] = item.exec(lines[start]);
  const isOrdered = /\d/.test(marker);
  const items = [];
  let at = start;
  while (at < lines.length) {
    const found = item.exec(lines[at]);
    if (!found || found[1].length !== indent.length || /\d/.test(found[2]) !== isOrdered) break;
    const body = [found[3]];
    const column = indent.length + found[2].length + 1;
    at += 1;
    while (at < lines.length) {
      const line = lines[at];
      const isBelow = line.search(/\S/) >= Math.min(column, indent.length + 2);
      const isLazy = line.trim() && lines[at - 1].trim() && !startsBlock(line);
      if (line.trim() ? !isBelow && !isLazy : !(lines[at + 1]?.search(/\S/) >= indent.length + 2)) break;
      body.push(line.replace(new RegExp(`^\\s{0,${column}}`), ''));
      at += 1;
    }
    items.push(depth < nestingMax ? itemBody(body, top, depth + 1) : body.join(' '));
    while (at < lines.length && !lines[at].trim() && item.test(lines[at + 1] ?? '')) at += 1;
  }
  const start1 = isOrdered ? Number.parseInt(marker, 10) : 1;
  return [
    h(
      isOrdered ? 'ol' : 'ul',
      { start: isOrdered && start1 !== 1 ? start1 : null },
      items.map((kids) => h('li', null, kids)),
    ),
    at,
  ];
}

/** An item of one paragraph is not wrapped in one. */
function itemBody(lines, top, depth) {
  const kids = blocks(lines, top, depth);
  return kids[0]?.tagName === 'P' ? [...kids[0].childNodes, ...kids.slice(1)] : kids;
}

const languages = { sh: 'Shell', promql: 'PromQL', text: 'Text', json: 'JSON' };

function codeBlock(code, language) {
  return h(
    'div',
    { class: 'code' },
    h(
      'div',
      { class: 'code-head' },
      h('span', null, languages[language] ?? (language || 'Text')),
      copyButton(() => code, 'Copy', `Copy this ${language || 'text'} block`),
    ),
    h('pre', { tabindex: '0', 'aria-label': `${language || 'text'} block` }, h('code', null, code)),
  );
}

function table(lines) {
  const cells = (line) =>
    line
      .trim()
      .replace(/^\||\|$/g, '')
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('\\|', '|'));
  const [head, alignment, ...rows] = lines.map(cells);
  const isRight = alignment.map((cell) => /[^:]:$|^-+:$/.test(cell));
  const cell = (tag, words, index) =>
    h(tag, { scope: tag === 'th' ? 'col' : null, class: isRight[index] ? 'num' : null }, inline(words));
  return h(
    'div',
    { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Table' },
    h(
      'table',
      null,
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          head.map((words, i) => cell('th', words, i)),
        ),
      ),
      h(
        'tbody',
        null,
        rows.map((row) =>
          h(
            'tr',
            null,
            row.map((words, i) => cell('td', words, i)),
          ),
        ),
      ),
    ),
  );
}
