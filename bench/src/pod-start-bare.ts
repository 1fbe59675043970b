import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settleAll } from '@navarch/base';
import { connectRuntime, probeHost, startContainerd, teardownContainerd, importImages, writePodNetwork } from '@navarch/node';
import type { GrpcRuntime } from '@navarch/node';
import { buildImage } from '../../images/build.ts';

export interface BareStart {
  readonly pods: number;
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
export async function podStartBare(runtime: GrpcRuntime, pods: number, cgroupParent: string, signal: AbortSignal): Promise<BareStart> {
  const started = performance.now();
  const ran = await settleAll(Array.from({ length: pods }, (_, index) => startPod(runtime, `bare-${index}`, cgroupParent, signal)));
  const totalMs = performance.now() - started;
  await settleAll(ran.map(async ({ podSandboxId }) => {
    await runtime.stopPodSandbox({ podSandboxId }, signal);
    await runtime.removePodSandbox({ podSandboxId }, signal);
  }));
  const times = ran.map((pod) => pod.ms).sort((a, b) => a - b);
  return { pods, totalMs, medianMs: times[times.length >> 1] ?? 0, slowestMs: times.at(-1) ?? 0 };
}

async function startPod(
  runtime: GrpcRuntime, name: string, cgroupParent: string, signal: AbortSignal,
): Promise<{ readonly podSandboxId: string; readonly ms: number }> {
  const started = performance.now();
  const config = { metadata: { name, uid: name, namespace: 'bench', attempt: 0 }, hostname: name, linux: { cgroupParent: `${cgroupParent}/${name}` } };
  const { podSandboxId } = await runtime.runPodSandbox({ config }, signal);
  const { containerId } = await runtime.createContainer({
    podSandboxId, sandboxConfig: config,
    config: { metadata: { name: 'main', attempt: 0 }, image: { image: 'docker.io/library/pause:3.10' }, linux: {} },
  }, signal);
  await runtime.startContainer({ containerId }, signal);
  return { podSandboxId, ms: performance.now() - started };
}

/** The measurement on a containerd of its own: `node bench/src/pod-start-bare.ts [PODS]`. */
async function main(): Promise<void> {
  const signal = AbortSignal.timeout(300_000);
  const dir = mkdtempSync(join(tmpdir(), 'nvb-'));
  const teardown = { dir, cgroupRoot: `/nvb${process.pid}`, bridge: `nvb${process.pid}` };
  try {
    const report = await probeHost(dir, signal);
    if (!report.canRunContainers) throw new Error(report.missing.map(({ what, why }) => `${what}: ${why}`).join('; '));
    const { archive } = await buildImage('pause', join(dir, 'images'), signal);
    const containerd = await startContainerd({ dir, sandboxImage: 'docker.io/library/pause:3.10' }, signal);
    writePodNetwork(containerd.layout, { bridge: teardown.bridge, podCidrs: ['10.214.0.0/24'] });
    await importImages(containerd, archive, signal);
    using runtime = await connectRuntime({ socketPath: containerd.socketPath }, signal);
    while (!(await runtime.status({}, signal)).status?.conditions.every((condition) => condition.status)) signal.throwIfAborted();
    const result = await podStartBare(runtime, Number(process.argv[2] ?? 30), `${teardown.cgroupRoot}/kubepods`, signal);
    console.log(JSON.stringify({ name: 'pod-start-bare', ...result }));
  } finally {
    await teardownContainerd(teardown, AbortSignal.timeout(60_000));
    rmSync(dir, { recursive: true, force: true });
  }
}

if (import.meta.main) await main();
