import { hostname } from 'node:os';
import { join } from 'node:path';
import { directApi, serve, type Served, type ServeOptions, type User } from '@navarch/apiserver';
import type { Logger, MetricRegistry } from '@navarch/base';
import type { Api } from '@navarch/client';
import type { JoiningOptions, ReadPath, Requester } from '@navarch/controllers';
import { httpsExtensions } from '@navarch/node/extensions';
import { kubeletReader, listenHttps } from '@navarch/node/http';
import { folderBytes } from '@navarch/node/metrics';
import { linearPatterns } from '@navarch/node/patterns';
import {
  certificateAuthority,
  type Credentials,
  detachedSignature,
  Pki,
  signatureProblem,
  writePrivateFile,
} from '@navarch/node/pki';
import { openTokenKeys } from '@navarch/node/token-keys';
import { SqliteStore } from '@navarch/node/sqlite';
import { systemClock, systemRandom } from '@navarch/node/system';
import { httpsWebhooks } from '@navarch/node/webhooks';
import { parseYaml } from '@navarch/node/yaml';
import { nthAddress } from '../cluster/ranges.ts';
import type { ApiSwitches } from './api-switches.ts';
import type { OpenAudit } from './audit.ts';
import { kubeconfigText } from '../cluster/kubeconfig-text.ts';

export interface ServerOptions {
  readonly dataDir: string;
  readonly bindAddresses: readonly string[];
  readonly port: number;
  readonly advertiseAddress: string;
  /** Further names and addresses by which people reach the server. */
  readonly alternativeNames: readonly string[];
  readonly serviceCidr: string;
  readonly nodePorts: readonly [first: number, last: number];
  readonly nodeName: string;
  /** Features and versions that are on or off. */
  readonly switches: ApiSwitches;
  /** Which admission plugins are asked besides those of upstream, and which are not. */
  readonly admission: Pick<ServeOptions, 'disabledAdmission' | 'enabledAdmission'>;
  /** What the components of this process tell of single objects when it is read. Absent: nothing. */
  readonly views?: ServeOptions['views'];
  readonly metricPages?: ServeOptions['metricPages'];
  /** What is written to the audit log, and where; absent: nothing. */
  readonly audit?: OpenAudit | undefined;
  readonly log: Logger;
  /** What `/metrics` shows. */
  readonly metrics: MetricRegistry;
}

export interface RunningServer extends AsyncDisposable {
  readonly served: Served;
  readonly port: number;
  /** PEM of the authority that pods, people and nodes know the server by. */
  readonly authority: string;
  /** PEM of the authority that only the API server trusts, for kubelets. */
  readonly kubeletAuthority: string;
  /** What the controllers need to let nodes join. */
  readonly joining: JoiningOptions;
  /** The client port of a component in this process. */
  as(user: User): Api;
  /** Reads what extension API servers serve, as that user. */
  reader(user: User): ReadPath;
}

/** By what extension API servers know this server. */
const FRONT_PROXY = 'front-proxy-client';
const CONTROLLERS: User = { name: 'system:kube-controller-manager', groups: ['system:authenticated'] };

