import type { Pod } from '@navarch/api';
import { compileLabelSelector, type LabelSelector, type Selector } from '@navarch/machinery';
import type { ClusterView } from './cluster-view.ts';
import type { Fields } from './fields.ts';

/** What became of one pod: on `full` its node gives no more in this round, on `over` nobody does. */
export type Verdict = 'evicted' | 'refused' | 'full' | 'over';

/** A strategy's hold on the cluster, for one round of one profile. */
export interface Round {
  readonly view: ClusterView;
  /** By the profile's evictor: whether the pod may go at all, and has somewhere to go where that is asked for. */
  isEvictable(pod: Pod): boolean;
  evict(pod: Pod): Promise<Verdict>;
}

/** One strategy of a policy, with its arguments read: what it does in a round. */
export type Plan = (round: Round) => Promise<void>;

export interface Strategy {
  /** As the policy names it. */
  readonly name: string;
  /** First all that take away what should not be where it is, then those that even out what is left. */
  readonly phase: 'deschedule' | 'balance';
  plan(args: Fields): Plan;
}

export const defineStrategy = (strategy: Strategy): Strategy => Object.freeze(strategy);

/** Which pods a strategy looks at. */
export type Scope = (pod: Pod) => boolean;

/** The arguments `namespaces` and `labelSelector`. */
export function scopeOf(args: Fields): Scope {
  const namespaces = namespacesOf(args);
  const selector = selectorOf(args);
  return (pod) => namespaces(pod.metadata.namespace ?? '') && selector.matches(pod.metadata.labels);
}

export function selectorOf(args: Fields): Selector {
  const given = args.raw('labelSelector') as LabelSelector | undefined;
  if (given === undefined) return compileLabelSelector({});
  try {
    return compileLabelSelector(given);
  } catch {
    args.wrong('labelSelector', 'must be a label selector');
    return compileLabelSelector({});
  }
}

export function namespacesOf(args: Fields, name = 'namespaces'): (namespace: string) => boolean {
  const given = args.inner(name);
  const [include, exclude] = [given.texts('include'), given.texts('exclude')];
  given.close();
  if (include !== undefined && exclude !== undefined) args.wrong(name, 'only one of include and exclude may be set');
  return (namespace) => (include?.includes(namespace) ?? true) && !exclude?.includes(namespace);
}

/** Evicts one after the other, as far as the limits go. */
export async function evictAll(pods: readonly Pod[], { evict }: Round): Promise<void> {
  const full = new Set<string>();
  for (const pod of pods) {
    const node = pod.spec.nodeName ?? '';
    if (full.has(node)) continue;
    const verdict = await evict(pod);
    if (verdict === 'over') return;
    if (verdict === 'full') full.add(node);
  }
}
