import type { Pod } from '@navarch/api';
import type { Random } from '@navarch/base';
import { sandboxConfig } from '../container-config.ts';
import type { StartContainer } from '../pod-machine/action.ts';
import type { ObservedSandbox } from '../pod-machine/observed.ts';
import { FAILURES, IMAGE } from '../pod-machine/pod-container.ts';
import { RESOURCES, resourcesText } from '../pod-machine/resize.ts';
import { prepareContainer } from '../prepare-container.ts';
import { StartError, type StartReason } from '../start-error.ts';
import type { PodVolumes } from '../volumes/pod-volumes.ts';
import type { PodWorkerDeps } from './deps.ts';
import type { PodEvents } from './pod-events.ts';
import type { PodNotes } from './pod-notes.ts';
import type { Moved } from './pod-view.ts';
import { RpcError } from '../rpc/rpc-error.ts';
import { FIRST_REFUSAL_PAUSE_MS, refusalPauseMs } from './refusal-pause.ts';

export interface StartDeps extends PodWorkerDeps {
  readonly notes: PodNotes;
  readonly events: PodEvents;
  readonly podVolumes: PodVolumes;
}

/** Brings the image, makes the container and starts it. What stands in the way is noted, and shown as its state. */
export async function startContainer(
  pod: Pod,
  action: StartContainer,
  sandbox: ObservedSandbox,
  deps: StartDeps,
  signal: AbortSignal,
): Promise<Moved> {
  const { runtime, notes, events, clock, dirs, dns, host } = deps;
  const { container, attempt, failures, sandboxId, replaces } = action;
  const event = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    events.about(type, reason, message, container.name);
  let containerId: string | undefined;
  try {
    if (replaces) await runtime.removeContainer({ containerId: replaces }, signal);
    const prepared = await prepareContainer(
      { pod, container, attempt, ips: addressesOf(sandbox), event },
      deps.podVolumes,
      deps,
      signal,
    );
    const config = {
      ...prepared,
      annotations: {
        ...prepared.annotations,
        [FAILURES]: String(failures),
        [IMAGE]: container.image ?? '',
        [RESOURCES]: resourcesText(container, pod.spec.resources),
      },
    };
    const request = {
      podSandboxId: sandboxId,
      config,
      sandboxConfig: sandboxConfig(pod, sandbox.attempt, dirs, dns, host, deps.rules, await deps.userIds.of(pod)),
    };
    await as('CreateContainerError', admit(pod, sandbox, deps, signal));
    ({ containerId } = await as('CreateContainerError', runtime.createContainer(request, signal)));
    event('Normal', 'Created', 'Container created');
    // Noted before it runs: whoever sees it running must know that its hook is not over.
    if (container.lifecycle?.postStart) notes.postStarting.add(containerId);
    await as('RunContainerError', runtime.startContainer({ containerId }, signal));
    event('Normal', 'Started', 'Container started');
    notes.waiting.delete(container.name);
    return replaces ? 'anything' : { type: 'container', id: containerId, sandboxId };
  } catch (cause) {
    if (containerId !== undefined) notes.postStarting.delete(containerId);
    if (signal.aborted) throw cause;
    const error =
      cause instanceof StartError ? cause : new StartError('CreateContainerError', (cause as Error).message, { cause });
    notes.waiting.set(container.name, {
      reason: error.reason,
      message: error.message,
      retryAt: error.retryAt ?? clock.now() + pauseMs(error, notes.waiting.get(container.name)?.reason, deps.random),
    });
    event('Warning', 'Failed', error.eventMessage);
    return 'anything';
  }
}

/** Whatever runs in the sandbox from here on is kept from those whom network policies keep out. */
async function admit(pod: Pod, sandbox: ObservedSandbox, { guard }: StartDeps, signal: AbortSignal): Promise<void> {
  await guard?.admit(pod, addressesOf(sandbox), signal);
}

const addressesOf = ({ ip, additionalIps }: ObservedSandbox): readonly string[] =>
  [ip, ...additionalIps].filter((address) => address !== '');

const OF_RUNTIME: ReadonlySet<StartReason> = new Set([
  'ImageInspectError',
  'CreateContainerError',
  'RunContainerError',
]);

const pauseMs = ({ reason }: StartError, before: string | undefined, random: Random): number =>
  OF_RUNTIME.has(reason) && reason !== before ? FIRST_REFUSAL_PAUSE_MS : refusalPauseMs(random);

async function as<T>(reason: StartReason, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    // What the runtime said, without the name that gRPC has for it.
    throw new StartError(reason, RpcError.is(cause) ? cause.details : (cause as Error).message, { cause });
  }
}
