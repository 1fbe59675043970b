import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from './benchmark.ts';
import { ROOT } from './machine.ts';
import { freePorts } from './ports.ts';

/** The load generator and the peer: sources in the folder NAVARCH_BENCH, programs in a cache (NAVARCH_BENCH_CACHE). */
export interface PeerTools {
  readonly kload: string;
  readonly etcd: string;
  readonly apiserver: string;
}

export const benchSources = (): string => process.env['NAVARCH_BENCH'] ?? join(ROOT, '../shared/bench');
const cache = (): string =>
  process.env['NAVARCH_BENCH_CACHE'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'navarch-bench');

/** Builds what is missing with Go; minutes the first time. Rejects with one sentence that says what to do. */
export async function peerTools({ processes, say, signal }: Context, withPeer: boolean): Promise<PeerTools> {
  const bin = join(cache(), 'bin');
  const tools = { kload: join(bin, 'kload'), etcd: join(bin, 'etcd'), apiserver: join(bin, 'peer-apiserver') };
  const needed = withPeer ? Object.values(tools) : [tools.kload];
  if (needed.every(existsSync)) return tools;
  if (!existsSync(join(benchSources(), 'load')))
    throw new Error(`There is no load generator in ${benchSources()}: name its folder with NAVARCH_BENCH`);
  mkdirSync(bin, { recursive: true });
  const go = (args: readonly string[], cwd: string): Promise<string> =>
    processes.run('go', args, { cwd }, signal).catch((error: unknown) => {
      throw new Error(
        `Cannot build the load generator and the peer with Go 1.26: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    });
  say('building the load generator ...');
  await go(['build', '-o', tools.kload, '.'], join(benchSources(), 'load'));
  if (!withPeer) return tools;
  say('building the peer: minutes the first time ...');
  const copy = join(cache(), 'peer');
  // Built in a copy, since its OpenAPI definitions are generated.
  cpSync(join(benchSources(), 'peer'), copy, { recursive: true, force: true });
  if (!existsSync(join(copy, 'openapi/zz_generated.openapi.go'))) await go(['generate', './openapi'], copy);
  await go(['build', '-o', `${bin}/`, './cmd/...'], copy);
  return tools;
}

interface Etcd {
  readonly address: string;
  readonly pid: number;
}

/** etcd on loopback with its data on the same disk as ours, with fsync. */
async function startEtcd({ processes, dir, signal }: Context, tools: PeerTools): Promise<Etcd> {
  const [client = 0, peer = 0] = await freePorts(2);
  const [address, peerUrl] = [`127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  const { pid } = processes.start(
    tools.etcd,
    [
      '--name',
      'm',
      '--data-dir',
      join(dir, 'etcd'),
      '--log-level',
      'warn',
      '--quota-backend-bytes',
      '8589934592',
      '--listen-client-urls',
      `http://${address}`,
      '--advertise-client-urls',
      `http://${address}`,
      '--listen-peer-urls',
      peerUrl,
      '--initial-advertise-peer-urls',
      peerUrl,
      '--initial-cluster',
      `m=${peerUrl}`,
    ],
    { log: join(dir, 'etcd.log') },
  );
  await waitFor('etcd', () => fetch(`http://${address}/health`, { signal }).then((answer) => answer.ok), signal);
  return { address, pid };
}

export interface PeerServer {
  readonly url: string;
  readonly pids: Readonly<Record<string, number>>;
}

export async function startPeer(context: Context, tools: PeerTools): Promise<PeerServer> {
  const { processes, dir, signal } = context;
  const etcd = await startEtcd(context, tools);
  const addressFile = join(dir, 'peer.address');
  const { pid } = processes.start(
    tools.apiserver,
    ['--etcd-servers', `http://${etcd.address}`, '--address-file', addressFile],
    { log: join(dir, 'peer.log') },
  );
  await waitFor('the peer', async () => existsSync(addressFile) && readFileSync(addressFile, 'utf8') !== '', signal);
  const url = readFileSync(addressFile, 'utf8').trim();
  await processes.run(tools.kload, ['--insecure-skip-tls-verify', '--server', url, 'ready'], {}, signal);
  return { url, pids: { apiserver: pid, etcd: etcd.pid } };
}

async function waitFor(what: string, isSo: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  for (let waited = 0; !(await isSo().catch(() => false)); waited += 50) {
    if (waited > 20_000) throw new Error(`${what} did not start within 20 s`);
    await sleep(50, undefined, { signal });
  }
}
