import type { Pod } from '@navarch/api';
import { type Logger, settleAll } from '@navarch/base';
import { Cycle } from '../cycle.ts';
import { type Unfit } from '../unfit.ts';
import { chooseMax, type Found, type Search, searched } from '../place.ts';
import type { Profile } from '../plugin.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { Memory } from '../verdicts.ts';
import { EXTENDER } from './extender-plugin.ts';
import type { Extender, Filtered } from './extender.ts';
import { ExtenderError } from './extender-error.ts';

export interface Extending {
  readonly snapshot: Snapshot;
  readonly profile: Profile;
  /** Those that want to be asked about the pod. */
  readonly extenders: readonly Extender[];
  readonly log: Logger;
}

/** The cluster moved on while somebody was asked: what was found does not hold any more. */
export const OUTDATED = 'outdated';

/**
 * As `place`, with the word of extenders: they are asked about the nodes that plugins leave, one after the other; those
 * that score are asked at the same time. What plugins said is looked at again in the end, since others are placed
 * meanwhile. Rejects with ExtenderError.
 */
export async function placeExtended(
  pod: Pod,
  extending: Extending,
  { random, start = 0, memory = new Memory() }: Search,
  signal: AbortSignal,
): Promise<Found | Unfit | typeof OUTDATED> {
  const { snapshot, profile } = extending;
  const cycle = new Cycle(pod, snapshot, profile, { memory });
  const refused = cycle.refusal();
  if (refused) return refused;
  const promised = pod.status.nominatedNodeName ? snapshot.node(pod.status.nominatedNodeName) : undefined;
  if (promised && cycle.fits(promised)) {
    const { left } = await filtered(pod, [promised], extending, signal);
    if (left.length > 0)
      return fitsStill(pod, promised, extending) ? { node: promised.name, looked: 0, feasible: 1 } : OUTDATED;
  }
  const { slots, looked } = searched(cycle, profile, start, true);
  const feasible = Array.from(slots, (slot) => snapshot.nodeAt(slot));
  const unfit = cycle.unfit(looked);
  if (feasible.length === 0) return unfit;
  const asked = await filtered(pod, feasible, extending, signal);
  if (asked.left.length === 0) return turnedAway(unfit, asked, feasible);
  const scores = asked.left.length > 1 ? await scored(pod, asked.left, extending, signal) : [];
  const now = new Cycle(pod, snapshot, profile, { memory });
  const nodes = asked.left.flatMap(({ name }) => {
    const node = snapshot.node(name);
    return node && now.fits(node) ? [node] : [];
  });
  if (nodes.length === 0 || now.refusal()) return OUTDATED;
  const totals = now.totals(Int32Array.from(nodes, ({ slot }) => slot));
  for (const own of scores) nodes.forEach(({ name }, i) => (totals[i] = (totals[i] as number) + (own.get(name) ?? 0)));
  return { node: (nodes[chooseMax(totals, random)] as NodeInfo).name, looked, feasible: nodes.length };
}

const fitsStill = (pod: Pod, { name }: NodeInfo, { snapshot, profile }: Extending): boolean => {
  const node = snapshot.node(name);
  return node !== undefined && new Cycle(pod, snapshot, profile, { memory: new Memory() }).fits(node);
};

interface Asked {
  readonly left: readonly NodeInfo[];
  readonly failed: ReadonlyMap<string, string>;
  readonly unresolvable: ReadonlyMap<string, string>;
}

async function filtered(
  pod: Pod,
  nodes: readonly NodeInfo[],
  { extenders, log }: Extending,
  signal: AbortSignal,
): Promise<Asked> {
  let left = nodes;
  const failed = new Map<string, string>();
  const unresolvable = new Map<string, string>();
  for (const extender of extenders) {
    if (!extender.filters || left.length === 0) continue;
    const asked = left.map(({ node }) => node);
    const said = await orIgnored<Filtered | undefined>(extender.filter(pod, asked, signal), extender, log);
    if (!said) continue;
    for (const [name, why] of said.failed) failed.set(name, why);
    for (const [name, why] of said.unresolvable) unresolvable.set(name, why);
    left = left.filter(({ name }) => said.left.has(name));
  }
  return { left, failed, unresolvable };
}

/** A score that does not come is none: the pod is placed all the same. */
async function scored(
  pod: Pod,
  nodes: readonly NodeInfo[],
  { extenders, log }: Extending,
  signal: AbortSignal,
): Promise<readonly ReadonlyMap<string, number>[]> {
  const asked = nodes.map(({ node }) => node);
  return settleAll(
    extenders
      .filter(({ prioritizes }) => prioritizes)
      .map((extender) =>
        extender.scores(pod, asked, signal).catch((error: unknown) => {
          if (!(error instanceof ExtenderError)) throw error;
          log.warn('an extender gave no scores', { extender: extender.url, error });
          return new Map<string, number>();
        }),
      ),
  );
}

/** undefined where the extender failed and may be done without. */
export async function orIgnored<T>(
  answer: Promise<T>,
  { isIgnorable, url }: Extender,
  log: Logger,
): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ExtenderError) || !isIgnorable) throw error;
    log.warn('an extender that may be ignored failed', { extender: url, error });
    return undefined;
  }
}

function turnedAway(unfit: Unfit, { failed, unresolvable }: Asked, feasible: readonly NodeInfo[]): Unfit {
  const reasons = new Map(unfit.reasons);
  const resolvable = [...unfit.resolvable];
  for (const node of feasible) {
    const why = unresolvable.get(node.name) ?? failed.get(node.name);
    if (why) reasons.set(why, (reasons.get(why) ?? 0) + 1);
    if (failed.has(node.name) && !unresolvable.has(node.name)) resolvable.push(node);
  }
  return { ...unfit, reasons, resolvable, rejectedBy: new Set([...unfit.rejectedBy, EXTENDER]) };
}
