// What a screen reader is told without moving focus. Halts and lost data interrupt; the rest waits its turn.

import { $ } from './dom.js';

export function announce(words, isUrgent = false) {
  const region = $(isUrgent ? '#live-urgent' : '#live');
  region.textContent = '';
  // A changed text is announced only when the region was seen empty first.
  setTimeout(() => {
    region.textContent = words;
  }, 60);
}
