import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { isatty } from 'node:tty';
import { systemUser } from '@navarch/apiserver';
import { MetricRegistry, TaskGroup } from '@navarch/base';
import { whoListens } from '@navarch/node/host';
import { processMetrics } from '@navarch/node/metrics';
import { publicKeyPin } from '@navarch/node/pki';
import { systemClock, systemLogger, systemRandom } from '@navarch/node/system';
import { Extender, placementViews, podResourceMetrics } from '@navarch/scheduler';
import { admissionPlugins } from '../compose/admission-plugins.ts';
import { apiSwitches, hasJobGroups, hasPodGroups } from '../compose/api-switches.ts';
import { openAudit } from '../compose/audit.ts';
import { ensureClusterDns } from '../compose/cluster-dns.ts';
import { deschedulerOf } from '../compose/descheduler.ts';
import { ensureDefaultStorageClass } from '../compose/default-storage-class.ts';
import { ensureIngress, serveIngress } from '../compose/ingress.ts';
import { runControlPlane } from '../compose/control-plane.ts';
import { loadBalancerPool } from '../compose/load-balancer-pool.ts';
import { schedulingOf } from '../compose/scheduling.ts';
import { startServer } from '../compose/server.ts';
import { claimDaemon } from '../cluster/daemon.ts';
import {
  addressOf,
  clusterCidrOf,
  listOf,
  DEFAULTS,
  nodeNameOf,
  portOf,
  portRangeOf,
  reachableAddressOf,
  serviceCidrOf,
  urlOf,
} from '../cluster/flags.ts';
import { nthAddress, refuseOverlaps } from '../cluster/ranges.ts';
import { INGRESS_PORTS, ingressPortsOf, type IngressFlags } from '../cluster/ingress-flags.ts';
import { layoutOf, openFolder } from '../cluster/layout.ts';
import { ownAddress } from '../cluster/own-address.ts';
import { ensureJoining } from '../join/ensure-joining.ts';
import { joinCommand } from '../join/join-token.ts';
import { createToken } from '../join/tokens.ts';
import { untilStopped } from '../until-stopped.ts';
import { UserError } from '../user-error.ts';
import { KUBERNETES_VERSION } from '../version.ts';
import type { Declare } from './declare.ts';

const TOKEN_LIFE_MS = 24 * 3_600_000;

const HELP = `
Runs until Ctrl-C or SIGTERM; what is stored is safe at any moment, also when it is killed.

Examples:
  ./navarch server                                     prints how other machines join
  ./navarch server --advertise-address 192.168.1.10 --tls-san k8s.example
  ./navarch agent                                      in another terminal: makes this machine a node too
  ./navarch token create                               a token with which another machine joins
`;

interface ServerFlags extends IngressFlags {
  readonly ingressBindAddress: readonly string[];
  readonly name: string;
  readonly dataDir?: string;
  readonly bindAddress: readonly string[];
  readonly port: string;
  readonly advertiseAddress?: string;
  readonly tlsSan: readonly string[];
  readonly serviceCidr: string;
  readonly serviceNodePortRange: string;
  readonly clusterCidr: string;
  readonly clusterDns?: string;
  readonly clusterDomain: string;
  readonly nodeName: string;
  readonly controllers: readonly string[];
  readonly leaderElect?: boolean;
  readonly loadBalancerPool: readonly string[];
  readonly schedulerConfig?: string;
  readonly deschedulerPolicy?: string;
  readonly deschedulingInterval: string;
  readonly featureGates: readonly string[];
  readonly enableAdmissionPlugins: readonly string[];
  readonly disableAdmissionPlugins: readonly string[];
  readonly runtimeConfig: readonly string[];
  readonly auditPolicyFile?: string;
  readonly auditLogPath?: string;
  readonly auditLogFormat?: string;
  readonly auditLogMaxage?: string;
  readonly auditLogMaxbackup?: string;
  readonly auditLogMaxsize?: string;
  readonly auditLogCompress?: boolean;
}

