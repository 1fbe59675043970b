import type { SchedulerPlugin } from './plugin.ts';

/** Upstream's points at which plugins act, as a configuration names them, in the order in which it looks through them. */
export const EXTENSION_POINTS = [
  'preFilter',
  'filter',
  'postFilter',
  'reserve',
  'preScore',
  'score',
  'preBind',
  'bind',
  'postBind',
  'permit',
  'preEnqueue',
  'queueSort',
  'placementGenerate',
  'placementScore',
  'podGroupPostFilter',
] as const;
export type ExtensionPoint = (typeof EXTENSION_POINTS)[number];

type Hook = Exclude<keyof SchedulerPlugin, 'name' | 'scope' | 'wakesOn' | 'wakes'>;

/** Without the point, a plugin goes without these hooks. What is prepared for a filter or a score goes with it. */
const POINT_OF: Readonly<Record<Hook, ExtensionPoint>> = {
  gate: 'preEnqueue',
  awaits: 'preEnqueue',
  refuse: 'preFilter',
  narrow: 'preFilter',
  prepare: 'filter',
  filter: 'filter',
  limits: 'filter',
  shift: 'filter',
  evictedWith: 'postFilter',
  remedy: 'postFilter',
  preemption: 'postFilter',
  weigh: 'score',
  score: 'score',
  scoreAt: 'score',
  normalize: 'score',
  errand: 'preBind',
};

const HOOKS = Object.entries(POINT_OF) as readonly (readonly [Hook, ExtensionPoint])[];

/** The plugin as it acts at these points only; undefined: it does nothing there. */
export function confined(
  plugin: SchedulerPlugin<any, any>,
  points: ReadonlySet<ExtensionPoint>,
): SchedulerPlugin<any, any> | undefined {
  const own = HOOKS.filter(([hook]) => plugin[hook] !== undefined);
  const kept = own.filter(([, point]) => points.has(point));
  if (kept.length === 0) return undefined;
  if (kept.length === own.length) return plugin;
  const dropped = own.filter(([, point]) => !points.has(point)).map(([hook]) => [hook, undefined] as const);
  return Object.freeze({ ...plugin, ...Object.fromEntries(dropped) });
}
