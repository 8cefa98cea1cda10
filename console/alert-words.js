// Words for alerts: how bad, about what, and what their rule calls for.

export const severityLook = (alert) => {
  if (alert.state !== 'firing') return { kind: 'info', word: 'Pending' };
  if (alert.severity === 'critical') return { kind: 'crit', word: 'Critical' };
  return alert.severity === 'warning'
    ? { kind: 'warn', word: 'Warning' }
    : { kind: 'info', word: alert.severity || 'Info' };
};

/** What an alert is about, without what every alert has. */
export function scopeLabels(alert) {
  const hidden = new Set(['alertname', 'severity', 'control', 'control_mode', 'job', 'instance', 'replica']);
  return Object.entries(alert.labels).filter(([name]) => !hidden.has(name));
}

/** What a rule calls for, in words and as a preset of the halt dialog; null when it calls for nothing. */
export function proposed({ control, labels }) {
  const { tenant, profile } = labels;
  switch (control) {
    case 'global_halt':
      return { words: 'halting everything', scope: 'global' };
    case 'tenant_disable':
      return { words: `stopping ${tenant ? `tenant ${tenant}` : 'a tenant'}`, scope: 'tenant', tenant };
    case 'profile_disable':
      return {
        words: `stopping ${profile ? `profile ${tenant}/${profile}` : 'a profile'}`,
        scope: 'profile',
        tenant,
        profile,
      };
    default:
      return null;
  }
}
