// What a stop is for: everything, a tenant, a venue or a profile.

import { h, put } from './dom.js';
import { choices } from './dialog.js';
import { count } from './format.js';
import { state } from './store.js';

export class ScopePicker {
  #preset;
  #profiles = new Map();
  #get = null;

  constructor(preset, onChange) {
    this.#preset = preset;
    this.onChange = onChange;
    const tenants = (state.tenants ?? []).map((item) => item.tenant);
    const select = (label, options) =>
      h(
        'select',
        { class: 'field', 'aria-label': label, onchange: () => this.#picked() },
        options.map((option) => h('option', { value: option }, option)),
      );
    this.tenant = select('Tenant', tenants);
    this.profile = select('Profile', []);
    this.venue = select('Venue', []);
    this.choice = choices(
      'What to stop',
      'scope',
      [
        {
          value: 'global',
          title: 'Everything',
          detail: count(tenants.length || (state.status?.tenants.total ?? 0), 'tenant'),
        },
        { value: 'tenant', title: 'One tenant', detail: preset.tenant ?? 'choose' },
        { value: 'profile', title: 'One profile', detail: preset.profile ?? 'choose' },
        { value: 'venue', title: 'One venue', detail: preset.venue ?? 'choose' },
      ],
      () => this.#picked(),
    );
    this.choice.value = preset.scope ?? 'global';
    if (preset.tenant) this.tenant.value = preset.tenant;
    this.names = h('div', { class: 'names' });
    this.element = preset.kind === 'disable' ? null : h('div', null, this.choice.element, this.names);
    this.#showNames();
  }

  /** Loads what is not on the page yet: venues, and the chosen tenant's profiles. */
  async load(get) {
    this.#get = get;
    const venues = await get('/prometheus/api/v1/label/venue/values').then(
      (body) => body.data,
      () => [],
    );
    put(
      this.venue,
      venues.map((venue) => h('option', { value: venue }, venue)),
    );
    if (this.#preset.venue) this.venue.value = this.#preset.venue;
    this.choice.show(['global', 'tenant', 'profile', ...(venues.length ? ['venue'] : [])]);
    await this.#loadProfiles();
    this.onChange();
  }

  async #loadProfiles() {
    const tenant = this.tenant.value;
    if (!tenant || !this.#get) return;
    if (!this.#profiles.has(tenant)) {
      const names = await this.#get(`/admin/tenants/${encodeURIComponent(tenant)}/profiles`).then(
        (page) => page.items.map((item) => item.profile),
        () => [],
      );
      this.#profiles.set(tenant, names);
    }
    const before = this.profile.value || this.#preset.profile;
    put(
      this.profile,
      this.#profiles.get(this.tenant.value)?.map((name) => h('option', { value: name }, name)),
    );
    if (before) this.profile.value = before;
    if (!this.profile.value) this.profile.selectedIndex = 0;
  }

  async #picked() {
    this.#showNames();
    if (this.choice.value === 'profile') await this.#loadProfiles();
    this.onChange();
  }

  #showNames() {
    const scope = this.choice.value;
    put(
      this.names,
      ['tenant', 'profile'].includes(scope) && this.tenant,
      scope === 'profile' && this.profile,
      scope === 'venue' && this.venue,
    );
  }

  get value() {
    const scope = this.choice.value;
    const { tenant, profile } =
      this.#preset.kind === 'disable' ? this.#preset : { tenant: this.tenant.value, profile: this.profile.value };
    switch (scope) {
      case 'tenant':
        return { scope, tenant };
      case 'profile':
        return { scope, tenant, profile };
      case 'venue':
        return { scope, venue: this.venue.value };
      default:
        return { scope: 'global' };
    }
  }

  /** Whether what is chosen has its names yet: a tenant's profiles are asked for when it is chosen. */
  get isNamed() {
    return Object.values(this.value).every(Boolean);
  }

  /** The scope as the command line names it. */
  get option() {
    const { scope, tenant, profile, venue } = this.value;
    if (scope === 'global') return '--all';
    return scope === 'profile' ? `--profile ${tenant}/${profile}` : `--${scope} ${tenant ?? venue}`;
  }

  get words() {
    const { scope, tenant, profile, venue } = this.value;
    if (scope === 'global') return 'everything';
    return scope === 'profile' ? `${tenant}/${profile}` : `${scope} ${tenant ?? venue}`;
  }

  get disablePath() {
    const { tenant, profile } = this.#preset;
    const base = `/admin/tenants/${encodeURIComponent(tenant)}`;
    return profile ? `${base}/profiles/${encodeURIComponent(profile)}/disable` : `${base}/disable`;
  }
}
