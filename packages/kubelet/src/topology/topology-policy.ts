import { ANYWHERE, type Hint, hintLists, type Hints, mergeHints, type MergeSettings } from './hints.ts';
import { sizeOfMask } from './node-mask.ts';

export const TOPOLOGY_POLICIES = ['none', 'best-effort', 'restricted', 'single-numa-node'] as const;
export type TopologyPolicy = (typeof TOPOLOGY_POLICIES)[number];

export interface TopologyVerdict {
  readonly hint: Hint;
  readonly isAdmitted: boolean;
}

/** Where a container, or a whole pod, gets what it asks for, and whether it may run when that is not from one place. */
export function settleTopology(
  policy: TopologyPolicy,
  providers: readonly Hints[],
  settings: MergeSettings,
): TopologyVerdict {
  switch (policy) {
    case 'none':
      return { hint: { nodes: undefined, isPreferred: false }, isAdmitted: true };
    case 'best-effort':
      return { hint: mergeHints(hintLists(providers), settings), isAdmitted: true };
    case 'restricted': {
      const hint = mergeHints(hintLists(providers), settings);
      return { hint, isAdmitted: hint.isPreferred };
    }
    case 'single-numa-node': {
      const merged = mergeHints(hintLists(providers).map(ofOneNode), settings);
      const isEverywhere = merged.nodes === settings.all && sizeOfMask(settings.all) > 1;
      const hint = isEverywhere ? { ...ANYWHERE, isPreferred: merged.isPreferred } : merged;
      return { hint, isAdmitted: hint.isPreferred };
    }
  }
}

const ofOneNode = (list: readonly Hint[]): readonly Hint[] =>
  list.filter(({ nodes, isPreferred }) => isPreferred && (nodes === undefined || sizeOfMask(nodes) === 1));
