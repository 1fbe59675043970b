import { type ChildProcess } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Access, httpTransport, loadAccess } from '@navarch/node/client';
import { settleAll } from '@navarch/base';
import type { Context } from './benchmark.ts';

/** A server process of ours, ready and on loopback. */
export interface RunningServer {
  readonly url: string;
  readonly kubeconfig: string;
  readonly access: Access;
  readonly pid: number;
  /** Where its store is. */
  readonly dataDir: string;
  /** The file with what it says. */
  readonly log: string;
  stop(): Promise<void>;
}

export interface StartedServer {
  readonly child: ChildProcess & { readonly pid: number };
  readonly port: number;
  /** Read once it is there. */
  readonly kubeconfig: string;
  readonly dataDir: string;
  readonly log: string;
  /** Processes that stop with it. */
  readonly alongside?: readonly ChildProcess[];
}

const READY_MS_MAX = 120_000;

/** The flags of `./navarch server`, and of `NAVARCH_BENCH_NODE_FLAGS`: flags for its Node, such as `--cpu-prof`. */
export const nodeFlags = (): readonly string[] => [
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=64',
  '--external-memory-accounted-in-global-limit',
  ...(process.env['NAVARCH_BENCH_NODE_FLAGS'] ?? '').split(' ').filter(Boolean),
];

/** Rejects with the last words of a server that ends, or is not ready within two minutes: a machine may have much else to do. */
export async function untilReady(
  { child, port, kubeconfig, dataDir, log, alongside = [] }: StartedServer,
  { processes, signal }: Context,
): Promise<RunningServer> {
  const end = performance.now() + READY_MS_MAX;
  for (
    let last: unknown = 'no answer';
    !(await isReady(kubeconfig, signal).catch((error: unknown) => ((last = error), false)));
    await sleep(20, undefined, { signal })
  ) {
    if (child.exitCode !== null || performance.now() > end)
      throw new Error(`The server did not become ready (${String(last)}): ${lastWords(log)}`);
  }
  return {
    url: `https://127.0.0.1:${port}`,
    kubeconfig,
    access: loadAccess(kubeconfig),
    pid: child.pid,
    dataDir,
    log,
    async stop() {
      await settleAll([child, ...alongside].map((one) => processes.stop(one)));
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function isReady(kubeconfig: string, signal: AbortSignal): Promise<boolean> {
  using transport = httpTransport(loadAccess(kubeconfig));
  const answer = await transport.send({ method: 'GET', path: '/readyz', headers: {} }, signal);
  for await (const _ of answer.body);
  return answer.status === 200;
}

const lastWords = (log: string): string => readFileSync(log, 'utf8').trimEnd().split('\n').at(-1) ?? '';
