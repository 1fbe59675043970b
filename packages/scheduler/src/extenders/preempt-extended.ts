import type { Logger } from '@navarch/base';
import { candidatesFor, chosen, type Preemption, type PreemptionRequest } from '../preemption/preemption.ts';
import type { Extender } from './extender.ts';
import { orIgnored } from './place-extended.ts';

/** As `preempt`, with the word of extenders on who may be evicted. Rejects with ExtenderError. */
export async function preemptExtended(
  request: PreemptionRequest,
  { extenders, log }: { readonly extenders: readonly Extender[]; readonly log: Logger },
  signal: AbortSignal,
): Promise<Preemption> {
  const found = candidatesFor(request);
  if ('message' in found) return found;
  let candidates = found;
  for (const extender of extenders) {
    if (!extender.preempts) continue;
    const left = await orIgnored(extender.preempt(request.pod, candidates, signal), extender, log);
    candidates = left ?? candidates;
    if (candidates.length === 0)
      return { node: undefined, message: 'preemption: no candidate node for preemption', losesPromise: true };
  }
  return chosen(candidates);
}
