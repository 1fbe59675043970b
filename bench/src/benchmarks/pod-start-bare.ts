import { settleAll } from '@navarch/base';
import type { GrpcRuntime } from '@navarch/node/cri';

export interface BareBurst {
  readonly pods: number;
  readonly image: string;
  readonly cgroupParent: string;
}

export interface BareStart {
  /** From the first call to the last container running. */
  readonly totalMs: number;
  /** Of each pod, from its first call to its container running. */
  readonly medianMs: number;
  readonly slowestMs: number;
}

/**
 * What the runtime alone needs for a burst of pods, by bare CRI calls (sandbox, create, start), all at once: the
 * measure for a kubelet on the same containerd. The pods are removed afterwards.
 */
export async function podStartBare(
  runtime: GrpcRuntime,
  { pods, image, cgroupParent }: BareBurst,
  signal: AbortSignal,
): Promise<BareStart> {
  const started = performance.now();
  const ran = await settleAll(
    Array.from({ length: pods }, (_, index) => startPod(runtime, `bare-${index}`, { image, cgroupParent }, signal)),
  );
  const totalMs = performance.now() - started;
  await settleAll(
    ran.map(async ({ podSandboxId }) => {
      await runtime.stopPodSandbox({ podSandboxId }, signal);
      await runtime.removePodSandbox({ podSandboxId }, signal);
    }),
  );
  const times = ran.map((pod) => pod.ms).sort((a, b) => a - b);
  return { totalMs, medianMs: times[times.length >> 1] ?? 0, slowestMs: times.at(-1) ?? 0 };
}

async function startPod(
  runtime: GrpcRuntime,
  name: string,
  { image, cgroupParent }: Omit<BareBurst, 'pods'>,
  signal: AbortSignal,
): Promise<{ readonly podSandboxId: string; readonly ms: number }> {
  const started = performance.now();
  const config = {
    metadata: { name, uid: name, namespace: 'bench', attempt: 0 },
    hostname: name,
    linux: { cgroupParent: `${cgroupParent}/${name}` },
  };
  const { podSandboxId } = await runtime.runPodSandbox({ config }, signal);
  const { containerId } = await runtime.createContainer(
    {
      podSandboxId,
      sandboxConfig: config,
      config: { metadata: { name: 'main', attempt: 0 }, image: { image }, linux: {} },
    },
    signal,
  );
  await runtime.startContainer({ containerId }, signal);
  return { podSandboxId, ms: performance.now() - started };
}
