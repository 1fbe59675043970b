import type { Hint } from '../topology/hints.ts';
import { hasNode, masksOf, sizeOfMask } from '../topology/node-mask.ts';
import type { PluginDevices } from './plugin-devices.ts';

export interface DeviceRequest {
  readonly resource: string;
  readonly count: number;
  readonly devices: PluginDevices;
  /** Given to others. */
  readonly inUse: ReadonlySet<string>;
  /** What init containers of the pod had that are over by then. */
  readonly handedOn: ReadonlySet<string>;
}

/** Asks the plugin which of some devices it would give; none where it has no opinion. */
export type Prefer = (
  available: ReadonlySet<string>,
  mustInclude: ReadonlySet<string>,
  count: number,
) => Promise<readonly string[]>;

/**
 * Chooses devices: those handed on first, then near ones, then others, in each the plugin's preferred ones first.
 * Throws Error in upstream's words where there are too few.
 */
export async function chooseDevices(request: DeviceRequest, hint: Hint, prefer: Prefer): Promise<ReadonlySet<string>> {
  const { resource, count, devices, inUse, handedOn } = request;
  const chosen = new Set([...handedOn.intersection(devices.healthy)].toSorted().slice(0, count));
  const available = devices.healthy.difference(inUse).difference(chosen);
  const needed = count - chosen.size;
  if (available.size < needed)
    throw new Error(
      `requested number of devices unavailable for ${resource}. Requested: ${needed}, Available: ${available.size}`,
    );
  const isDone = (): boolean => chosen.size >= count;
  const takeFrom = (ids: Iterable<string>): void => {
    for (const id of ids) if (!isDone() && available.has(id)) chosen.add(id);
  };
  const [near, far, anywhere] = byNearness(available, devices, hint);
  if (isDone()) return chosen;
  if (near.length > needed) {
    const mustInclude = new Set(chosen);
    takeFrom((await prefer(new Set([...near, ...chosen]), mustInclude, count)).filter((id) => near.includes(id)));
    takeFrom(near);
    return chosen;
  }
  takeFrom(near);
  if (isDone()) return chosen;
  takeFrom(await prefer(available.union(chosen), new Set(chosen), count));
  takeFrom(far);
  takeFrom(anywhere);
  return chosen;
}

type Three = readonly [near: readonly string[], far: readonly string[], anywhere: readonly string[]];

function byNearness(available: ReadonlySet<string>, { nodes }: PluginDevices, hint: Hint): Three {
  const ids = [...available].toSorted();
  const mask = hint.nodes;
  if (mask === undefined || !hasTopology(nodes)) return [[], [], ids];
  const placed = ids.filter((id) => nodes.get(id));
  const isNear = (id: string): boolean => (nodes.get(id) ?? []).some((node) => hasNode(mask, node));
  // A device at fewer nodes leaves those that are near to several for others.
  const nearest = placed.filter(isNear).toSorted((a, b) => (nodes.get(a)?.length ?? 0) - (nodes.get(b)?.length ?? 0));
  return [nearest, placed.filter((id) => !isNear(id)), ids.filter((id) => !nodes.get(id))];
}

export const hasTopology = (nodes: PluginDevices['nodes']): boolean =>
  nodes.values().some((near) => near !== undefined);

/** Where so many could be had; `all` is what the node has, whoever holds it. */
export function deviceHints(
  { count, devices, inUse, handedOn }: Omit<DeviceRequest, 'resource'>,
  numaNodes: readonly number[],
): readonly Hint[] {
  const { nodes } = devices;
  const available = devices.healthy.difference(inUse).union(handedOn);
  const within = (ids: Iterable<string>, mask: number): number =>
    [...ids].filter((id) => nodes.get(id)?.some((node) => hasNode(mask, node))).length;
  const masks = masksOf(numaNodes);
  const least = Math.min(...masks.filter((mask) => within(nodes.keys(), mask) >= count).map(sizeOfMask));
  return masks
    .filter((mask) => within(handedOn, mask) === handedOn.size && within(available, mask) >= count)
    .map((mask) => ({ nodes: mask, isPreferred: sizeOfMask(mask) === least }));
}
