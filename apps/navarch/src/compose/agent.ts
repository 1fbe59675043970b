import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Node, node } from '@navarch/api';
import { MetricRegistry, TaskGroup } from '@navarch/base';
import { type Api, Cache, httpApi } from '@navarch/client';
import { dnsKinds } from '@navarch/dns';
import { DriverStats, settingsOf, type KubeletDeps, SettingError, runKubelet, shutdownSeconds } from '@navarch/kubelet';
import { countRequests, rotatingTransport } from '@navarch/node/client';
import {
  claimBridge,
  type Containerd,
  containerdImageMounts,
  KeptContainerd,
  startContainerd,
  sweepStrays,
  writePodNetwork,
} from '@navarch/node/containerd';
import { connectRuntime, countCalls, patiently } from '@navarch/node/cri';
import { nodeCsiSockets } from '@navarch/node/csi';
import { nodeDevicePluginSockets } from '@navarch/node/devices';
import { nodeDraSockets } from '@navarch/node/dra';
import { hasLogind, linkAddresses, logindShutdown, openCgroups, shareMounts } from '@navarch/node/host';
import { healthPorts, serveProxyPorts } from '@navarch/node/http';
import {
  hostFacts,
  machineTopology,
  nodeCertificateKeys,
  nodeFiles,
  nodeProber,
  nodeStatistics,
} from '@navarch/node/kubelet';
import { processMetrics } from '@navarch/node/metrics';
import { nodePluginSockets } from '@navarch/node/plugin-registration';
import { nftFilter } from '@navarch/node/nftables';
import { nodePodResourcesSocket } from '@navarch/node/pod-resources';
import { systemClock, systemRandom } from '@navarch/node/system';
import { parseYaml } from '@navarch/node/yaml';
import { type PacketFilter, PolicyGuard, ProxyHealth, runAnnouncer, runProxy } from '@navarch/proxy';
import { foldersTo } from '../cluster/layout.ts';
import { addressRangesOf } from '../cluster/address-ranges.ts';
import { bringImages } from '../cluster/bring-images.ts';
import { keepFresh } from '../join/keep-fresh.ts';
import { accessOf, storeClient } from '../join/node-access.ts';
import { requestCertificate } from '../join/request-certificate.ts';
import { UserError } from '../user-error.ts';
import { KUBERNETES_VERSION } from '../version.ts';
import { keepKubeletServer } from './kubelet-server.ts';
import type { NodeMount } from '../kind-config/cluster-plan.ts';
import { csiSocketsIn, draSocketsIn, usualFolder } from './kubelet-folder.ts';
import { linkingLogs, logMounts, podLogsIn } from './log-folders.ts';
import { mountingFiles, mountingRuntime } from './node-mounts.ts';
import { keepPodRoutes } from './pod-routes.ts';
import { prepareNetwork } from './prepare-network.ts';
import { runDns } from './run-dns.ts';
import { type AgentOptions, kubeletFolderOf } from './agent-options.ts';

export const PAUSE_IMAGE = 'docker.io/library/pause:latest';

