import type { Container, Probe } from '@navarch/api';
import type { ContainerRuntime } from '../cri/index.ts';
import { RpcError } from '../rpc/rpc-error.ts';
import type { Prober } from '../ports.ts';

export interface CheckDeps {
  readonly runtime: ContainerRuntime;
  readonly prober: Prober;
}

export interface ProbeTarget {
  readonly container: Container;
  readonly id: string;
  /** The pod's address. */
  readonly ip: string;
}

/** `error`: the question could not be put, and says nothing about the container. */
export type Outcome = { readonly type: 'success' } | { readonly type: 'failure' | 'error'; readonly output: string };

/** Of what a probe says, bytes that are kept. */
const OUTPUT_MAX = 10 * 1024;

/** Puts one question to a container. Rejects only when stopped. */
export async function check(probe: Probe, target: ProbeTarget, deps: CheckDeps, signal: AbortSignal): Promise<Outcome> {
  try {
    const problem = await ask(probe, target, deps, signal);
    return problem === undefined ? { type: 'success' } : { type: 'failure', output: problem.slice(0, OUTPUT_MAX) };
  } catch (error) {
    if (signal.aborted) throw error;
    return { type: 'error', output: (error as Error).message.slice(0, OUTPUT_MAX) };
  }
}

async function ask(
  probe: Probe,
  { container, id, ip }: ProbeTarget,
  { runtime, prober }: CheckDeps,
  signal: AbortSignal,
): Promise<string | undefined> {
  const timeoutSeconds = probe.timeoutSeconds ?? 1;
  const timeoutMs = timeoutSeconds * 1000;
  if (probe.exec) return exec(runtime, id, probe.exec.command ?? [], timeoutSeconds, signal);
  if (probe.httpGet) {
    const { host = ip, port, path = '/', scheme, httpHeaders = [] } = probe.httpGet;
    const headers = Object.fromEntries(httpHeaders.map((h) => [h.name, h.value]));
    return prober.http(
      { host, port: foundPort(container, port), path, isTls: scheme === 'HTTPS', headers },
      timeoutMs,
      signal,
    );
  }
  if (probe.tcpSocket)
    return prober.tcp(probe.tcpSocket.host ?? ip, foundPort(container, probe.tcpSocket.port), timeoutMs, signal);
  if (probe.grpc) return prober.grpc(ip, probe.grpc.port, probe.grpc.service ?? '', timeoutMs, signal);
  throw new Error(`missing probe handler for ${container.name}`);
}

function foundPort(container: Container, port: number | string): number {
  const number = portOf(container, port);
  if (number === undefined)
    throw new Error(`couldn't find port: ${JSON.stringify(port)} in container ${container.name}`);
  return number;
}

/** A port by its number or by its name in the container. */
export const portOf = (container: Container, port: number | string): number | undefined =>
  typeof port === 'number'
    ? port
    : (container.ports?.find((p) => p.name === port)?.containerPort ?? (/^\d+$/.test(port) ? Number(port) : undefined));

async function exec(
  runtime: ContainerRuntime,
  containerId: string,
  command: readonly string[],
  timeout: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync({ containerId, cmd: command, timeout }, signal);
    const decoder = new TextDecoder();
    return exitCode === 0 ? undefined : `${decoder.decode(stdout)}${decoder.decode(stderr)}`;
  } catch (error) {
    if (RpcError.is(error, 'DEADLINE_EXCEEDED'))
      return `command timed out: ${JSON.stringify(command.join(' '))} timed out after ${timeout}s`;
    throw error;
  }
}
