import type { Container, Pod, Probe } from '@navarch/api';
import type { Clock } from '@navarch/base';
import type { ContainerRuntime } from './cri/index.ts';
import type { ProbeResults } from './pod-machine/memory.ts';
import type { Prober } from './ports.ts';

export interface ProbeDeps {
  readonly runtime: ContainerRuntime;
  readonly prober: Prober;
  readonly clock: Clock;
  /** Told when a result flips, and of every failure (for events). */
  changed(results: ProbeResults): void;
  failed(kind: 'Startup' | 'Liveness' | 'Readiness', output: string): void;
}

interface Target {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  readonly ip: string;
}

/** Probes one running container until the signal aborts: startup first, then liveness and readiness side by side. */
export async function runProbes(target: Target, deps: ProbeDeps, signal: AbortSignal): Promise<void> {
  const { startupProbe, livenessProbe, readinessProbe } = target.container;
  let results: ProbeResults = {};
  const update = (next: ProbeResults): void => {
    results = { ...results, ...next };
    deps.changed(results);
  };
  if (startupProbe) {
    const isStarted = await untilDecided(startupProbe, target, deps, signal);
    if (signal.aborted) return;
    if (!isStarted) return update({ isStarted: false, isAlive: false });
    update({ isStarted: true });
  }
  const liveness = livenessProbe ? watch('Liveness', livenessProbe, true, target, deps, (isAlive) => update({ isAlive }), signal) : undefined;
  const readiness = readinessProbe ? watch('Readiness', readinessProbe, false, target, deps, (isReady) => update({ isReady }), signal) : undefined;
  await Promise.allSettled([liveness, readiness]);
}

async function untilDecided(probe: Probe, target: Target, deps: ProbeDeps, signal: AbortSignal): Promise<boolean> {
  let decided: boolean | undefined;
  const end = new AbortController();
  await watch('Startup', probe, undefined, target, deps, (value) => {
    decided = value;
    end.abort();
  }, AbortSignal.any([signal, end.signal]));
  return decided ?? false;
}

/** Calls `decide` whenever enough results in a row say something new. `before` is what counts until then. */
async function watch(
  kind: 'Startup' | 'Liveness' | 'Readiness', probe: Probe, before: boolean | undefined, target: Target, deps: ProbeDeps, decide: (value: boolean) => void, signal: AbortSignal,
): Promise<void> {
  const { clock } = deps;
  const pause = (seconds: number): Promise<void> => clock.sleep(seconds * 1000, signal).catch(() => undefined);
  await pause(probe.initialDelaySeconds ?? 0);
  let current = before;
  let [successes, failures] = [0, 0];
  while (!signal.aborted) {
    const problem = await probeOnce(probe, target, deps, signal);
    if (signal.aborted) return;
    if (problem === undefined) [successes, failures] = [successes + 1, 0];
    else {
      [successes, failures] = [0, failures + 1];
      deps.failed(kind, problem);
    }
    const value = failures >= (probe.failureThreshold ?? 3) ? false : successes >= (probe.successThreshold ?? 1) ? true : current;
    if (value !== undefined && value !== current) decide((current = value));
    await pause(probe.periodSeconds ?? 10);
  }
}

/** undefined when the container is well. */
async function probeOnce(probe: Probe, { container, containerId, ip }: Target, { runtime, prober }: ProbeDeps, signal: AbortSignal): Promise<string | undefined> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  try {
    if (probe.exec) return await execProbe(runtime, containerId, probe.exec.command ?? [], probe.timeoutSeconds ?? 1, signal);
    if (probe.httpGet) {
      const { host = ip, port, path = '/', scheme, httpHeaders = [] } = probe.httpGet;
      const number = portOf(container, port);
      if (number === undefined) return `couldn't find port: ${String(port)}`;
      return await prober.http({ host, port: number, path, isTls: scheme === 'HTTPS', headers: Object.fromEntries(httpHeaders.map((h) => [h.name, h.value])) }, timeoutMs, signal);
    }
    if (probe.tcpSocket) {
      const number = portOf(container, probe.tcpSocket.port);
      return number === undefined ? `couldn't find port: ${String(probe.tcpSocket.port)}` : await prober.tcp(probe.tcpSocket.host ?? ip, number, timeoutMs, signal);
    }
    if (probe.grpc) return await prober.grpc(ip, probe.grpc.port, probe.grpc.service ?? '', timeoutMs, signal);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

export const portOf = (container: Container, port: number | string): number | undefined =>
  (typeof port === 'number' ? port : (container.ports?.find((p) => p.name === port)?.containerPort ?? (/^\d+$/.test(port) ? Number(port) : undefined)));

async function execProbe(runtime: ContainerRuntime, containerId: string, command: readonly string[], timeout: number, signal: AbortSignal): Promise<string | undefined> {
  const { exitCode, stdout, stderr } = await runtime.execSync({ containerId, cmd: command, timeout }, signal);
  if (exitCode === 0) return undefined;
  const decoder = new TextDecoder();
  return `${decoder.decode(stdout)}${decoder.decode(stderr)}`;
}
