import type { Measure, Sample, Workload } from './benchmark.ts';

/** One of several figures that a measurement gives. */
export type Figure = Omit<Workload, 'ours' | 'peer'> & { of(sample: Sample): number };

/** Several figures of one measurement: each side takes it once a round, however many of its figures are asked for. */
export function figuresOf(
  { ours, peer }: { readonly ours: Measure; readonly peer?: Measure | undefined },
  figures: readonly Figure[],
): readonly Workload[] {
  const mine = oncePerRound(ours);
  const theirs = peer && oncePerRound(peer);
  return figures.map(({ of, ...workload }) => ({
    ...workload,
    ours: shown(mine, of),
    ...(theirs ? { peer: shown(theirs, of) } : {}),
  }));
}

/** A detail of a sample; NaN where it has none of that name. */
export const detail =
  (name: string) =>
  ({ details }: Sample): number =>
    details?.[name] ?? Number.NaN;

function oncePerRound(measure: Measure): Measure {
  let [at, taken] = [-1, undefined as Promise<Sample> | undefined];
  return (round) => {
    if (at !== round || !taken) [at, taken] = [round, measure(round)];
    return taken;
  };
}

const shown =
  (measure: Measure, of: Figure['of']): Measure =>
  async (round) => {
    const sample = await measure(round);
    return { ...sample, figure: of(sample) };
  };
