import type { Profile } from './plugin.ts';
import { registry } from './registry.ts';

/** Upstream's default profile: every plugin, with upstream's weights and arguments. */
export const defaultProfile: Profile = {
  schedulerName: 'default-scheduler',
  plugins: registry.map(({ make, defaults, weight = 0 }) => ({ plugin: make(defaults), weight })),
};
