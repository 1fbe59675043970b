import type { Sample, Workload } from './benchmark.ts';
import { rounded, summarize, type Summary } from './statistics.ts';

/** A workload after all rounds. */
export interface Outcome {
  readonly workload: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  readonly ours: Summary;
  readonly peer?: Summary;
  /** How many times as good as the peer: above 1 we are ahead, whichever way the unit counts. */
  readonly ratio?: number;
  readonly ratioGoal?: number;
  readonly goal?: number;
  /** Absent where there is no goal to reach. */
  readonly isReached?: boolean;
  readonly details: Readonly<Record<'ours' | 'peer', Readonly<Record<string, Summary>>>>;
}

export interface Measured {
  readonly outcomes: readonly Outcome[];
  /** Workloads that failed, each with the sentence why: the others are measured all the same. */
  readonly failures: readonly { readonly workload: string; readonly why: string }[];
}

export interface Course {
  readonly rounds: number;
  /** A round 0 comes first, which does not count. */
  readonly warmsUp?: boolean;
  /** On the scale of performance.now(): a round that would not be done by then is not begun. */
  readonly endByMs: number;
  say(line: string): void;
}

interface Samples {
  readonly ours: Sample[];
  readonly peer: Sample[];
}

/**
 * Every workload in every round, the peer and ours right after one another, so that both see the same weather on the
 * machine; which of the two begins changes from round to round. A workload that fails is left out from there on: half a
 * comparison is none.
 */
export async function interleave(
  workloads: readonly Workload[],
  { rounds, warmsUp = false, endByMs, say }: Course,
  signal: AbortSignal,
): Promise<Measured> {
  const samples = new Map<Workload, Samples>(workloads.map((workload) => [workload, { ours: [], peer: [] }]));
  const failures: { workload: string; why: string }[] = [];
  for (let round = warmsUp ? 0 : 1; round <= rounds; round++) {
    const began = performance.now();
    for (const [workload, taken] of samples) {
      try {
        await measureOnce(workload, round, taken, say, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        const why = error instanceof Error ? error.message : String(error);
        say(`  round ${round} ${workload.name} failed: ${why}`);
        failures.push({ workload: workload.name, why });
        samples.delete(workload);
      }
    }
    const now = performance.now();
    if (round === 0 || round === rounds || now + (now - began) <= endByMs) continue;
    say(`  no time for another round like this one: ${round} of ${rounds} are measured`);
    break;
  }
  return { outcomes: [...samples].map(([workload, taken]) => outcomeOf(workload, taken)), failures };
}

async function measureOnce(
  workload: Workload,
  round: number,
  taken: Samples,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const sides = workload.peer ? (['peer', 'ours'] as const) : (['ours'] as const);
  for (const side of round % 2 === 1 ? sides : [...sides].reverse()) {
    signal.throwIfAborted();
    const sample = await (workload[side] as Workload['ours'])(round);
    if (round > 0) taken[side].push(sample);
    say(`  round ${round} ${workload.name} ${side}: ${sample.figure.toFixed(1)} ${workload.unit}`);
  }
}

function outcomeOf(workload: Workload, { ours, peer }: Samples): Outcome {
  const { name, unit, better, goal, ratioGoal } = workload;
  const mine = summarize(ours.map((sample) => sample.figure));
  const theirs = peer.length > 0 ? summarize(peer.map((sample) => sample.figure)) : undefined;
  const ratio = theirs && (better === 'more' ? mine.median / theirs.median : theirs.median / mine.median);
  const reached = [
    ...(goal === undefined ? [] : [better === 'more' ? mine.median >= goal : mine.median <= goal]),
    ...(ratioGoal === undefined || ratio === undefined ? [] : [ratio >= ratioGoal]),
  ];
  return {
    workload: name,
    unit,
    better,
    ours: mine,
    ...(theirs ? { peer: theirs } : {}),
    ...(ratio === undefined ? {} : { ratio: rounded(ratio) }),
    ...(ratioGoal === undefined ? {} : { ratioGoal }),
    ...(goal === undefined ? {} : { goal }),
    ...(reached.length > 0 ? { isReached: reached.every(Boolean) } : {}),
    details: { ours: detailsOf(ours), peer: detailsOf(peer) },
  };
}

function detailsOf(samples: readonly Sample[]): Readonly<Record<string, Summary>> {
  const names = new Set(samples.flatMap((sample) => Object.keys(sample.details ?? {})));
  return Object.fromEntries(
    [...names].map((name) => [name, summarize(samples.map((sample) => sample.details?.[name] ?? 0))]),
  );
}