export const declareServer: Declare = (program) => {
  program
    .command('server')
    .description('Run the control plane in the foreground: API server, controllers, scheduler, on one embedded store')
    .option('--name <cluster>', 'name of the cluster', 'navarch')
    .option('--data-dir <folder>', 'where the store, the certificates and the logs are kept (default: by cluster name)')
    .option('--bind-address <address...>', 'addresses to listen on; only those that are given, where any is', [
      '0.0.0.0',
    ])
    .option('--port <port>', 'port of the API server', String(DEFAULTS.port))
    .option(
      '--advertise-address <address>',
      "address at which pods and other machines reach this server (default: this machine's own)",
    )
    .option('--tls-san <name...>', 'further names and addresses by which people reach this server', [])
    .option('--service-cidr <cidr>', 'range of cluster IPs; of IPv6 too, with a comma', DEFAULTS.serviceCidr)
    .option('--service-node-port-range <range>', 'ports for NodePort services', DEFAULTS.nodePorts)
    .option(
      '--cluster-cidr <cidr>',
      'range of pod addresses; of IPv6 too, with a comma, for network plugins that use it',
      DEFAULTS.clusterCidr,
    )
    .option('--cluster-dns <address>', 'cluster IP of DNS (default: the tenth of the service range)')
    .option('--cluster-domain <domain>', 'DNS domain of the cluster', DEFAULTS.clusterDomain)
    .option('--node-name <name>', 'node that gets an identity on this machine', 'navarch')
    .option(
      '--controllers <names>',
      'which controllers run: * for all, name for one, -name for all but one',
      together,
      [],
    )
    .option(
      '--load-balancer-pool <addresses>',
      'addresses for services of type LoadBalancer, which nodes answer for on their network: 192.168.1.240-192.168.1.250',
      together,
      [],
    )
    .option(
      '--scheduler-config <file>',
      'how pods are placed: profiles, plugins, extenders (kubescheduler.config.k8s.io/v1 KubeSchedulerConfiguration)',
    )
    .option(
      '--descheduler-policy <file>',
      'evict pods that would be better off elsewhere, by this policy (descheduler/v1alpha2 DeschedulerPolicy)',
    )
    .option('--descheduling-interval <time>', 'from the end of one round of the descheduler to the next', '5m')
    .option(
      '--leader-elect',
      'run controllers and scheduler only while holding their leases in kube-system: for several on one store',
    )
    .option('--feature-gates <pairs>', 'features that are on or off: Name=true,Other=false', together, [])
    .option(
      '--runtime-config <pairs>',
      'versions of the API that are served or not: group/version=true,api/beta=true',
      together,
      [],
    )
    .option('--enable-admission-plugins <names>', "admission plugins that are asked besides upstream's", together, [])
    .option('--disable-admission-plugins <names>', 'admission plugins that are not asked', together, [])
    .option(
      '--audit-policy-file <file>',
      'which requests are written to the audit log, and how much of them (audit.k8s.io/v1 Policy)',
    )
    .option('--audit-log-path <file>', 'where the audit log is written; - for the standard output')
    .option('--audit-log-format <format>', 'json or legacy', 'json')
    .option('--audit-log-maxage <days>', 'how long audit logs put aside are kept')
    .option('--audit-log-maxbackup <count>', 'how many of them are kept')
    .option('--audit-log-maxsize <megabytes>', 'size at which the audit log is put aside (default: 100)')
    .option('--audit-log-compress', 'compress audit logs put aside')
    .option('--ingress', 'serve Ingresses on this machine, which must reach pods (by HAProxy)')
    .option('--ingress-http-port <port>', `port of Ingresses without TLS (default: ${INGRESS_PORTS.http})`)
    .option('--ingress-https-port <port>', `port of Ingresses with TLS (default: ${INGRESS_PORTS.https})`)
    .option('--ingress-bind-address <address...>', 'addresses of this machine to serve them on (default: all)', [])
    .addHelpText('after', HELP)
    .action((flags: ServerFlags) => runServer(flags));
};

/** `*,-name`, in one flag or several. */
const controllersOf = (flags: readonly string[]): readonly string[] => (flags.length === 0 ? ['*'] : listOf(flags));

/** A flag may be repeated: what it says adds up. */
const together = (value: string, before: readonly string[]): readonly string[] => [...before, value];

