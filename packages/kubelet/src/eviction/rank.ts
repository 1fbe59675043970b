import { type Pod, podRequests } from '@navarch/api';
import { quantityValue } from '@navarch/machinery';
import { type Candidate, writtenByPod } from './pod-usage.ts';
import type { Starved } from './signals.ts';

type Order = (a: Candidate, b: Candidate) => number;

/** Who is to go first when the node runs out of something: who uses more than it asked for, then who matters less. */
export function ranked(candidates: readonly Candidate[], starved: Starved): readonly Candidate[] {
  const usage = usageOf(starved);
  const request = ({ pod }: Candidate): number => quantityValue(podRequests(pod.spec)[starved]);
  const exceeds: Order = (a, b) =>
    uncounted(a, b, usage) ?? Number(over(b, usage, request) > 0) - Number(over(a, usage, request) > 0);
  const most: Order = (a, b) => uncounted(a, b, usage) ?? over(b, usage, request) - over(a, usage, request);
  const orders = starved === 'pids' ? [byPriority, most] : [exceeds, byPriority, most];
  return candidates.toSorted((a, b) => {
    for (const order of orders) {
      const found = order(a, b);
      if (found !== 0) return found;
    }
    return 0;
  });
}

type Measure = (candidate: Candidate) => number | undefined;

function usageOf(starved: Starved): Measure {
  switch (starved) {
    case 'memory':
      return ({ observed }) => observed?.usage?.workingSetBytes;
    case 'pids':
      return ({ observed }) => observed?.usage?.processes;
    case 'ephemeral-storage':
      return ({ pod, observed }) => observed && writtenByPod(pod, observed);
    case 'inodes':
      return ({ pod, observed }) => observed && writtenByPod(pod, observed, 'inodesUsed');
  }
}

/** A pod of which nothing is known goes before those that are known to be modest. */
function uncounted(a: Candidate, b: Candidate, usage: Measure): number | undefined {
  const [isKnown, isOtherKnown] = [usage(a) !== undefined, usage(b) !== undefined];
  return isKnown && isOtherKnown ? undefined : Number(isKnown) - Number(isOtherKnown);
}

const over = (of: Candidate, usage: Measure, request: (of: Candidate) => number): number =>
  (usage(of) ?? 0) - request(of);

const byPriority: Order = (a, b) => priorityOf(a.pod) - priorityOf(b.pod);

export const priorityOf = ({ spec }: Pod): number => spec.priority ?? 0;
