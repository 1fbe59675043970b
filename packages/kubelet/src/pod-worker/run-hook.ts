import type { Container, LifecycleHandler } from '@navarch/api';
import type { Clock } from '@navarch/base';
import type { ContainerRuntime } from '../cri/index.ts';
import type { Prober } from '../ports.ts';
import { portOf } from '../probes/check.ts';

export interface HookDeps {
  readonly runtime: ContainerRuntime;
  readonly prober: Prober;
  readonly clock: Clock;
}

interface Target {
  readonly container: Container;
  readonly id: string;
  /** The pod's address. */
  readonly ip: string;
}

/** Upstream's client has no limit of its own; a server that never answers must not hold a pod for ever. */
const HTTP_TIMEOUT_MS = 30_000;

/** Runs a postStart or preStop hook to its end. Resolves to what went wrong, undefined when nothing did. Rejects when stopped. */
export async function runHook(
  hook: LifecycleHandler,
  { container, id, ip }: Target,
  deps: HookDeps,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { runtime, prober, clock } = deps;
  try {
    if (hook.sleep) await clock.sleep(Number(hook.sleep.seconds) * 1000, signal);
    if (hook.exec) {
      const { command = [] } = hook.exec;
      const { exitCode, stdout, stderr } = await runtime.execSync(
        { containerId: id, cmd: command, timeout: 0 },
        signal,
      );
      const decoder = new TextDecoder();
      return exitCode === 0
        ? undefined
        : `command '${command.join(' ')}' exited with ${exitCode}: ${decoder.decode(stdout)}${decoder.decode(stderr)}`;
    }
    if (hook.httpGet) {
      const { host = ip, port, path = '/', scheme, httpHeaders = [] } = hook.httpGet;
      const number = portOf(container, port);
      if (number === undefined) return `couldn't find port: ${String(port)}`;
      const headers = Object.fromEntries(httpHeaders.map((h) => [h.name, h.value]));
      return await prober.http(
        { host, port: number, path, isTls: scheme === 'HTTPS', headers },
        HTTP_TIMEOUT_MS,
        signal,
      );
    }
    return undefined;
  } catch (error) {
    if (signal.aborted) throw error;
    return (error as Error).message;
  }
}
