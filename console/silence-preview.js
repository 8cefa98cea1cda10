// What a silence would mute, before it exists.

import { h } from './dom.js';
import { warnNote } from './dialog.js';
import { count } from './format.js';

const shownMax = 6;

export function silencePreview({ alerts, neverMuted, activeAlerts }) {
  const rest = alerts.length - shownMax;
  const never = neverMuted.map((item) => item.name).join(', ');
  return [
    h('p', null, h('b', null, `Mutes ${count(alerts.length, 'active alert')}`), ` of ${activeAlerts}`),
    alerts.length > 0 &&
      h(
        'ul',
        { class: 'plain two' },
        alerts.slice(0, shownMax).map((item) => h('li', null, `${item.name}: ${item.summary}`)),
        rest > 0 && h('li', null, `and ${rest} more`),
      ),
    never && warnNote(`${never}: told all the same. What acts by itself, and the watchdog, is never silenced.`),
  ].filter(Boolean);
}
