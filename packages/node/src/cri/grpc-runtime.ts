import { setTimeout as sleep } from 'node:timers/promises';
import { type cri, RpcError } from '@navarch/kubelet';
import { GrpcChannel, type Message } from '../grpc/index.ts';
import type { CriChannel, Method } from './cri-channel.ts';
import { protocol } from './states.ts';
import { probeAbilities } from './probe.ts';

export interface GrpcRuntimeOptions {
  /** Path of the runtime's unix socket. */
  readonly socketPath: string;
  /** How long to wait for the socket to answer at all. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Bound of a call whose work does not depend on its request. Default 120 s, as upstream's kubelet. */
  readonly callTimeoutMs?: number;
}

/** The port over gRPC; closing it ends the connection and every call on it. */
export interface GrpcRuntime extends cri.ContainerRuntime, Disposable {}

/** A call's bound beyond `callTimeoutMs`, in milliseconds; undefined for calls bounded by their signal alone. */
type Allowance = (request: Message, callTimeoutMs: number) => number | undefined;

/** Bound of a call that only reads, milliseconds: it is put again at the next look, and one that hangs holds up its pod. */
const READ_MS_MAX = 20_000;

const unbounded: Allowance = () => undefined;
const reading: Allowance = (_, callTimeoutMs) => Math.min(callTimeoutMs, READ_MS_MAX);
const bySeconds: Allowance = (request, callTimeoutMs) => Number(request['timeout'] ?? 0) * 1000 + callTimeoutMs;

const allowances: Readonly<Partial<Record<Method, Allowance>>> = {
  // Making a sandbox may include pulling the pause image and waiting for a slow network plugin.
  runPodSandbox: (_, callTimeoutMs) => callTimeoutMs * 2,
  stopContainer: bySeconds,
  // Without a timeout of its own a command may run as long as its caller waits.
  execSync: (request, callTimeoutMs) =>
    Number(request['timeout'] ?? 0) > 0 ? bySeconds(request, callTimeoutMs) : undefined,
  checkpointContainer: (request, callTimeoutMs) => Math.max(Number(request['timeout'] ?? 0) * 1000, callTimeoutMs),
  pullImage: unbounded,
  status: reading,
  listPodSandbox: reading,
  podSandboxStatus: reading,
  listContainers: reading,
  listSandboxStates: reading,
  listContainerStates: reading,
  containerStatus: reading,
  listImages: reading,
  imageStatus: reading,
};

/**
 * Connects to a runtime (containerd, CRI-O) and asks what it can do. Throws RpcError UNAVAILABLE when nothing answers
 * on the socket, UNIMPLEMENTED when what answers does not speak runtime.v1.
 */
export async function connectRuntime(options: GrpcRuntimeOptions, signal: AbortSignal): Promise<GrpcRuntime> {
  const channel = new GrpcChannel(options.socketPath, protocol);
  try {
    const timeoutMs = options.connectTimeoutMs ?? 10_000;
    await channel.ready(timeoutMs);
    await isInitialized(channel, timeoutMs, signal);
    const abilities = await patiently(() => probeAbilities(channel, signal), signal);
    return runtimeOn(channel, abilities, options.callTimeoutMs ?? 120_000);
  } catch (error) {
    channel[Symbol.dispose]();
    throw error;
  }
}

const RETRY_MS = 250;
/** A runtime that is there, and slow, is asked for so long before whoever needs it gives up. */
const ANSWERED_MS = 120_000;

const isUnanswered = (error: unknown): boolean => RpcError.is(error, 'UNAVAILABLE', 'DEADLINE_EXCEEDED');

/** Asks again while what answers is there and says that it cannot just now, or says nothing in time. */
export async function patiently<T>(
  ask: () => Promise<T>,
  signal: AbortSignal,
  { passes = isUnanswered, everyMs = RETRY_MS } = {},
): Promise<T> {
  for (const end = performance.now() + ANSWERED_MS; ; await sleep(everyMs, undefined, { signal })) {
    try {
      return await ask();
    } catch (error) {
      if (!passes(error) || performance.now() > end) throw error;
    }
  }
}

/** containerd opens its socket before its CRI part can answer, while it looks for the pods of its last run. */
async function isInitialized(channel: CriChannel, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const isEarly = (error: unknown): boolean => RpcError.is(error, 'UNKNOWN') && /not initialized/.test(error.details);
  const passes = (error: unknown): boolean => isEarly(error) || isUnanswered(error);
  await patiently(() => channel.call('status', {}, timeoutMs, signal), signal, { passes, everyMs: 10 });
}

function runtimeOn(channel: CriChannel, abilities: cri.RuntimeAbilities, callTimeoutMs: number): GrpcRuntime {
  const calls = Object.entries(protocol.methods).map(([name, [, , , isStream]]) => {
    const method = name as Method;
    const allowance = allowances[method] ?? (() => callTimeoutMs);
    return [
      method,
      isStream
        ? (request: Message, signal: AbortSignal) => channel.stream(method, request, signal)
        : (request: Message, signal: AbortSignal) =>
            channel.call(method, request, allowance(request, callTimeoutMs), signal),
    ];
  });
  return Object.freeze({
    ...Object.fromEntries(calls),
    features: () => abilities,
    [Symbol.dispose]: () => channel[Symbol.dispose](),
  }) as GrpcRuntime; // The shapes follow from the same facts as the types; the codec checks them at each call.
}
