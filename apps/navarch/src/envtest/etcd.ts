import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { aborted } from '@navarch/base';
import { UserError } from '../user-error.ts';
import { type FlagTable, helpOf, needed, readFlags } from './flags.ts';
import { whileWanted } from './while-wanted.ts';

/** Where the API server of the same suite learns which folder is its store's. */
export const STORE_PATH = '/navarch/store';

const FLAGS: FlagTable = {
  'advertise-client-urls': ['list', 'addresses that clients are told'],
  'data-dir': ['text', 'folder of the store'],
  'listen-client-urls': ['list', 'addresses to answer clients at'],
  'listen-peer-urls': ['list', 'taken and not needed: there are no peers'],
  'unsafe-no-fsync': ['switch', 'taken and not needed'],
  name: ['text', 'taken and not needed'],
  'log-level': ['text', 'taken and not needed'],
  'quota-backend-bytes': ['text', 'taken and not needed'],
};
const ABOUT = 'The place of the store for the kube-apiserver beside this program. It speaks no etcd protocol: it tells that server where to keep its data, and that it is well.';

/** What envtest starts as etcd. */
export async function runEtcd(args: readonly string[], say: (text: string) => void): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) return say(helpOf('etcd', ABOUT, FLAGS));
  const flags = readFlags(args, FLAGS);
  const folder = resolve(needed(flags, 'data-dir'));
  const { hostname, port } = new URL(needed(flags, 'listen-client-urls'));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await whileWanted(async (signal) => {
    const server = createServer((request, response) => {
      const body = { '/health': { health: 'true', reason: '' }, '/version': { etcdserver: '3.6.0', etcdcluster: '3.6.0' }, [STORE_PATH]: { folder } }[request.url ?? ''];
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