/** The node's half: container runtime, kubelet, service proxy, DNS. Runs until the signal aborts; pods go on running. */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { dataDir, log, access, identityDir, extras } = options;
  const kubeletFolder = kubeletFolderOf(dataDir);
  letPodUsersThrough(dataDir);
  await using group = new TaskGroup(signal);
  const start = (s: AbortSignal): Promise<Containerd> =>
    startContainerd({ dir: join(dataDir, 'containerd'), sandboxImage: PAUSE_IMAGE, patches: extras.containerd }, s);
  const containerd = await start(signal);
  const kept = new KeptContainerd(containerd, { start, log });
  group.spawn((s) => kept.run(s));
  log.info('containerd runs', { pid: containerd.process.pid, wasRunning: containerd.wasRunning });
  // No registry is asked for it: a machine without a network must be able to run what is loaded by hand.
  await bringImages(containerd, options.images, ['pause'], signal);
  using connection = await connectRuntime({ socketPath: containerd.socketPath }, signal);
  using transport = rotatingTransport(accessOf(access));
  const metrics = new MetricRegistry();
  const linked = await linkingLogs(countCalls(connection, metrics, systemClock), options, signal);
  const runtime = mountingRuntime(linked, mountsOf(options));
  const swept = {
    layout: containerd.layout,
    runtime: connection,
    cgroups: openCgroups(),
    cgroupRoot: options.cgroupRoot,
  };
  group.spawn((s) => sweepStrays({ ...swept, log }, s));
  const counted = countRequests(transport, new URL(access.server).host, metrics, systemClock);
  const api = httpApi(
    { transport: counted, clock: systemClock, userAgent: `navarch-agent/${KUBERNETES_VERSION}` },
    group.signal,
  );
  await prepareNetwork(options.settings.clusterCidr, log, group.signal);
  if (extras.hasPodNetwork) await claimOwnBridge(options, containerd, runtime, group.signal);
  mkdirSync(kubeletFolder, { recursive: true });
  await shareMounts(kubeletFolder, signal);
  const probeMetrics = new MetricRegistry();
  const newCache = (): Cache => new Cache({ api, clock: systemClock, random: systemRandom(), log });
  const cache = newCache();
  const filter = nftFilter();
  const guard = new PolicyGuard({
    cache,
    podCache: newCache,
    clock: systemClock,
    log,
    filter,
    nodeName: access.nodeName,
    bridge: options.bridge,
    clusterCidr: options.settings.clusterCidr,
  });
  const driverStats = new DriverStats();
  const deps = {
    ...kubeletDeps(options, api, runtime, group.signal),
    imageMounts: containerdImageMounts(containerd, group.signal),
    probeMetrics,
    resourceMetrics: metrics,
    guard,
    driverStats,
  };
  const statistics = nodeStatistics({
    runtime,
    metrics,
    probeMetrics,
    host: deps.host,
    nodeName: access.nodeName,
    dirs: deps.dirs,
    driverStats,
    runtimePid: () => kept.pid,
    version: KUBERNETES_VERSION,
  });
  group.spawn((s) =>
    runKubelet({ ...deps, eviction: { settings: options.eviction, gauges: statistics } }, s).catch(asUserError),
  );
  group.spawn((s) => guard.run(s));
  group.spawn((s) => runNetwork({ api, cache, filter }, options, containerd, s));
  group.spawn((s) => keepKubeletServer({ ...options, api, runtime, statistics }, s));
  group.spawn((s) =>
    keepFresh(
      {
        what: 'client',
        first: access.client,
        async renew(during) {
          const subject = { commonName: `system:node:${access.nodeName}`, organizations: ['system:nodes'] };
          const client = await requestCertificate(
            { subject, purpose: 'client' },
            { api, clock: systemClock, log },
            during,
          );
          storeClient(identityDir, client);
          transport.replace(accessOf({ ...access, client }));
          return client;
        },
      },
      { clock: systemClock, random: systemRandom(), log },
      s,
    ),
  );
  await group.join();
}

/** The configuration may ask for what only the running machine shows to be impossible. */
function asUserError(error: unknown): never {
  if (error instanceof SettingError) throw new UserError(`the resource settings cannot be used: ${error.message}`);
  throw error;
}

async function claimOwnBridge(
  { bridge, log }: AgentOptions,
  { layout }: Containerd,
  runtime: KubeletDeps['runtime'],
  signal: AbortSignal,
): Promise<void> {
  const { items } = await patiently(() => runtime.listPodSandbox({}, signal), signal);
  await claimBridge({ dir: layout.dir, bridge, isInUse: items.length > 0 }, log, signal);
}

function kubeletDeps(
  options: AgentOptions,
  api: Api,
  runtime: KubeletDeps['runtime'],
  signal: AbortSignal,
): KubeletDeps {
  const {
    dataDir,
    access: { nodeName },
    nodeIP,
    manifests,
    log,
    settings,
    cgroupRoot,
    extras,
    config,
  } = options;
  const host = hostFacts(dataDir, nodeName, config.resolvConf);
  return {
    ...settingsOf(config, host),
    api,
    runtime,
    files: mountingFiles(nodeFiles(signal), mountsOf(options)),
    cgroups: openCgroups(),
    prober: nodeProber,
    keys: nodeCertificateKeys,
    pluginSockets: nodePluginSockets,
    csiSockets: csiSocketsIn(nodeCsiSockets, kubeletFolderOf(dataDir)),
    clock: systemClock,
    random: systemRandom(),
    log,
    host: { ...host, ...(extras.searches ? { searches: extras.searches } : {}) },
    nodeName,
    nodeIP,
    otherNodeIPs: options.otherNodeIPs,
    kubeletPort: config.port,
    version: KUBERNETES_VERSION,
    labels: options.labels,
    dirs: { root: kubeletFolderOf(dataDir), podLogs: podLogsIn(dataDir), cgroupRoot },
    topology: machineTopology(),
    resourceSettings: options.resources,
    devicePluginSockets: nodeDevicePluginSockets,
    draSockets: draSocketsIn(nodeDraSockets, kubeletFolderOf(dataDir)),
    podResourcesSocket: nodePodResourcesSocket,
    ...shutdownNotice(options),
    staticPods: { path: manifests, parse: (text) => parseYaml(text) },
    dns: {
      clusterDns: config.clusterDNS?.[0] ?? settings.clusterDns,
      clusterDomain: config.clusterDomain || settings.clusterDomain,
    },
  };
}

