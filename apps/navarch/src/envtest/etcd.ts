import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { aborted } from '@navarch/base';
import { UserError } from '../user-error.ts';
import { asksHelp, asksVersion, type FlagTable, helpOf, needed, readFlags } from './flags.ts';
import { whileWanted } from './while-wanted.ts';

/** What clients that look at it are told: that of a release they know. */
const VERSION = '3.6.0';
/** Where the API server of the same suite learns of its store. */
export const STORE_PATH = '/navarch/store';

/** What it learns there. */
export interface StorePlace {
  readonly folder: string;
  /** Whether a write is over only when the disk has it. */
  readonly isSynced: boolean;
}

const UNNEEDED = 'taken and not needed';
const NO_PEERS = 'taken and not needed: there are no peers';
const PLAIN = 'clients are answered without TLS';
const FLAGS: FlagTable = {
  'advertise-client-urls': ['list', 'addresses that clients are told'],
  'auto-compaction-mode': ['text', UNNEEDED],
  'auto-compaction-retention': ['text', UNNEEDED],
  'backend-batch-interval': ['text', UNNEEDED],
  'cert-file': ['refused', PLAIN],
  'client-cert-auth': ['refused', PLAIN],
  'data-dir': ['text', 'folder of the store'],
  'election-timeout': ['number', NO_PEERS],
  'enable-pprof': ['switch', UNNEEDED],
  'feature-gates': ['list', UNNEEDED],
  'force-new-cluster': ['switch', NO_PEERS],
  'heartbeat-interval': ['number', NO_PEERS],
  'initial-advertise-peer-urls': ['list', NO_PEERS],
  'initial-cluster': ['list', NO_PEERS],
  'initial-cluster-state': ['text', NO_PEERS],
  'initial-cluster-token': ['text', NO_PEERS],
  'initial-election-tick-advance': ['switch', NO_PEERS],
  'key-file': ['refused', PLAIN],
  'listen-client-http-urls': ['list', UNNEEDED],
  'listen-client-urls': ['list', 'addresses to answer clients at'],
  'listen-metrics-urls': ['list', UNNEEDED],
  'listen-peer-urls': ['list', NO_PEERS],
  'log-format': ['text', UNNEEDED],
  'log-level': ['text', UNNEEDED],
  'log-outputs': ['list', UNNEEDED],
  logger: ['text', UNNEEDED],
  'max-request-bytes': ['number', UNNEEDED],
  'max-snapshots': ['number', UNNEEDED],
  'max-txn-ops': ['number', UNNEEDED],
  'max-wals': ['number', UNNEEDED],
  metrics: ['text', UNNEEDED],
  name: ['text', UNNEEDED],
  'peer-auto-tls': ['switch', NO_PEERS],
  'peer-cert-file': ['text', NO_PEERS],
  'peer-client-cert-auth': ['switch', NO_PEERS],
  'peer-key-file': ['text', NO_PEERS],
  'peer-trusted-ca-file': ['text', NO_PEERS],
  'pre-vote': ['switch', NO_PEERS],
  'quota-backend-bytes': ['number', UNNEEDED],
  'snapshot-count': ['number', UNNEEDED],
  'socket-reuse-address': ['switch', UNNEEDED],
  'socket-reuse-port': ['switch', UNNEEDED],
  'strict-reconfig-check': ['switch', NO_PEERS],
  'trusted-ca-file': ['refused', PLAIN],
  'unsafe-no-fsync': ['switch', 'writes do not wait for the disk, so that tests do not'],
  'wal-dir': ['text', UNNEEDED],
  'watch-progress-notify-interval': ['text', UNNEEDED],
};
const ABOUT =
  'The place of the store for the kube-apiserver beside this program. It speaks no etcd protocol: it tells that server where to keep its data, and that it is well.';

/** What envtest starts as etcd. */
export async function runEtcd(args: readonly string[], say: (text: string) => void): Promise<void> {
  if (asksHelp(args)) return say(helpOf('etcd', ABOUT, FLAGS));
  if (asksVersion(args)) return say(`etcd Version: ${VERSION}\n`);
  const flags = readFlags(args, FLAGS);
  const folder = resolve(needed(flags, 'data-dir'));
  const { protocol, hostname, port } = clientUrlOf(needed(flags, 'listen-client-urls'));
  if (protocol !== 'http:')
    throw new UserError(`--listen-client-urls=${protocol}//${hostname}:${port} cannot be followed: ${PLAIN}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const place: StorePlace = { folder, isSynced: flags.get('unsafe-no-fsync')?.[0] !== 'true' };
  await whileWanted(async (signal) => {
    const server = createServer((request, response) => {
      const body = {
        '/health': { health: 'true', reason: '' },
        '/version': { etcdserver: VERSION, etcdcluster: VERSION },
        [STORE_PATH]: place,
      }[request.url ?? ''];
      response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
    });
    await new Promise<void>((listening, reject) => {
      server.once('error', (error) => reject(new UserError(`cannot listen on ${hostname}:${port}: ${error.message}`)));
      server.listen({ host: hostname, port: Number(port) }, listening);
    });
    await aborted(signal);
    server.closeAllConnections();
    server.close();
  });
}

function clientUrlOf(text: string): URL {
  const url = URL.parse(text);
  if (!url) throw new UserError(`--listen-client-urls=${text} is no address: http://127.0.0.1:2379 is one`);
  return url;
}
