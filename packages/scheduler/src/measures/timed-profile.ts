import type { Clock } from '@navarch/base';
import type { Errand, Misfit, Profile, SchedulerPlugin } from '../plugin.ts';
import { type DomainLimit, isBeyond } from '../snapshot/domain-limits.ts';

/** How long a plugin took at one of upstream's extension points, and what came of it. */
export type PluginTook = (
  plugin: string,
  point: string,
  outcome: { readonly status: string; readonly ms: number },
) => void;

const statusOf = (found: Misfit | undefined): string =>
  found === undefined ? SUCCESS : found.isResolvable ? 'Unschedulable' : 'UnschedulableAndUnresolvable';

const SUCCESS = 'Success';

/** The same profile, of which every plugin's every answer is timed. */
export function timedProfile(profile: Profile, clock: Clock, took: PluginTook): Profile {
  return Object.freeze({
    ...profile,
    remembersAs: profile,
    plugins: profile.plugins.map(({ plugin, weight }) => ({ plugin: timedPlugin(plugin, clock, took), weight })),
  });
}

type AnyPlugin = SchedulerPlugin<any, any>;

function timedPlugin(plugin: AnyPlugin, clock: Clock, took: PluginTook): AnyPlugin {
  const timed = <A extends readonly unknown[], R>(
    hook: ((...args: A) => R) | undefined,
    point: string,
    status: (result: R) => string = () => SUCCESS,
  ): ((...args: A) => R) | undefined =>
    hook &&
    ((...args) => {
      const beganMs = clock.monotonic();
      const result = hook(...args);
      took(plugin.name, point, { status: status(result), ms: clock.monotonic() - beganMs });
      return result;
    });
  const skips = (prepared: unknown): string => (prepared === undefined ? 'Skip' : SUCCESS);
  // One of the three is told of a plugin, as it is one point upstream: where it prepares, that is what takes long.
  const first = plugin.prepare ? 'prepare' : plugin.refuse ? 'refuse' : 'narrow';
  const timing: { readonly [Hook in keyof AnyPlugin]?: AnyPlugin[Hook] | undefined } = {
    ...(first === 'prepare' ? { prepare: timed(plugin.prepare, 'PreFilter', skips) } : {}),
    ...(first === 'refuse' ? { refuse: timed(plugin.refuse, 'PreFilter', statusOf) } : {}),
    ...(first === 'narrow' ? { narrow: timed(plugin.narrow, 'PreFilter', skips) } : {}),
    filter: timed(plugin.filter, 'Filter', statusOf),
    limits: plugin.limits && ((prepared) => timedLimits(plugin, prepared, clock, took)),
    weigh: timed(plugin.weigh, 'PreScore', skips),
    score: timed(plugin.score, 'Score'),
    scoreAt: timed(plugin.scoreAt, 'Score'),
    normalize: timed(plugin.normalize, 'ScoreExtensionNormalize'),
    errand:
      plugin.errand &&
      ((...args) => {
        const errand = plugin.errand?.(...args);
        return errand && timedErrand(plugin.name, errand, clock, took);
      }),
  };
  const own = Object.fromEntries(Object.entries(timing).filter(([, hook]) => hook !== undefined));
  return Object.freeze({ ...plugin, ...own });
}

/** How many looks at nodes are timed for one pod: there are thousands, and reading the clock takes longer than a look. */
const LOOKS = 32;

/**
 * The search goes through the limits of all plugins in one loop; here each plugin's own are gone through once more, for
 * the first nodes. Where they let a node pass, nothing more is asked of the filter; where they do not, the filter is,
 * and tells.
 */
function timedLimits(
  { name, limits }: AnyPlugin,
  prepared: unknown,
  clock: Clock,
  took: PluginTook,
): readonly DomainLimit[] {
  const own = limits?.(prepared) ?? [];
  const looks = Math.min(LOOKS, ...own.map(({ domainOf }) => domainOf.length));
  let passed = 0;
  const beganMs = clock.monotonic();
  for (let slot = 0; slot < looks; slot++) if (!isBeyond(own, slot)) passed += 1;
  const ms = (clock.monotonic() - beganMs) / looks;
  for (let i = 0; i < passed; i++) took(name, 'Filter', { status: SUCCESS, ms });
  return own;
}

function timedErrand(plugin: string, errand: Errand, clock: Clock, took: PluginTook): Errand {
  const { reserve } = errand;
  return {
    ...errand,
    ...(reserve
      ? {
          reserve() {
            const beganMs = clock.monotonic();
            errand.reserve?.();
            took(plugin, 'Reserve', { status: SUCCESS, ms: clock.monotonic() - beganMs });
          },
        }
      : {}),
    async write(api, nowMs) {
      const beganMs = clock.monotonic();
      let status = 'Error';
      try {
        await errand.write(api, nowMs);
        status = SUCCESS;
      } finally {
        took(plugin, 'PreBind', { status, ms: clock.monotonic() - beganMs });
      }
    },
  };
}