/** Users that pods have of their own come to their root file systems through the node's folder and those above, and see nothing in them (KEP-127). */
function letPodUsersThrough(dataDir: string): void {
  mkdirSync(kubeletFolderOf(dataDir), { recursive: true });
  chmodSync(kubeletFolderOf(dataDir), 0o750);
  for (const folder of foldersTo(dataDir)) chmodSync(folder, (statSync(folder).mode & 0o777) | PASSING);
}

const PASSING = 0o011;

/** What the node's pods find elsewhere on this machine than they say. */
const mountsOf = ({ extras, dataDir }: AgentOptions): readonly NodeMount[] => [
  usualFolder(kubeletFolderOf(dataDir)),
  ...logMounts(dataDir),
  ...extras.mounts,
];

/** Where nobody tells of shutdowns there is nothing to prepare for. */
function shutdownNotice({ shutdown: groups, log }: AgentOptions): Pick<KubeletDeps, 'shutdown'> {
  if (groups.length === 0) return {};
  if (hasLogind())
    return { shutdown: { notice: logindShutdown({ delaySeconds: shutdownSeconds(groups), log }), groups } };
  log.warn('no systemd-logind on this machine: pods get no time to end when it goes down');
  return {};
}

/** Pod network, routes, service proxy and cluster DNS: all read the same copy of nodes, services and endpoints. */
async function runNetwork(
  { api, cache, filter }: { readonly api: Api; readonly cache: Cache; readonly filter: PacketFilter },
  options: AgentOptions,
  containerd: Containerd,
  signal: AbortSignal,
): Promise<void> {
  const {
    log,
    access: { nodeName },
    settings,
    bridge,
    extras,
    nodePortRanges,
  } = options;
  await using group = new TaskGroup(signal);
  const kinds = [...new Set([...dnsKinds, node])];
  for (const kind of kinds) cache.follow(kind);
  // Before anything else: pods can start only when the node's part of the addresses is known.
  cache.onChange(node, (current: Node | undefined) => {
    if (current?.metadata.name !== nodeName) return;
    const podCidrs = current.spec.podCIDRs ?? [];
    if (extras.hasPodNetwork && podCidrs.length > 0 && writePodNetwork(containerd.layout, { bridge, podCidrs }))
      log.info('pod network configured', { podCidrs });
  });
  group.spawn((s) => cache.run(s));
  const ownHealth = new ProxyHealth(systemClock);
  using health = healthPorts(ownHealth);
  const proxyNode = {
    name: nodeName,
    clusterCidr: settings.clusterCidr,
    nodePortRanges,
    bridge: extras.hasPodNetwork ? bridge : undefined,
  };
  if (extras.hasServiceProxy) {
    const metrics = new MetricRegistry();
    metrics.collect(processMetrics(KUBERNETES_VERSION));
    group.spawn((s) =>
      runProxy({ cache, clock: systemClock, log, filter, health, ownHealth, metrics, node: proxyNode }, s),
    );
    const { clusterCidr } = settings;
    group.spawn((s) =>
      serveProxyPorts({ health: ownHealth, metrics, nodeIP: options.nodeIP, clusterCidr, nodePortRanges, log }, s),
    );
  }
  const pool = addressRangesOf([settings.loadBalancerPool ?? '']);
  if (pool.length > 0) {
    const link = linkAddresses({ nodeIP: options.nodeIP, pool });
    group.spawn((s) => runAnnouncer({ cache, clock: systemClock, log, link, pool, nodeName }, s));
  }
  if (extras.hasPodNetwork) group.spawn((s) => keepPodRoutes({ cache, clock: systemClock, log, nodeName }, s));
  group.spawn((s) =>
    runDns(
      {
        api,
        cache,
        log,
        nodeIP: options.nodeIP,
        nodeName,
        clusterDomain: settings.clusterDomain,
        resolvers: () => hostFacts(options.dataDir, nodeName).resolvers,
      },
      s,
    ),
  );
  await group.join();
}
