import { type Pressure, type Readings, SIGNALS } from './signals.ts';
import { countOf, type EvictionSettings, type Threshold, thresholdKey } from './thresholds.ts';

/** What is remembered between two looks at a node. Times are milliseconds that only ever grow. */
export interface Strain {
  /** Thresholds that are met, until what is left is what they want and their minimum reclaim beside. */
  readonly met: readonly Threshold[];
  /** By threshold: since when it has been met at every look. */
  readonly metSince: ReadonlyMap<string, number>;
  readonly lastSeen: ReadonlyMap<Pressure, number>;
  /** What the node is under: also for a while after it was. */
  readonly pressures: ReadonlySet<Pressure>;
}

export const noStrain: Strain = { met: [], metSince: new Map(), lastSeen: new Map(), pressures: new Set() };

export interface Assessment extends Strain {
  /** What has to be done something about now, the most urgent first. */
  readonly due: readonly Threshold[];
}

/** What one look at the node means, after the looks before it. */
export function assess(
  { thresholds, transitionMs }: EvictionSettings,
  readings: Readings,
  past: Strain,
  now: number,
): Assessment {
  const unresolved = new Set(metBy(past.met, readings, true).map(thresholdKey));
  const below = new Set(metBy(thresholds, readings, false).map(thresholdKey));
  const met = thresholds.filter((t) => below.has(thresholdKey(t)) || unresolved.has(thresholdKey(t)));
  const metSince = new Map(met.map((t) => [thresholdKey(t), past.metSince.get(thresholdKey(t)) ?? now]));
  const lastSeen = new Map([...past.lastSeen, ...met.map(({ signal }) => [SIGNALS[signal].condition, now] as const)]);
  const isRecent = ([, at]: readonly [Pressure, number]): boolean => now - at < transitionMs;
  return {
    met,
    metSince,
    lastSeen,
    pressures: new Set([...lastSeen].filter(isRecent).map(([pressure]) => pressure)),
    due: met.filter((t) => now - (metSince.get(thresholdKey(t)) ?? now) >= t.graceMs).toSorted(memoryFirst),
  };
}

/** Those of which less is left than they say; with `reclaims` less than that and what they want beside. */
export const metBy = (thresholds: readonly Threshold[], readings: Readings, reclaims: boolean): readonly Threshold[] =>
  thresholds.filter(({ signal, value, reclaim }) => {
    const reading = readings.get(signal);
    if (!reading) return false;
    const wanted = countOf(value, reading) + (reclaims && reclaim ? countOf(reclaim, reading) : 0);
    return reading.available < wanted;
  });

const memoryFirst = (a: Threshold, b: Threshold): number =>
  Number(b.signal === 'memory.available') - Number(a.signal === 'memory.available');
