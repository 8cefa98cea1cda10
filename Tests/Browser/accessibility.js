// Runs in the page: what a person with other eyes or other hands would stumble over. Answers sentences.
() => {
  const found = new Set();
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });

  function rgba(colour) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  }
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);

  /** What is painted behind an element: its own and its ancestors' backgrounds, from the outside in. */
  function backdrop(element) {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      layers.push(rgba(getComputedStyle(at).backgroundColor));
      if (at.localName === 'dialog') break;
    }
    return layers.reduceRight((under, top) => over(top, under), [255, 255, 255, 1]);
  }

  function luminance(colour) {
    const [r, g, b] = colour.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  function contrast(a, b) {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  }

  const isShown = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('.sr, noscript');
  const top = document.querySelector('dialog[open]') ?? document.body;
  const say = (element, words) =>
    found.add(`${element.localName}.${element.className.baseVal ?? element.className} “${(element.textContent ?? '').trim().slice(0, 40)}” ${words}`);

  // Contrast: WCAG 2.2, 1.4.3 for text and 1.4.11 for the shapes that carry a state.
  const texts = document.createTreeWalker(top, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || !isShown(element) || element.closest('svg')) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const under = backdrop(element);
    const ratio = contrast(over(rgba(style.color), under), under);
    if (ratio < (isLarge ? 3 : 4.5)) say(element, `has contrast ${ratio.toFixed(2)}`);
  }
  for (const shape of top.querySelectorAll('svg.g')) {
    const under = backdrop(shape);
    const ratio = contrast(over(rgba(getComputedStyle(shape).color), under), under);
    if (isShown(shape) && ratio < 3) say(shape, `is a shape with contrast ${ratio.toFixed(2)}`);
  }

  // Names: 4.1.2, 1.1.1, 1.3.1.
  const byId = (ids) => (ids ?? '').split(/\s+/).filter(Boolean).map((id) => document.getElementById(id));
  function nameOf(element) {
    const labelled = byId(element.getAttribute('aria-labelledby')).map((other) => other?.textContent).join(' ');
    const labels = [...(element.labels ?? [])].map((label) => label.textContent).join(' ');
    return (labelled || element.getAttribute('aria-label') || labels || element.textContent || '').trim();
  }
  const controls = 'a, button, input, select, textarea, summary, dialog, section, nav, [role], [tabindex="0"]';
  for (const element of top.querySelectorAll(controls)) {
    const needsNone = ['status', 'alert', 'presentation'].includes(element.getAttribute('role'));
    if (isShown(element) && !needsNone && !nameOf(element)) say(element, 'has no name');
  }
  for (const element of top.querySelectorAll('[aria-labelledby], [aria-describedby], [aria-controls]')) {
    if (!isShown(element)) continue;
    for (const name of ['aria-labelledby', 'aria-describedby', 'aria-controls'])
      if (byId(element.getAttribute(name)).includes(null)) say(element, `names an id that is not there in ${name}`);
  }
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  for (const id of ids.filter((id, index) => ids.indexOf(id) !== index)) found.add(`id ${id} is there twice`);
  for (const cell of top.querySelectorAll('th')) if (!cell.scope) say(cell, 'has no scope');
  for (const drawing of top.querySelectorAll('svg, canvas'))
    if (drawing.getAttribute('aria-hidden') !== 'true') say(drawing, 'is neither hidden nor named');

  // Headings go down one level at a time: 1.3.1, 2.4.6.
  let level = top.localName === 'dialog' ? 1 : 0;
  for (const heading of top.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
    if (!heading.checkVisibility()) continue;
    const own = Number(heading.localName[1]);
    if (own > level + 1) say(heading, `skips from level ${level} to ${own}`);
    level = own;
  }

  // Targets of at least 24 pixels, unless inside a sentence: 2.5.8.
  for (const element of top.querySelectorAll('a, button, select, textarea, summary, input:not(.seg input)')) {
    const box = element.getBoundingClientRect();
    const isInline = getComputedStyle(element).display === 'inline' && element.localName === 'a';
    const isInLabel = element.closest('label') !== null;
    if (isShown(element) && !isInline && !isInLabel && !element.matches('.skip') && Math.min(box.width, box.height) < 23.5)
      say(element, `is a target of ${Math.round(box.width)} by ${Math.round(box.height)} pixels`);
  }

  if (!document.documentElement.lang) found.add('the page has no language');
  if (!document.title) found.add('the page has no title');
  if ([...document.querySelectorAll('main')].filter(isShown).length !== 1) found.add('there is not exactly one main');
  return [...found];
}
