import { storageVersion } from '@navarch/api';
import { TaskGroup } from '@navarch/base';
import { Cache } from '@navarch/client';
import type { Kind } from '@navarch/machinery';
import { admissionPolicyStatusController } from './admission-policy-status/admission-policy-status.ts';
import type { Controller } from './controller.ts';
import { disruptionController } from './disruption/disruption.ts';
import { garbageCollectorController } from './garbage-collector/garbage-collector.ts';
import {
  type AutoscalingDeps,
  horizontalPodAutoscalerController,
} from './horizontal-pod-autoscaler/horizontal-pod-autoscaler.ts';
import type { ReadPath } from './horizontal-pod-autoscaler/metric-apis.ts';
import { ScalingMemory } from './horizontal-pod-autoscaler/scaling-memory.ts';
import { namespaceController } from './namespace/namespace.ts';
import { resourceQuotaController } from './resource-quota/resource-quota.ts';
import { runControllers, type RunnerDeps } from './runner.ts';
import { selectControllers, type Selection } from './selection.ts';
import { storageVersionCollectorController } from './storage-version-collector/storage-version-collector.ts';
import { storageVersionMigratorController } from './storage-version-migrator/storage-version-migrator.ts';

/** What is served, as it changes: custom resources come and go. */
export interface KindSource {
  current(): readonly Kind<any>[];
  /** Resolves when another list than `known` is served. Rejects when the signal aborts. */
  changed(known: readonly Kind<any>[], signal: AbortSignal): Promise<void>;
}

/** Definitions come many at a time: what they change is taken up once, this long after the first of them, in ms. */
const SETTLE_MS = 500;

/** The controllers that have to do with every kind there is: what a namespace may hold, an owner own, a quota count, a budget take shares of, an autoscaler resize, a policy look at, a migration write anew. `served`: the kinds of this moment, which `kinds` may be a little behind. */
export const kindControllers = (
  kinds: readonly Kind<any>[],
  autoscaling: Partial<AutoscalingDeps> = {},
  served: () => readonly Kind<any>[] = () => kinds,
): readonly Controller[] => [
  resourceQuotaController(kinds),
  namespaceController(served),
  garbageCollectorController(kinds),
  disruptionController(kinds),
  admissionPolicyStatusController(kinds),
  storageVersionMigratorController(kinds),
  // Of a version that few ask for.
  ...(kinds.includes(storageVersion) ? [storageVersionCollectorController] : []),
  horizontalPodAutoscalerController(kinds, {
    memory: new ScalingMemory(),
    readPath: async () => undefined,
    ...autoscaling,
  }),
];

export interface KindControllersDeps extends Omit<RunnerDeps, 'cache'> {
  readonly readPath?: ReadPath;
  /** Which of them run; absent: all. */
  readonly selection?: Selection;
}

/** Runs them until the signal aborts, anew after each change of what is served, on a cache of their own. */
export async function runKindControllers(
  source: KindSource,
  { readPath, selection = ['*'], ...deps }: KindControllersDeps,
  signal: AbortSignal,
): Promise<void> {
  // What autoscalers remember outlasts a change of what is served.
  const autoscaling = { memory: new ScalingMemory(), ...(readPath ? { readPath } : {}) };
  for (let n = 0; !signal.aborted; n++) {
    const kinds = source.current();
    const round = new AbortController();
    const life = AbortSignal.any([signal, round.signal]);
    const group = new TaskGroup(life);
    try {
      const cache = new Cache({ ...deps, random: deps.random.fork(`kinds ${n}`) });
      group.spawn((s) => cache.run(s));
      group.spawn((s) =>
        runControllers(
          selectControllers(
            kindControllers(kinds, autoscaling, () => source.current()),
            selection,
          ),
          { ...deps, cache },
          s,
        ),
      );
      // A failure of theirs must not wait for the next change of what is served.
      await source.changed(kinds, group.signal);
      await deps.clock.sleep(SETTLE_MS, group.signal);
    } catch (error) {
      if (!group.signal.aborted) throw error;
    }
    round.abort(new Error('Other kinds are served'));
    await group[Symbol.asyncDispose]();
  }
}
