import type { Pod, Probe } from '@navarch/api';
import type { Clock, TaskGroup } from '@navarch/base';
import type { Memory, ProbeResults } from '../pod-machine/memory.ts';
import { isRunning, type ObservedContainer } from '../pod-machine/observed.ts';
import { hasStarted, isReadyNow, type PodContainer } from '../pod-machine/pod-container.ts';
import { check, type CheckDeps, type Outcome, type ProbeTarget } from './check.ts';
import { watchProbe } from './watch.ts';

type Kind = 'Startup' | 'Liveness' | 'Readiness';

export interface ProbingDeps extends CheckDeps {
  readonly clock: Clock;
  /** Told after each question what holds of a container by now. */
  found(id: string, results: ProbeResults): void;
  event(message: string, container: string): void;
  /** Told of every result. */
  counted(kind: string, container: string, outcome: Outcome): void;
}

interface Wanted {
  readonly kind: Kind;
  readonly probe: Probe;
  readonly container: PodContainer;
  readonly instance: ObservedContainer;
}

/** The probes of one pod: one task for every probe of a running container that is due. */
export class Probing {
  readonly #deps: ProbingDeps;
  readonly #running = new Map<string, AbortController>();

  constructor(deps: ProbingDeps) {
    this.#deps = deps;
  }

  /** Begins and ends probes as containers do. `ip` is the pod's address. */
  follow(pod: Pod, containers: readonly PodContainer[], memory: Memory, ip: string, group: TaskGroup): void {
    const wanted = new Map(
      containers.flatMap((c) => wantedOf(pod, c, memory)).map((w) => [`${w.kind} ${w.instance.id}`, w]),
    );
    for (const [key, stop] of this.#running) {
      if (wanted.has(key)) continue;
      stop.abort(new Error('The container is no longer to be probed'));
      this.#running.delete(key);
    }
    for (const [key, probe] of wanted) {
      if (this.#running.has(key)) continue;
      const stop = new AbortController();
      this.#running.set(key, stop);
      group.spawn((signal) => this.#watch(probe, memory, ip, AbortSignal.any([signal, stop.signal])));
    }
  }

  async #watch(
    { kind, probe, container, instance }: Wanted,
    memory: Memory,
    ip: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, found, event, counted } = this.#deps;
    const { name } = container.spec;
    const target: ProbeTarget = { container: container.spec, id: instance.id, ip };
    const initially = kind === 'Startup' ? undefined : kind === 'Liveness' ? true : isReadyNow(container, memory);
    const watch = { probe, initially, startedAt: instance.status.startedAt / 1e6, endsOnFailure: kind !== 'Readiness' };
    try {
      await watchProbe(
        watch,
        {
          clock,
          check: async (s) => {
            const outcome = await check(probe, target, this.#deps, s);
            counted(kind, name, outcome);
            return outcome;
          },
          holds: (isWell) => found(instance.id, resultsOf(kind, isWell)),
          failed: ({ type, output }) =>
            event(
              `${kind} probe ${type === 'failure' ? 'failed' : 'errored and resulted in unknown state'}: ${output}`,
              name,
            ),
        },
        signal,
      );
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

function resultsOf(kind: Kind, isWell: boolean): ProbeResults {
  if (kind === 'Readiness') return { isReady: isWell };
  if (kind === 'Liveness') return { isAlive: isWell };
  return isWell ? { isStarted: true } : { isStarted: false, isAlive: false };
}

/** Startup alone until it has succeeded, then liveness and readiness; only readiness once the pod is going. */
function wantedOf(pod: Pod, container: PodContainer, memory: Memory): readonly Wanted[] {
  const {
    spec,
    instances: [instance],
  } = container;
  if (!instance || !isRunning(instance)) return [];
  const isGoing = pod.metadata.deletionTimestamp !== undefined;
  const want = (kind: Kind, probe: Probe | undefined): readonly Wanted[] =>
    probe ? [{ kind, probe, container, instance }] : [];
  if (spec.startupProbe && !hasStarted(container, { ...memory, postStarting: new Set() }))
    return isGoing ? [] : want('Startup', spec.startupProbe);
  return [...(isGoing ? [] : want('Liveness', spec.livenessProbe)), ...want('Readiness', spec.readinessProbe)];
}