/** The store, the API server and its port. What the components of this process need besides is theirs to start. */
export async function startServer(options: ServerOptions, signal: AbortSignal): Promise<RunningServer> {
  const { dataDir, log, metrics } = options;
  const pki = await Pki.open(join(dataDir, 'pki'));
  const kubelets = await Pki.open(join(dataDir, 'pki'), 'kubelet-serving-ca');
  // Whoever has a certificate of it may name users by headers: nothing else must come from this authority.
  const frontProxy = await Pki.open(join(dataDir, 'pki'), 'front-proxy-ca');
  const extensionClient = await frontProxy.identity(FRONT_PROXY, { commonName: FRONT_PROXY });
  // A start that fails half-way must leave nothing running that would keep the process alive.
  await using made = new AsyncDisposableStack();
  const storeFolder = join(dataDir, 'store');
  const store = await SqliteStore.open(storeFolder);
  made.defer(() => store.close());
  const tokens = await openTokenKeys(pki.dir);
  const identity = await pki.identity('apiserver-kubelet-client', { commonName: 'kube-apiserver-kubelet-client' });
  const kubeletClient = { ...identity, authority: kubelets.authority.certificate };
  const served = await serve(
    {
      store,
      clock: systemClock,
      random: systemRandom(),
      log,
      metrics,
      tokens,
      issuer: 'https://kubernetes.default.svc.cluster.local',
      serviceCidr: options.serviceCidr,
      nodePorts: options.nodePorts,
      advertiseAddress: options.advertiseAddress,
      advertisePort: options.port,
      hostname: hostname(),
      parseYaml,
      patterns: linearPatterns,
      webhooks: made.use(httpsWebhooks()),
      signatureProblem,
      extensions: httpsExtensions(extensionClient),
      ...(options.audit ? { audit: options.audit } : {}),
      authenticationConfig: {
        clientAuthority: pki.authority.certificate,
        requestHeaderAuthority: frontProxy.authority.certificate,
        allowedNames: [FRONT_PROXY],
      },
      readKubelet: kubeletReader(kubeletClient),
      ...(options.views ? { views: options.views } : {}),
      ...(options.metricPages ? { metricPages: options.metricPages } : {}),
      beside: ['controller-manager', 'scheduler'],
      storageBytes: () => folderBytes(storeFolder),
      ...options.admission,
      flags: flagsOf(options),
      features: options.switches.features,
      runtimeConfig: options.switches.runtimeConfig,
    },
    signal,
  );
  const own = await pki.identity('apiserver', { commonName: 'kube-apiserver', ...serverNames(options) });
  await writeIdentities(pki, options);
  const listening = made.use(
    await listenHttps(served.server, {
      addresses: options.bindAddresses,
      port: options.port,
      certificate: own.certificate,
      key: own.key,
      clientAuthority: pki.authority.certificate,
      kubeletClient: { ...kubeletClient, extensionClient },
    }),
  );
  const joining = {
    clients: certificateAuthority(pki.authority),
    kubeletServers: certificateAuthority(kubelets.authority),
    sign: detachedSignature,
    review: reviewer(served),
  };
  const kept = made.move();
  return {
    served,
    port: listening.port,
    joining,
    authority: pki.authority.certificate,
    kubeletAuthority: kubelets.authority.certificate,
    as: (user) => directApi(served.server, user),
    reader: (user) => (path, query) => served.server.readExtension(path, new URLSearchParams(query), user),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** What this server does, as flags of upstream's would say it. */
const flagsOf = (options: ServerOptions): Readonly<Record<string, string>> => ({
  'advertise-address': options.advertiseAddress,
  'allow-privileged': 'true',
  'anonymous-auth': 'true',
  'authorization-mode': '[Node,RBAC]',
  'bind-address': options.bindAddresses.join(','),
  'enable-priority-and-fairness': 'true',
  'secure-port': String(options.port),
  'service-cluster-ip-range': options.serviceCidr,
  'service-node-port-range': options.nodePorts.join('-'),
  ...options.switches.flags,
  ...listed('enable-admission-plugins', options.admission.enabledAdmission),
  ...listed('disable-admission-plugins', options.admission.disabledAdmission),
});

const listed = (flag: string, names: readonly string[] = []): Readonly<Record<string, string>> =>
  names.length > 0 ? { [flag]: names.join(',') } : {};

/** Everything a client may have asked for when it reached this server. */
function serverNames(options: ServerOptions): {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
} {
  const { advertiseAddress, bindAddresses, serviceCidr, alternativeNames } = options;
  const isAddress = (text: string): boolean => /^[\d.]+$|:/.test(text);
  const bound = bindAddresses.filter((address) => address !== '0.0.0.0' && address !== '::');
  return {
    addresses: [
      ...new Set([
        '127.0.0.1',
        nthAddress(serviceCidr, 1),
        advertiseAddress,
        ...bound,
        ...alternativeNames.filter(isAddress),
      ]),
    ],
    names: [
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
      ...alternativeNames.filter((name) => !isAddress(name)),
    ],
  };
}

/** Asks the API server as the controllers do: whether somebody may create a subresource of certificate requests. */
const reviewer =
  ({ server }: Served) =>
  async ({ username, uid, groups, extra }: Requester, subresource: string): Promise<boolean> => {
    const info = {
      isResource: true,
      path: '',
      verb: 'create',
      group: 'authorization.k8s.io',
      version: 'v1',
      resource: 'subjectaccessreviews',
      subresource: '',
      namespace: '',
      name: '',
      rest: '',
      isInNamespace: false,
    };
    const resourceAttributes = {
      group: 'certificates.k8s.io',
      resource: 'certificatesigningrequests',
      verb: 'create',
      version: '*',
      subresource,
    };
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: username, uid, groups, extra, resourceAttributes },
    };
    const { status } = (await server.post(info, review, CONTROLLERS)) as {
      readonly status?: { readonly allowed?: boolean };
    };
    return status?.allowed === true;
  };

/** What people and the node on this machine need to get in: kubeconfigs with a certificate of their own. */
async function writeIdentities(pki: Pki, { dataDir, port, nodeName }: ServerOptions): Promise<void> {
  const [server, authority] = [`https://127.0.0.1:${port}`, pki.authority.certificate];
  const write = (file: string, user: string, credentials: Credentials): void =>
    writePrivateFile(join(dataDir, file), kubeconfigText({ name: 'navarch', server, user, authority, ...credentials }));
  const node = `system:node:${nodeName}`;
  write(
    'admin.kubeconfig',
    'navarch-admin',
    await pki.identity('admin', {
      commonName: 'kubernetes-admin',
      organizations: ['system:masters'],
      isForPeople: true,
    }),
  );
  write(
    'node.kubeconfig',
    node,
    await pki.identity(`node-${nodeName}`, { commonName: node, organizations: ['system:nodes'] }),
  );
}
