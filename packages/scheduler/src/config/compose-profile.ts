import { confined, EXTENSION_POINTS, type ExtensionPoint } from '../extension-points.ts';
import type { Profile, SchedulerPlugin } from '../plugin.ts';
import { type Registration, registry } from '../registry.ts';
import { ConfigError } from './decode-config.ts';
import type { MergedPlugins } from './merge-plugins.ts';

export interface ProfilePlan {
  readonly schedulerName: string;
  readonly percentageOfNodesToScore?: number;
  readonly plugins: MergedPlugins;
  /** Complete arguments, by the plugin's name. */
  readonly args: ReadonlyMap<string, unknown>;
}

const SCORE_MAX = 100;
/** Totals are whole numbers of 64 bits in upstream. */
const TOTAL_MAX = 2 ** 63 - 1;

const registered = new Map(registry.map((registration) => [registration.name, registration]));

/** The profile as the scheduler uses it: its plugins made, in order, each at the points where it is switched on. Throws ConfigError. */
export function composeProfile(plan: ProfilePlan): Profile {
  try {
    return composed(plan);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      `initializing profiles: creating profile for scheduler name ${plan.schedulerName}: ${error.message}`,
    );
  }
}

function composed({ schedulerName, percentageOfNodesToScore, plugins, args }: ProfilePlan): Profile {
  for (const point of EXTENSION_POINTS) checkNames(point, plugins[point].enabled);
  const orders = new Map(EXTENSION_POINTS.map((point) => [point, orderAt(point, plugins)] as const));
  const queueSort = orders.get('queueSort')?.length ?? 0;
  if (queueSort !== 1)
    throw new ConfigError(
      `only one queue sort plugin required for profile with scheduler name "${schedulerName}", but got ${queueSort}`,
    );
  if (orders.get('bind')?.length === 0)
    throw new ConfigError(`at least one bind plugin is needed for profile with scheduler name "${schedulerName}"`);
  const weights = weightsOf(plugins);
  const made = new Map<string, SchedulerPlugin<any, any>>();
  const beside: SchedulerPlugin<any, any>[] = [];
  for (const name of new Set([...orders.values()].flat())) {
    const points = new Set(EXTENSION_POINTS.filter((point) => orders.get(point)?.includes(name)));
    const registration = registrationOf(name, 'preFilter');
    const own = args.get(name) ?? registration.args.complete({});
    const plugin = confined(registration.make(own), points);
    if (plugin) made.set(name, plugin);
    const other = registration.beside?.(own);
    const further = other && confined(other, points);
    if (further) beside.push(further);
  }
  return {
    schedulerName,
    plugins: [...inOrder(made, orders), ...beside].map((plugin) => ({
      plugin,
      weight: plugin.score ? (weights.get(plugin.name) ?? 1) : 0,
    })),
    ...(percentageOfNodesToScore === undefined ? {} : { percentageOfNodesToScore }),
  };
}

function registrationOf(name: string, point: ExtensionPoint): Registration<any> {
  const found = registered.get(name);
  if (!found) throw new ConfigError(`${interfaceOf(point)} "${name}" does not exist`);
  return found;
}

/** Upstream's Go interface of the point, by which its messages call it. */
const interfaceOf = (point: ExtensionPoint): string => `${point.slice(0, 1).toUpperCase()}${point.slice(1)}Plugin`;

const repeated = (name: string, point: ExtensionPoint): ConfigError =>
  new ConfigError(`plugin "${name}" already registered as "${interfaceOf(point)}"`);

function checkNames(point: ExtensionPoint, enabled: readonly { readonly name: string }[]): void {
  const seen = new Set<string>();
  for (const { name } of enabled) {
    if (!registrationOf(name, point).points.includes(point))
      throw new ConfigError(`plugin "${name}" does not extend ${interfaceOf(point)} plugin`);
    if (seen.has(name)) throw repeated(name, point);
    seen.add(name);
  }
}

/** Those of multiPoint that are named at the point too come first, in the order of the point; then the rest of multiPoint, then the rest of the point. */
function orderAt(
  point: ExtensionPoint,
  { multiPoint, [point]: { enabled, disabled } }: MergedPlugins,
): readonly string[] {
  const own = enabled.map(({ name }) => name);
  const off = new Set(disabled.map(({ name }) => name));
  if (off.has('*')) return own;
  const everywhere: string[] = [];
  const overridden = new Set<string>();
  for (const { name } of multiPoint.enabled) {
    if (!registrationOf(name, point).points.includes(point) || off.has(name)) continue;
    if (own.includes(name)) overridden.add(name);
    else if (everywhere.includes(name)) throw repeated(name, point);
    else everywhere.push(name);
  }
  return [...own.filter((name) => overridden.has(name)), ...everywhere, ...own.filter((name) => !overridden.has(name))];
}

/** A weight at the point counts before one of multiPoint; one that is not said is 1. */
function weightsOf({ score, multiPoint }: MergedPlugins): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  let total = 0;
  for (const { name, weight } of [...score.enabled, ...multiPoint.enabled]) {
    if (!registered.get(name)?.points.includes('score') || weights.has(name)) continue;
    weights.set(name, weight || 1);
    total += (weight || 1) * SCORE_MAX;
    if (total > TOTAL_MAX) throw new ConfigError('total score of Score plugins could overflow');
  }
  return weights;
}

/**
 * Filters in their order, then what does not filter. Where those that may refuse a pod at once come in another order,
 * that part of them is an entry of its own, before all others.
 */
function inOrder(
  made: ReadonlyMap<string, SchedulerPlugin<any, any>>,
  orders: ReadonlyMap<ExtensionPoint, readonly string[]>,
): readonly SchedulerPlugin<any, any>[] {
  const names = [...new Set([...(orders.get('filter') ?? []), ...[...orders.values()].flat()])];
  const all = names.map((name) => made.get(name)).filter((plugin) => plugin !== undefined);
  const refusing = (plugin: SchedulerPlugin<any, any>): boolean => Boolean(plugin.refuse ?? plugin.narrow);
  const wanted = (orders.get('preFilter') ?? []).map((name) => made.get(name)).filter((plugin) => plugin !== undefined);
  const [now, then] = [all.filter(refusing), wanted.filter(refusing)];
  if (now.every((plugin, i) => plugin === then[i])) return all;
  const others = new Set<ExtensionPoint>(EXTENSION_POINTS.filter((point) => point !== 'preFilter'));
  return [
    ...then.map((plugin) => confined(plugin, new Set(['preFilter']))),
    ...all.map((plugin) => confined(plugin, others)),
  ].filter((plugin) => plugin !== undefined);
}
