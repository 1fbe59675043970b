import { EXTENSION_POINTS, type ExtensionPoint } from '../extension-points.ts';
import { registry } from '../registry.ts';
import type { NamedPlugin, PluginSet, PluginsFile } from './config-types.ts';

/** Which plugins are switched on and off where, the default ones included. */
export type MergedPlugins = Readonly<Record<ExtensionPoint | 'multiPoint', Required<PluginSet>>>;

const EMPTY: Required<PluginSet> = { enabled: [], disabled: [] };
const DEFAULT: Required<PluginSet> = {
  enabled: registry.map(({ name, weight }) => ({ name, ...(weight === undefined ? {} : { weight }) })),
  disabled: [],
};

/** A profile's plugins on top of the default ones, which are all switched on at every point that they have (multiPoint). */
export function mergePlugins(own: PluginsFile = {}): MergedPlugins {
  const sets = EXTENSION_POINTS.map((point) => [point, merged(EMPTY, own[point])] as const);
  return { ...Object.fromEntries(sets), multiPoint: merged(DEFAULT, own.multiPoint) } as MergedPlugins;
}

/** A default plugin that is named again keeps its place, and takes what is said of it; others come after. */
function merged(defaults: Required<PluginSet>, { enabled = [], disabled = [] }: PluginSet = {}): Required<PluginSet> {
  const off = new Set(disabled.map(({ name }) => name));
  const kept = off.has('*') ? [] : defaults.enabled.filter(({ name }) => !off.has(name));
  // Of several with one name the last takes the place; the rest stay, and are refused as repeated later.
  const lastOf = (name: string): number => enabled.findLastIndex((plugin) => plugin.name === name);
  const taken = new Set(kept.map(({ name }) => lastOf(name)));
  return {
    enabled: [
      ...kept.map((plugin): NamedPlugin => enabled[lastOf(plugin.name)] ?? plugin),
      ...enabled.filter((_, i) => !taken.has(i)),
    ],
    disabled: disabled.map(({ name }) => ({ name })),
  };
}
