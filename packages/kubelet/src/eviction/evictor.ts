import type { Pod } from '@navarch/api';
import type { Clock, Logger } from '@navarch/base';
import { equalJson, keyOf } from '@navarch/machinery';
import type { Eviction } from '../pod-machine/memory.ts';
import type { NodeGauge, ObservedNode } from '../server/stats/observed.ts';
import { assess, metBy, noStrain, type Strain } from './assess.ts';
import { EVICTED, isCritical } from './critical.ts';
import { exceededLimit, hasLocalLimit } from './local-limits.ts';
import type { Candidate } from './pod-usage.ts';
import { ranked } from './rank.ts';
import { type Pressure, readingsOf } from './signals.ts';
import { type EvictionSettings, resourceOf, type Threshold } from './thresholds.ts';
import { starvedMessage } from './words.ts';

/** A pod that runs here. */
export interface Evictable {
  readonly pod: Pod;
  /** Ends it as failed. */
  evict(eviction: Omit<Eviction, 'since'>): void;
}

/** What tells how much the node has left. */
export interface Gauges {
  look(signal: AbortSignal): Promise<NodeGauge>;
  /** With what every pod uses, which is dear to know. */
  observe(signal: AbortSignal): Promise<ObservedNode>;
}

export interface EvictorDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: EvictionSettings;
  readonly gauges: Gauges;
  /** Those that are not over and not going. */
  pods(): readonly Evictable[];
  /** Gives back what no pod needs: dead containers, unused images. */
  reclaim(signal: AbortSignal): Promise<void>;
  /** The node is to be told of anew. */
  changed(): void;
  /** About the node. */
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
}

/** Between two looks; how long the end of a pod is waited for before the node is looked at again. */
const LOOK_MS = 10_000;
const END_MS = 30_000;
const END_LOOK_MS = 500;
/** Seconds for a pod that goes at once. */
const GRACE_SECONDS = 1;

/** Keeps a node from running out of memory, disk and process ids: first by what nobody needs, then by one pod at a time. */
export class Evictor {
  readonly #deps: EvictorDeps;
  #strain: Strain = noStrain;

  constructor(deps: EvictorDeps) {
    this.#deps = deps;
  }

  /** What the node is under. */
  get pressures(): ReadonlySet<Pressure> {
    return this.#strain.pressures;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted) {
      let evicted: readonly Evictable[] = [];
      try {
        evicted = await this.look(signal);
      } catch (error) {
        if (!signal.aborted) log.warn('cannot tell what the node has left', { error });
      }
      if (evicted.length > 0) await this.#ended(evicted, signal);
      else await clock.sleep(LOOK_MS, signal).catch(() => undefined);
    }
  }

  /** One look, and what follows from it. Resolves to the pods that have to go. */
  async look(signal: AbortSignal): Promise<readonly Evictable[]> {
    const { clock, settings, gauges, pods } = this.#deps;
    const readings = readingsOf(await gauges.look(signal));
    const { due, ...strain } = assess(settings, readings, this.#strain, clock.monotonic());
    const isSame = equalJson([...strain.pressures], [...this.#strain.pressures]);
    this.#strain = strain;
    if (!isSame) this.#deps.changed();
    if (due.length === 0 && !pods().some(({ pod }) => hasLocalLimit(pod))) return [];
    const node = await gauges.observe(signal);
    const offenders = this.#offenders(node);
    if (offenders.length > 0) return offenders;
    const [threshold] = due;
    return threshold ? this.#relieve(threshold, due, node, signal) : [];
  }

  /** Pods that wrote more than they may go whatever the node has left. */
  #offenders(node: ObservedNode): readonly Evictable[] {
    return this.#deps.pods().filter((evictable) => {
      const message = exceededLimit(candidate(evictable, node));
      return (
        message !== undefined &&
        this.#evict(evictable, { reason: EVICTED, message, graceSeconds: GRACE_SECONDS, isDisruption: false })
      );
    });
  }

  async #relieve(
    threshold: Threshold,
    due: readonly Threshold[],
    node: ObservedNode,
    signal: AbortSignal,
  ): Promise<readonly Evictable[]> {
    const { log, event, gauges, reclaim, pods, settings } = this.#deps;
    const starved = resourceOf(threshold);
    event('Warning', 'EvictionThresholdMet', `Attempting to reclaim ${starved}`);
    log.warn('the node runs out of something', { resource: starved, signal: threshold.signal });
    if (starved === 'ephemeral-storage' || starved === 'inodes') {
      await reclaim(signal);
      if (metBy(settings.thresholds, readingsOf(await gauges.look(signal)), true).length === 0) return [];
    }
    const byPod = new Map(pods().map((evictable) => [candidate(evictable, node), evictable]));
    for (const next of ranked([...byPod.keys()], starved)) {
      const evictable = byPod.get(next) as Evictable;
      const message = starvedMessage(starved, next, due, readingsOf(node));
      if (
        this.#evict(evictable, {
          reason: EVICTED,
          message,
          graceSeconds: this.#grace(threshold, next.pod),
          isDisruption: true,
        })
      )
        return [evictable];
    }
    log.error('the node has no pod that could go', { resource: starved });
    return [];
  }

  #grace({ graceMs }: Threshold, { spec }: Pod): number {
    const own = Number(spec.terminationGracePeriodSeconds ?? 30);
    return graceMs === 0 ? GRACE_SECONDS : Math.min(own, this.#deps.settings.podGraceSecondsMax);
  }

  #evict(evictable: Evictable, eviction: Omit<Eviction, 'since'>): boolean {
    if (isCritical(evictable.pod)) return false;
    this.#deps.log.info('evicting a pod', { pod: keyOf(evictable.pod), message: eviction.message });
    evictable.evict(eviction);
    return true;
  }

  /** What a pod used is there only when it has ended. */
  async #ended(evicted: readonly Evictable[], signal: AbortSignal): Promise<void> {
    const { clock, pods } = this.#deps;
    const uids = new Set(evicted.map(({ pod }) => pod.metadata.uid));
    const until = clock.monotonic() + END_MS;
    while (!signal.aborted && clock.monotonic() < until && pods().some(({ pod }) => uids.has(pod.metadata.uid)))
      await clock.sleep(END_LOOK_MS, signal).catch(() => undefined);
  }
}

const candidate = ({ pod }: Evictable, node: ObservedNode): Candidate => ({
  pod,
  observed: node.pods.find(({ uid }) => uid === pod.metadata.uid),
});