async function runServer(flags: ServerFlags): Promise<void> {
  const port = portOf('--port', flags.port);
  const layout = layoutOf(flags.name, flags.dataDir);
  const serviceCidr = serviceCidrOf('--service-cidr', flags.serviceCidr);
  const clusterCidr = clusterCidrOf('--cluster-cidr', flags.clusterCidr);
  refuseOverlaps([
    ...clusterCidr.split(',').map((range) => ['--cluster-cidr', range] as const),
    ...serviceCidr.split(',').map((range) => ['--service-cidr', range] as const),
  ]);
  const settings = {
    clusterDns: addressOf('--cluster-dns', flags.clusterDns ?? nthAddress(serviceCidr, 10)),
    clusterDomain: flags.clusterDomain,
    clusterCidr,
    ...(flags.loadBalancerPool.length > 0 ? { loadBalancerPool: listOf(flags.loadBalancerPool).join(',') } : {}),
  };
  const options = {
    dataDir: layout.dir,
    bindAddresses: flags.bindAddress.map((address) => addressOf('--bind-address', address)),
    port,
    serviceCidr,
    advertiseAddress: reachableAddressOf('--advertise-address', flags.advertiseAddress ?? ownAddress()),
    alternativeNames: flags.tlsSan,
    nodePorts: portRangeOf('--service-node-port-range', flags.serviceNodePortRange),
    nodeName: nodeNameOf('--node-name', flags.nodeName),
    log: systemLogger('info'),
    metrics: new MetricRegistry(),
    switches: apiSwitches(flags.featureGates, flags.runtimeConfig),
    admission: admissionPlugins(listOf(flags.enableAdmissionPlugins), listOf(flags.disableAdmissionPlugins)),
  };
  const ingress = flags.ingress
    ? {
        ports: ingressPortsOf(flags),
        bindAddresses: flags.ingressBindAddress.map((address) => addressOf('--ingress-bind-address', address)),
        addresses: [options.advertiseAddress],
        hasOwnAddresses: flags.loadBalancerPool.length > 0,
        dataDir: layout.dir,
        pkiDir: layout.pki,
      }
    : undefined;
  const loadBalancers = loadBalancerPool(flags.loadBalancerPool);
  using scheduling = schedulingOf(flags.schedulerConfig);
  const descheduler = deschedulerOf(flags.deschedulerPolicy, flags.deschedulingInterval);
  await using audit = openAudit(
    {
      policyFile: flags.auditPolicyFile,
      path: flags.auditLogPath,
      format: flags.auditLogFormat,
      maxAge: flags.auditLogMaxage,
      maxBackup: flags.auditLogMaxbackup,
      maxSize: flags.auditLogMaxsize,
      isCompressed: flags.auditLogCompress ?? false,
    },
    options.log,
  );
  options.metrics.collect(processMetrics(KUBERNETES_VERSION));
  openFolder(layout);
  using _ = claimDaemon(layout, 'server');
  await untilStopped(async (signal) => {
    const { log, metrics } = options;
    const { profiles, extenders } = scheduling.config;
    const asked = extenders.map((file) => new Extender(file, scheduling.transport, systemClock));
    const views = placementViews(profiles, asked);
    await using server = await startServer(
      { ...options, audit, views, metricPages: [podResourceMetrics] },
      signal,
    ).catch((error: unknown) => {
      throw namingWhoListens(error, port);
    });
    log.info('API server ready', { port: server.port });
    const url = urlOf(options.advertiseAddress, server.port);
    const api = server.as(systemUser);
    await ensureJoining(api, {
      server: url,
      authority: server.authority,
      kubeletAuthority: server.kubeletAuthority,
      settings,
    });
    await ensureClusterDns(api, settings);
    await ensureDefaultStorageClass(api);
    // Only to a person: a token is a secret, and a log is kept and passed on.
    if (isatty(1) && options.bindAddresses.some((address) => address !== '127.0.0.1')) {
      const description = 'made when the server started';
      const token = await createToken(api, {
        pin: publicKeyPin(server.authority),
        expiresAt: Date.now() + TOKEN_LIFE_MS,
        description,
      });
      process.stdout.write(`Another machine joins, within 24 hours, with:\n  ${joinCommand(url, token)}\n`);
    }
    const candidate = flags.leaderElect ? `${hostname()}_${randomUUID()}` : undefined;
    await using beside = new TaskGroup(signal);
    if (ingress) {
      await ensureIngress(api);
      const shared = { as: server.as, log, metrics, candidate, kinds: server.served.kinds };
      beside.spawn((s) => serveIngress({ ...ingress, ...shared }, s));
    }
    await runControlPlane(
      {
        as: (user) => server.as(user),
        reader: (user) => server.reader(user),
        clock: systemClock,
        random: systemRandom(),
        log,
        metrics,
        clusterCidr,
        serviceCidr,
        rootCertificate: server.authority,
        joining: server.joining,
        loadBalancers,
        descheduler,
        scheduling,
        hasGroups: hasPodGroups(options.switches),
        hasJobGroups: hasJobGroups(options.switches),
        controllers: controllersOf(flags.controllers),
        candidate,
        housekeep: (until) => server.served.housekeep(until),
        kinds: server.served.kinds,
      },
      signal,
    );
  });
}

/** An occupied port is easier to free when one knows whose it is. */
function namingWhoListens(error: unknown, port: number): unknown {
  if (!(error instanceof Error) || (error.cause as NodeJS.ErrnoException | undefined)?.code !== 'EADDRINUSE')
    return error;
  const other = whoListens(port);
  return other
    ? new UserError(
        `port ${port} is taken by ${other.name} (pid ${other.pid}): stop that, or choose another with --port`,
        { cause: error },
      )
    : error;
}
