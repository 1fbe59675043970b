import type { Pod } from '@navarch/api';
import type { Profile, Weighted } from './plugin.ts';
import type { DomainLimit } from './snapshot/domain-limits.ts';
import type { Snapshot } from './snapshot/snapshot.ts';

/** A plugin that has something to say of a pod, and what it prepared for that. */
export interface Ready {
  readonly plugin: Weighted['plugin'];
  readonly prepared: unknown;
  /** All that it asks of nodes as they are, where that can be told by their slots. */
  readonly limits: readonly DomainLimit[] | undefined;
}

/** Which plugins of a profile do what: the same for every pod. */
interface Roles {
  readonly localFilters: readonly Weighted[];
  readonly globalFilters: readonly Weighted[];
  /** Scorers that look at one node only: those whose scores are final, and those who compare them. */
  readonly final: readonly Weighted[];
  readonly compared: readonly Weighted[];
}

const roles = new WeakMap<Profile, Roles>();

export function rolesOf(profile: Profile): Roles {
  const known = roles.get(profile);
  if (known) return known;
  const filters = profile.plugins.filter(({ plugin }) => plugin.filter);
  const scorers = profile.plugins.filter(({ plugin, weight }) => plugin.score && plugin.scope === 'node' && weight > 0);
  const found: Roles = {
    localFilters: filters.filter(({ plugin }) => plugin.scope === 'node'),
    globalFilters: filters.filter(({ plugin }) => plugin.scope === 'cluster'),
    final: scorers.filter(({ plugin }) => !plugin.normalize),
    compared: scorers.filter(({ plugin }) => plugin.normalize),
  };
  roles.set(profile, found);
  return found;
}

/** Those that have something to filter for the pod. */
export function ready(filters: readonly Weighted[], pod: Pod, snapshot: Snapshot): readonly Ready[] {
  const found: Ready[] = [];
  for (const { plugin } of filters) {
    const prepared: unknown = plugin.prepare?.(pod, snapshot);
    if (plugin.prepare && prepared === undefined) continue;
    found.push({ plugin, prepared, limits: plugin.limits?.(prepared) });
  }
  return found;
}
