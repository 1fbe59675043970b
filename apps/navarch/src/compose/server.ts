import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { directApi, serve, type Served, type User } from '@navarch/apiserver';
import type { Logger } from '@navarch/base';
import type { Api } from '@navarch/client';
import { type Credentials, listenHttps, openTokenKeys, Pki, SqliteStore, systemClock, systemRandom } from '@navarch/node';
import { load } from 'js-yaml';
import { kubeconfigText } from '../cluster/kubeconfig-text.ts';

export interface ServerOptions {
  readonly dataDir: string;
  readonly bindAddresses: readonly string[];
  readonly port: number;
  readonly advertiseAddress: string;
  readonly serviceCidr: string;
  readonly nodePorts: readonly [first: number, last: number];
  readonly nodeName: string;
  readonly log: Logger;
}

export interface RunningServer extends AsyncDisposable {
  readonly served: Served;
  readonly port: number;
  /** The client port of a component in this process. */
  as(user: User): Api;
}

/** The store, the API server and its port. What the components of this process need besides is theirs to start. */
export async function startServer(options: ServerOptions, signal: AbortSignal): Promise<RunningServer> {
  const { dataDir, log } = options;
  const pki = await Pki.open(join(dataDir, 'pki'));
  // A start that fails half-way must leave nothing running that would keep the process alive.
  await using made = new AsyncDisposableStack();
  const store = await SqliteStore.open(join(dataDir, 'store'));
  made.defer(() => store.close());
  const tokens = await openTokenKeys(pki.dir);
  const served = await serve({
    store, clock: systemClock, random: systemRandom(), log, tokens, issuer: 'https://kubernetes.default.svc.cluster.local',
    serviceCidr: options.serviceCidr, nodePorts: options.nodePorts, advertiseAddress: options.advertiseAddress, advertisePort: options.port,
    parseYaml: (text) => load(text),
  }, signal);
  const own = await pki.identity('apiserver', {
    commonName: 'kube-apiserver', addresses: ['127.0.0.1', firstAddress(options.serviceCidr), options.advertiseAddress],
    names: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'],
  });
  const kubeletClient = await pki.identity('apiserver-kubelet-client', { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] });
  await writeIdentities(pki, options);
  const listening = made.use(await listenHttps(served.server, {
    addresses: options.bindAddresses, port: options.port, certificate: own.certificate, key: own.key, clientAuthority: pki.authority.certificate,
    kubeletClient: { ...kubeletClient, authority: pki.authority.certificate },
  }));
  const kept = made.move();
  return {
    served, port: listening.port,
    as: (user) => directApi(served.server, user),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** What people and the node on this machine need to get in: kubeconfigs with a certificate of their own. */
async function writeIdentities(pki: Pki, { dataDir, port, nodeName, advertiseAddress }: ServerOptions): Promise<void> {
  const write = (file: string, user: string, credentials: Credentials): void =>
    writeFileSync(join(dataDir, file), kubeconfigText({ name: 'navarch', server: `https://127.0.0.1:${port}`, user, authority: pki.authority.certificate, ...credentials }), { mode: 0o600 });
  write('admin.kubeconfig', 'navarch-admin', await pki.identity('admin', { commonName: 'kubernetes-admin', organizations: ['system:masters'] }));
  write('node.kubeconfig', `system:node:${nodeName}`, await pki.identity(`node-${nodeName}`, { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'], names: [nodeName], addresses: [advertiseAddress] }));
}

const firstAddress = (cidr: string): string => (cidr.split('/')[0] ?? '').replace(/\d+$/, (last) => String(Number(last) + 1));
