import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Access, httpTransport, loadAccess } from '@navarch/node/client';
import type { Context } from './benchmark.ts';
import { ROOT } from './machine.ts';
import { freePorts } from './ports.ts';

export interface NavarchServer {
  readonly url: string;
  readonly kubeconfig: string;
  readonly access: Access;
  readonly pid: number;
  /** Where its store is. */
  readonly dataDir: string;
  stop(): Promise<void>;
}

const READY_MS_MAX = 30_000;

/**
 * A `navarch server` process with an empty durable store, ready and on loopback. `NAVARCH_BENCH_NODE_FLAGS` are flags
 * for its Node, such as `--cpu-prof`.
 */
export async function startNavarchServer({ processes, dir, signal }: Context, name = 'server'): Promise<NavarchServer> {
  const [port = 0] = await freePorts(1);
  const dataDir = join(dir, name);
  mkdirSync(dataDir, { recursive: true });
  const log = join(dir, `${name}.log`);
  const flags = (process.env['NAVARCH_BENCH_NODE_FLAGS'] ?? '').split(' ').filter(Boolean);
  // The flags of `./navarch server`, but room for 16,384 nodes: the range of a fresh cluster has it for 256.
  const args = [
    '--disable-warning=ExperimentalWarning', '--max-semi-space-size=64', '--external-memory-accounted-in-global-limit', ...flags,
    join(ROOT, 'apps/navarch/src/main.ts'), 'server', '--data-dir', dataDir, '--port', String(port),
    '--cluster-cidr', '10.128.0.0/10', '--node-name', 'bench',
  ];
  const child = processes.start(process.execPath, args, { log });
  const kubeconfig = join(dataDir, 'admin.kubeconfig');
  const end = performance.now() + READY_MS_MAX;
  for (let last: unknown = 'no answer'; !(await isReady(kubeconfig, signal).catch((error: unknown) => ((last = error), false))); await sleep(20, undefined, { signal })) {
    if (child.exitCode !== null || performance.now() > end) throw new Error(`The server did not become ready (${String(last)}): ${lastWords(log)}`);
  }
  return {
    url: `https://127.0.0.1:${port}`, kubeconfig, access: loadAccess(kubeconfig), pid: child.pid, dataDir,
    async stop() {
      await processes.stop(child);
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
