import type { Pod } from '@navarch/api';
import { Heap } from '@navarch/base';
import type { Profile } from '../plugin.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import { Judge } from './judge.ts';
import type { Panel } from './panel.ts';
import { ofPromises, remedies } from './remedies/index.ts';
import { caseOf, type Remedy, type Step } from './step.ts';
import type { Steps } from './steps.ts';
import type { WhatIf } from './what-if.ts';

/** Steps that were tried together: with them the pod has a node. */
export interface Remedied {
  readonly node: string;
  readonly steps: readonly Step[];
  readonly cost: number;
}

export interface Search {
  readonly pod: Pod;
  readonly whatIf: WhatIf;
  readonly profile: Profile;
  /** On which changes are tried. */
  readonly nodes: readonly NodeInfo[];
  /** Who has a word besides the plugins. */
  readonly panel: Panel;
}

/** A pod that lacks more than this much is on the wrong cluster. */
const STEPS_MAX = 4;
/** Sets of changes that are tried for one answer. */
const TRIES_MAX = 400;
const FIXES_MAX = 5;

interface Open {
  readonly node: string;
  readonly steps: readonly Step[];
  readonly cost: number;
  readonly order: number;
}

/** The smallest sets of changes after which the pod fits, the smallest first; no two of one sort. */
export function* searchFixes(search: Search): Steps<{ readonly fixes: readonly Remedied[]; readonly tried: number }> {
  const open = new Heap<Open>((a, b) => a.cost < b.cost || (a.cost === b.cost && a.order < b.order));
  let order = 0;
  for (const { name } of search.nodes) open.push({ node: name, steps: [], cost: 0, order: order++ });
  const fixes: Remedied[] = [];
  const seen = new Set<string>();
  let tried = 0;
  while (fixes.length < FIXES_MAX && tried < TRIES_MAX) {
    const next = open.pop();
    if (!next) break;
    if (isToldAlready(next, fixes)) continue;
    tried += 1;
    yield;
    const more = stepsAfter(next, search);
    if (more === 'fits') {
      if (next.steps.length > 0 && (yield* isAdmitted(next, search))) fixes.push(next);
      continue;
    }
    if (next.steps.length === STEPS_MAX) continue;
    for (const step of more) {
      const then = { node: next.node, steps: [...next.steps, step], cost: next.cost + step.cost, order: order++ };
      const key = `${next.node} ${then.steps
        .map(({ summary }) => summary)
        .sort()
        .join('\n')}`;
      if (seen.has(key)) continue;
      seen.add(key);
      open.push(then);
    }
  }
  return { fixes, tried };
}

/** The same was found at a lower price, or is part of this: elsewhere, or with less. */
function isToldAlready({ steps }: Open, fixes: readonly Remedied[]): boolean {
  const sorts = new Set(steps.map(({ sort }) => sort));
  return fixes.some((fix) => fix.steps.every(({ sort }) => sorts.has(sort)));
}

/** Whether extenders would let the pod as it would be go to the node as it would be. */
function* isAdmitted({ node: name, steps }: Open, { pod, whatIf, panel }: Search): Steps<boolean> {
  const effects = steps.flatMap((step) => step.effects);
  const [then, node] = whatIf.with(effects, pod, (edited) => [edited, whatIf.snapshot.node(name)?.node]);
  const refused = node && (yield* panel.refused(then, [node]));
  return refused?.size === 0;
}

/** What may be tried next on top of what is supposed; `fits`: nothing has to be. */
function stepsAfter({ node: name, steps }: Open, { pod, whatIf, profile }: Search): readonly Step[] | 'fits' {
  const effects = steps.flatMap((step) => step.effects);
  return whatIf.with(effects, pod, (then) => {
    const node = whatIf.snapshot.node(name);
    if (!node) return [];
    const judge = new Judge(then, whatIf.snapshot, profile);
    if (judge.accepts(node)) return 'fits';
    const found = obstacle(judge, node);
    const about = caseOf(found, { pod: then, node, whatIf }, profile);
    const known: readonly Remedy[] = found === '' ? [ofPromises] : (remedies[found] ?? []);
    return known.flatMap((remedy) => remedy(about));
  });
}

/** Whom to win over first; a node that lacks something for which there is no remedy is not worth the rest. */
function obstacle(judge: Judge, node: NodeInfo): string {
  const [gate] = judge.gates();
  const [refusal] = gate ? [] : judge.refusals();
  if (gate || refusal) return (gate ?? refusal)?.plugin ?? '';
  const misfits = judge.misfits(node);
  return (misfits.find(({ plugin }) => remedies[plugin] === undefined) ?? misfits[0])?.plugin ?? '';
}
