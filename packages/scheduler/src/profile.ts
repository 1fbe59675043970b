import { composeProfile } from './config/compose-profile.ts';
import { mergePlugins } from './config/merge-plugins.ts';

/** Upstream's default profile: every plugin, with upstream's weights and arguments. */
export const defaultProfile = composeProfile({
  schedulerName: 'default-scheduler',
  plugins: mergePlugins(),
  args: new Map(),
});
