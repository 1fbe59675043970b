import type { Pod } from '@navarch/api';
import type { Unfit } from '../unfit.ts';
import type { Search } from '../place.ts';
import type { Preemption } from '../preemption/preemption.ts';
import type { Budget } from '../preemption/budget.ts';
import { ExtenderError } from './extender-error.ts';
import { type Extending, OUTDATED, placeExtended } from './place-extended.ts';
import { preemptExtended } from './preempt-extended.ts';

export type Decision =
  | { readonly node: string; readonly looked: number }
  | { readonly node: undefined; readonly unfit: Unfit; readonly preemption: Preemption }
  /** It has to be decided anew. */
  | { readonly node: undefined; readonly failure: string | undefined };

/** Where a pod goes that extenders are asked about, or who has to go for it, or why nobody knows. */
export async function decideExtended(
  pod: Pod,
  extending: Extending,
  { search, budgets }: { readonly search: Search; readonly budgets: () => readonly Budget[] },
  signal: AbortSignal,
): Promise<Decision> {
  const { snapshot, profile } = extending;
  try {
    const placement = await placeExtended(pod, extending, search, signal);
    if (placement === OUTDATED) return { node: undefined, failure: undefined };
    if (placement.node !== undefined) return placement;
    // Nodes may have gone while extenders were asked.
    const unfit = {
      ...placement,
      resolvable: placement.resolvable.filter((node) => snapshot.node(node.name) === node),
    };
    const request = { pod, unfit, snapshot, profile, budgets: budgets(), random: search.random };
    return { node: undefined, unfit, preemption: await preemptExtended(request, extending, signal) };
  } catch (error) {
    if (signal.aborted || !(error instanceof ExtenderError)) throw error;
    return { node: undefined, failure: error.message };
  }
}
