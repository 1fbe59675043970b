import { setTimeout as sleep } from 'node:timers/promises';
import { type cri, RpcError } from '@navarch/kubelet';
import type { CriChannel, Method } from './cri-channel.ts';

const PROBE_TIMEOUT_MS = 10_000;
/** A runtime without container events refuses the stream at once; one that has them says nothing until one happens. */
const REFUSAL_WAIT_MS = 100;

/** Asks the runtime what it can do, where CRI has a question for it, and tries the call, where it has not. */
export async function probeAbilities(channel: CriChannel, signal: AbortSignal): Promise<cri.RuntimeAbilities> {
  const version = (await channel.call(
    'version',
    { version: 'v1' },
    PROBE_TIMEOUT_MS,
    signal,
  )) as unknown as cri.VersionResponse;
  const [status, config, events, stats, resize] = await Promise.all([
    channel.call('status', {}, PROBE_TIMEOUT_MS, signal) as unknown as Promise<cri.StatusResponse>,
    runtimeConfig(channel, signal),
    hasEvents(channel, signal),
    answers(channel, 'podSandboxStats', signal),
    answers(channel, 'updatePodSandboxResources', signal),
  ]);
  const handlers = status.runtimeHandlers.map(({ name, features }) => ({
    name,
    hasRecursiveReadOnlyMounts: features?.recursiveReadOnlyMounts === true,
    hasUserNamespaces: features?.userNamespaces === true,
  }));
  return {
    runtimeName: version.runtimeName,
    runtimeVersion: version.runtimeVersion,
    hasContainerEvents: events,
    hasPodSandboxStats: stats,
    hasSandboxResize: resize,
    hasImageVolumes: hasImageVolumes(version),
    hasRecursiveReadOnlyMounts: handlers.some((handler) => handler.hasRecursiveReadOnlyMounts),
    handlers,
    hasSupplementalGroupsPolicy: status.features?.supplementalGroupsPolicy === true,
    cgroupDriver: config?.linux?.cgroupDriver,
  };
}

async function runtimeConfig(channel: CriChannel, signal: AbortSignal): Promise<cri.RuntimeConfigResponse | undefined> {
  try {
    return (await channel.call('runtimeConfig', {}, PROBE_TIMEOUT_MS, signal)) as unknown as cri.RuntimeConfigResponse;
  } catch (error) {
    if (RpcError.is(error, 'UNIMPLEMENTED')) return undefined;
    throw error;
  }
}

/** A call about a sandbox that cannot exist: whoever knows the call says that there is none such. */
async function answers(channel: CriChannel, method: Method, signal: AbortSignal): Promise<boolean> {
  try {
    await channel.call(method, { podSandboxId: 'navarch-probe' }, PROBE_TIMEOUT_MS, signal);
    return true;
  } catch (error) {
    if (RpcError.is(error) && !isSilent(error))
      return error.code !== 'UNIMPLEMENTED' && !/not implemented|not supported/i.test(error.details);
    throw error;
  }
}

async function hasEvents(channel: CriChannel, signal: AbortSignal): Promise<boolean> {
  const abort = new AbortController();
  const stream = channel.stream('getContainerEvents', {}, AbortSignal.any([signal, abort.signal]));
  const refused = stream.next().then(
    () => false,
    (error: unknown) => {
      if (isSilent(error) && !abort.signal.aborted) throw error;
      return RpcError.is(error);
    },
  );
  try {
    return await Promise.race([refused.then((wasRefused) => !wasRefused), sleep(REFUSAL_WAIT_MS, true, { signal })]);
  } finally {
    abort.abort(new Error('probe is over'));
    await refused.catch(() => undefined);
  }
}

/** Nothing was said about the call: that is no answer to whether it is known. */
const isSilent = (error: unknown): boolean => RpcError.is(error, 'UNAVAILABLE', 'DEADLINE_EXCEEDED');

/** The one ability that no call shows: an older runtime ignores the field and mounts nothing. */
function hasImageVolumes({ runtimeName, runtimeVersion }: cri.VersionResponse): boolean {
  const [major = 0, minor = 0] = runtimeVersion.replace(/^v/, '').split('.').map(Number);
  if (runtimeName === 'containerd') return major > 2 || (major === 2 && minor >= 1);
  return runtimeName === 'cri-o' && (major > 1 || minor >= 33);
}
