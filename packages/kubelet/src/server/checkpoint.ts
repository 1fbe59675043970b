import type { Pod } from '@navarch/api';
import type { Clock } from '@navarch/base';
import type { ContainerRuntime } from '../cri/index.ts';
import { time } from '../pod-machine/time.ts';
import { HttpRefusal } from './refusal.ts';
import { runningContainer } from './streams.ts';

export interface CheckpointDeps {
  readonly runtime: Pick<ContainerRuntime, 'checkpointContainer' | 'listContainers'>;
  readonly clock: Clock;
  /** Where the archives go: nobody but the node's own user may read what a process had in its memory. */
  readonly folder: string;
}

interface Asked {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/**
 * Has the runtime write what a running container is to an archive (KEP-2008), and tells where. The last of several timeouts
 * counts, in seconds. Throws HttpRefusal in upstream's words.
 */
export async function checkpointContainer(
  { namespace, pod, container }: Asked,
  found: Pod | undefined,
  query: URLSearchParams,
  { runtime, clock, folder }: CheckpointDeps,
  signal: AbortSignal,
): Promise<{ readonly items: readonly [string] }> {
  if (!found) throw new HttpRefusal(404, 'pod does not exist');
  const { containers, initContainers = [], ephemeralContainers = [] } = found.spec;
  if (![...containers, ...initContainers, ...ephemeralContainers].some(({ name }) => name === container))
    throw new HttpRefusal(404, `container ${container} does not exist`);
  const text = query.getAll('timeout').at(-1) ?? '0';
  if (!/^[+-]?\d{1,18}$/.test(text)) throw new HttpRefusal(404, 'cannot parse value of timeout parameter');
  try {
    if (Number(text) < 0) throw new Error('CheckpointContainer requires the timeout value to be > 0');
    const containerId = await runningContainer(runtime, { namespace, pod, uid: found.metadata.uid, container }, signal);
    const location = `${folder}/checkpoint-${pod}_${namespace}-${container}-${time(clock.now())}.tar`;
    await runtime.checkpointContainer({ containerId, location, timeout: Number(text) }, signal);
    return { items: [location] };
  } catch (error) {
    if (signal.aborted) throw error;
    const why = (error as Error).message;
    throw new HttpRefusal(500, `checkpointing of ${namespace}/${pod}/${container} failed (${why})`);
  }
}
