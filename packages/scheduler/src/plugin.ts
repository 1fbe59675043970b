import type { Pod } from '@navarch/api';
import type { NodeInfo, Snapshot } from './snapshot.ts';

/** Why a node does not fit: upstream's words, and whether evicting other pods could help. undefined: it fits. */
export interface Misfit {
  readonly reasons: readonly string[];
  readonly isResolvable: boolean;
}

/**
 * Hooks are synchronous and pure: a cycle looks at thousands of nodes, and must give the same answer twice.
 * `Prepared` is what `prepare` computed once per pod; no other plugin can see it, so it needs no key and no cast.
 */
export interface SchedulerPlugin<Prepared = undefined> {
  readonly name: string;
  /** Changes that may make a pod fit that this plugin turned away. */
  readonly wakes: readonly ('node-added' | 'node-changed' | 'pod-removed' | 'pod-added')[];
  prepare?(pod: Pod, snapshot: Snapshot): Prepared;
  filter?(pod: Pod, node: NodeInfo, prepared: Prepared): Misfit | undefined;
  /** 0 to 100 (or any range where `normalize` follows), more is better. */
  score?(pod: Pod, node: NodeInfo, prepared: Prepared): number;
  /** Brings raw scores to 0..100, in place. */
  normalize?(scores: number[]): void;
}

export interface Profile {
  readonly plugins: readonly { readonly plugin: SchedulerPlugin<any>; readonly weight: number }[];
}

export const definePlugin = <Prepared = undefined>(plugin: SchedulerPlugin<Prepared>): SchedulerPlugin<Prepared> => Object.freeze(plugin);

/** Scales so that the largest becomes 100; `reverse`: so that the smallest does. */
export function normalizeToHundred(scores: number[], reverse: boolean): void {
  let max = 0;
  for (const score of scores) if (score > max) max = score;
  for (let i = 0; i < scores.length; i++) {
    const share = max === 0 ? 0 : Math.floor(((scores[i] as number) * 100) / max);
    scores[i] = reverse ? 100 - share : share;
  }
}
