import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Node, node } from '@navarch/api';
import { type Logger, TaskGroup } from '@navarch/base';
import { type Api, Cache, httpApi } from '@navarch/client';
import { dnsKinds, DnsServer } from '@navarch/dns';
import { type KubeletDeps, runKubelet } from '@navarch/kubelet';
import {
  type Access, connectRuntime, type Containerd, hostFacts, httpTransport, listenDns, nftFilter, nodeFiles, nodeProber, resolvers, serveKubelet, startContainerd, systemClock, systemRandom, writePodNetwork, writeSysctl,
} from '@navarch/node';
import { runProxy } from '@navarch/proxy';
import { KUBERNETES_VERSION } from '../version.ts';

export const PAUSE_IMAGE = 'docker.io/library/pause:latest';
/** The bridge that pods hang on; `down` removes it. */
export const BRIDGE = 'navarch0';

const DNS_PORT = 53;
/** CoreDNS's value in a fresh upstream cluster. */
const DNS_TTL_SECONDS = 30;

/** The cgroup that holds all pods of a node. */
export const cgroupRootOf = (nodeName: string): string => `/navarch-${nodeName}`;

export interface AgentOptions {
  readonly dataDir: string;
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly kubeletPort: number;
  readonly access: Access;
  readonly clusterDns: string;
  readonly clusterDomain: string;
  /** Addresses of all pods. */
  readonly clusterCidr: string;
  readonly podsMax: number;
  readonly log: Logger;
}

/** The node's half: container runtime, kubelet, service proxy, DNS. Runs until the signal aborts; pods go on running. */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { dataDir, log } = options;
  await using group = new TaskGroup(signal);
  const containerd = await startContainerd({ dir: join(dataDir, 'containerd'), sandboxImage: PAUSE_IMAGE }, signal);
  log.info('containerd runs', { pid: containerd.process.pid, wasRunning: containerd.wasRunning });
  using runtime = await connectRuntime({ socketPath: containerd.socketPath }, signal);
  using transport = httpTransport(options.access);
  const api = httpApi({ transport, clock: systemClock, userAgent: `navarch-agent/${KUBERNETES_VERSION}` }, group.signal);
  await prepareNetwork(group.signal);
  mkdirSync(join(dataDir, 'kubelet'), { recursive: true });
  const deps = kubeletDeps(options, api, runtime, group.signal);
  group.spawn((s) => runKubelet(deps, s));
  group.spawn((s) => runNetwork(api, options, s));
  const { certificate = '', key = '', authority = '' } = options.access;
  group.spawn((s) => serveKubelet({ api, runtime, log, nodeName: options.nodeName, address: options.nodeIP, port: options.kubeletPort, certificate, key, authority }, s));
  group.spawn((s) => keepPodNetwork(api, options, containerd, s));
  await group.join();
}

function kubeletDeps(options: AgentOptions, api: Api, runtime: KubeletDeps['runtime'], signal: AbortSignal): KubeletDeps {
  const { dataDir, nodeName, nodeIP, kubeletPort, podsMax, log, clusterDns, clusterDomain } = options;
  return {
    api, runtime, files: nodeFiles(signal), prober: nodeProber, clock: systemClock, random: systemRandom(), log, host: hostFacts(dataDir, nodeName), nodeName, nodeIP,
    kubeletPort, version: KUBERNETES_VERSION, podsMax, labels: {}, dirs: { root: join(dataDir, 'kubelet'), podLogs: join(dataDir, 'pod-logs'), cgroupRoot: cgroupRootOf(nodeName) },
    dns: { clusterDns, clusterDomain },
  };
}

/** Service proxy and cluster DNS: both read the same copy of services and endpoints. */
async function runNetwork(api: Api, options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { log, nodeName, clusterCidr } = options;
  await using group = new TaskGroup(signal);
  const cache = new Cache({ api, clock: systemClock, random: systemRandom(), log });
  for (const kind of dnsKinds) cache.follow(kind);
  group.spawn((s) => cache.run(s));
  group.spawn((s) => runProxy({ cache, clock: systemClock, log, filter: nftFilter(), node: { name: nodeName, clusterCidr } }, s));
  await cache.whenSynced(dnsKinds, group.signal);
  const upstream = resolvers(hostFacts(options.dataDir, nodeName).resolvers);
  const dns = new DnsServer({ cache, clock: systemClock, log, upstream, zone: { domain: options.clusterDomain, ttl: DNS_TTL_SECONDS } });
  group.spawn((s) => listenDns(dns, options.nodeIP, DNS_PORT, s));
  await group.join();
}

/** What the kernel must do for pods to be reached: forward, and let local addresses be translated. */
async function prepareNetwork(signal: AbortSignal): Promise<void> {
  await writeSysctl('net.ipv4.ip_forward', '1', undefined, signal);
  await writeSysctl('net.ipv4.conf.all.route_localnet', '1', undefined, signal);
}

/** The pod network is configured as soon as the node has been given its part of the addresses. */
async function keepPodNetwork(api: Api, { nodeName, log }: AgentOptions, containerd: Containerd, signal: AbortSignal): Promise<void> {
  const scopes = new Map([[node, { fieldSelector: `metadata.name=${nodeName}` }]]);
  const cache = new Cache({ api, clock: systemClock, random: systemRandom(), log, scopes });
  await using group = new TaskGroup(signal);
  cache.onChange(node, (current: Node | undefined) => {
    const podCidrs = current?.spec.podCIDRs ?? [];
    if (podCidrs.length > 0 && writePodNetwork(containerd.layout, { bridge: BRIDGE, podCidrs })) log.info('pod network configured', { podCidrs });
  });
  group.spawn((s) => cache.run(s));
  await group.join();
}
