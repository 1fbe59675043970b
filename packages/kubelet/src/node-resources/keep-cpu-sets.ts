import { firstOf, type Clock, type Logger } from '@navarch/base';
import { CONTAINER_NAME, POD_UID } from '../container-config.ts';
import { cpuSetText } from '../cpu-manager/cpu-set.ts';
import type { ContainerRuntime } from '../cri/index.ts';
import { orGone } from '../cri/or-gone.ts';
import type { NodeResources } from './node-resources.ts';

export interface KeepCpuSetsDeps {
  readonly runtime: ContainerRuntime;
  readonly resources: NodeResources;
  readonly clock: Clock;
  readonly log: Logger;
}

/** As upstream looks whether containers run where they should. */
const LOOK_MS = 10_000;

/** Moves containers that share processors away from those that were given to one of them, until the signal aborts. */
export async function keepCpuSets(
  { runtime, resources, clock, log }: KeepCpuSetsDeps,
  signal: AbortSignal,
): Promise<void> {
  const { cpus, moved } = resources;
  if (!cpus) return;
  /** By container id: where it was put last. */
  let told: ReadonlyMap<string, string> = new Map();
  while (!signal.aborted) {
    const next = new Map<string, string>();
    try {
      const { containers } = await runtime.listContainers(
        { filter: { state: { state: 'CONTAINER_RUNNING' } } },
        signal,
      );
      for (const { id, labels } of containers) {
        const uid = labels[POD_UID];
        if (uid === undefined) continue;
        const wanted = cpuSetText(cpus.of(uid, labels[CONTAINER_NAME] ?? '') ?? cpus.shared);
        if (told.get(id) !== wanted && wanted !== '')
          await orGone(runtime.updateContainerResources({ containerId: id, linux: { cpusetCpus: wanted } }, signal));
        next.set(id, wanted);
      }
    } catch (error) {
      if (!signal.aborted) log.warn('cannot keep containers off the processors of others', { error });
    }
    told = next;
    await firstOf(
      signal,
      (s) => clock.sleep(LOOK_MS, s),
      (s) => moved.wait(s),
    );
  }
}
