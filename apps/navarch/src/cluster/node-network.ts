import { networkInterfaces } from 'node:os';
import { CommandError, createNetns, deleteLink, findProgram, runCommand, writeSysctl } from '@navarch/node/host';
import type { PortMapping } from '../kind-config/cluster-plan.ts';
import { UserError } from '../user-error.ts';
import { DEFAULTS } from './flags.ts';

/** The network by which nodes of one cluster on this machine reach each other: a switch and a block of addresses. */
export interface NodeNetwork {
  /** Third part of its addresses. 0 is that of clusters whose first node is this machine itself. */
  readonly block: number;
  /** The folder of the cluster, written on the switch. */
  readonly owner: string;
  /** Nodes have addresses of both families. */
  readonly hasIpv6?: boolean;
}

/** A node's place in it. */
export interface Cable {
  readonly netns: string;
  /** This machine's end. */
  readonly port: string;
  readonly address: string;
  readonly address6?: string;
}

/** A port of this machine and the node that has what comes to it. */
export interface NodePort extends PortMapping {
  readonly address: string;
  readonly address6?: string;
}

const BLOCKS_MAX = 254;
const IPV4_PREFIX = DEFAULTS.nodeNetworks.split('.').slice(0, 2).join('.');

export const addressIn = (block: number, host: number | string): string => `${IPV4_PREFIX}.${block}.${host}`;
/** `fd00:10:95:1::2` */
export const addressIn6 = (block: number, host: number): string =>
  `${DEFAULTS.nodeNetworks6.split('::')[0]}:${block.toString(16)}::${host.toString(16)}`;
const networkOf = (block: number): string => addressIn(block, '0/24');
const gatewayOf = (block: number): string => addressIn(block, 1);
const hubOf = (block: number): string => (block === 0 ? 'navarch-hub' : `nv${block}-hub`);
const tableOf = (block: number): string => (block === 0 ? 'navarch-nodes' : `navarch-nodes${block}`);

/** The first block whose addresses no device of this machine has. */
export function freeBlock(): number {
  const own = new Set(
    Object.values(networkInterfaces())
      .flatMap((found) => found ?? [])
      .map(({ address }) => address),
  );
  for (let block = 1; block <= BLOCKS_MAX; block++) if (!own.has(gatewayOf(block))) return block;
  throw new UserError(`this machine has ${BLOCKS_MAX} clusters of several nodes: run \`navarch down\` for one of them`);
}

/** Makes the switch with this machine on it. Throws UserError where another cluster has it. */
export async function makeHub(network: NodeNetwork, ports: readonly NodePort[], signal: AbortSignal): Promise<void> {
  const { block, owner, hasIpv6 } = network;
  const hub = hubOf(block);
  await writeSysctl('net.ipv4.ip_forward', '1', undefined, signal);
  const alias = (await linksIn(undefined, signal)).get(hub);
  if (alias === undefined) await runCommand(['ip', 'link', 'add', hub, 'type', 'bridge'], {}, signal);
  else if (alias !== '' && alias !== owner)
    throw new UserError(
      `the cluster in ${alias} has the network ${networkOf(block)} of this machine: end that with its \`navarch down\` first`,
    );
  await runCommand(['ip', 'link', 'set', 'dev', hub, 'alias', owner, 'up'], {}, signal);
  await runCommand(['ip', 'address', 'replace', `${gatewayOf(block)}/24`, 'dev', hub], {}, signal);
  if (hasIpv6) await addAddress6(addressIn6(block, 1), hub, undefined, signal);
  // What this machine sends to its own loopback address may be meant for a node.
  if (ports.length > 0) await writeSysctl(`net.ipv4.conf.${hub}.route_localnet`, '1', undefined, signal);
  await runCommand(['nft', '-f', '-'], { input: hubRules(block, ports, hasIpv6) }, signal);
}

/** What a family has for the rules of a switch: its nodes' network, and where a mapped port leads by it. */
interface HubFamily {
  readonly protocol: 'ip' | 'ip6';
  readonly network: string;
  readonly loopback: string;
  readonly any: string;
  placeOf(port: NodePort): string | undefined;
}

const hubFamily = (block: number): HubFamily => ({
  protocol: 'ip',
  network: networkOf(block),
  loopback: '127.0.0.0/8',
  any: '0.0.0.0',
  placeOf: ({ address, containerPort }) => `${address}:${containerPort}`,
});
const hubFamily6 = (block: number): HubFamily => ({
  protocol: 'ip6',
  network: `${addressIn6(block, 0)}/64`,
  loopback: '::1',
  any: '::',
  placeOf: ({ address6, containerPort }) => address6 && `[${address6}]:${containerPort}`,
});

/**
 * What leaves the nodes has this machine's address, so that they reach registries; what comes to a mapped port of this
 * machine goes to its node, also from this machine's loopback address and from another node.
 */
export const hubRules = (block: number, ports: readonly NodePort[], hasIpv6: boolean = false): string =>
  [hubFamily(block), ...(hasIpv6 ? [hubFamily6(block)] : [])]
    .map((family) => familyRules(block, ports, family))
    .join('');

function familyRules(
  block: number,
  ports: readonly NodePort[],
  { protocol: ip, network, loopback, any, placeOf }: HubFamily,
): string {
  const [table, hub] = [tableOf(block), hubOf(block)];
  const mapped = ports.flatMap((port) => {
    const { listenAddress, hostPort, protocol } = port;
    const isAny = listenAddress === '0.0.0.0' || listenAddress === '::';
    const place = placeOf(port);
    if (place === undefined || (!isAny && listenAddress.includes(':') !== any.includes(':'))) return [];
    const to = isAny ? 'fib daddr type local' : `${ip} daddr ${listenAddress}`;
    return `${to} ${protocol.toLowerCase()} dport ${hostPort} dnat to ${place}`;
  });
  const outwards = [
    `${ip} saddr ${network} ${ip} daddr != ${network} oifname != "${hub}" masquerade`,
    ...(ports.length > 0
      ? [
          `${ip} saddr ${loopback} oifname "${hub}" masquerade`,
          `${ip} saddr ${network} ${ip} daddr ${network} ct status dnat masquerade`,
        ]
      : []),
  ];
  const chain = (name: string, hook: string, rules: readonly string[]): string =>
    rules.length === 0 ? '' : `chain ${name} { type nat hook ${hook}; ${rules.map((rule) => `${rule}; `).join('')}}\n`;
  return [
    `table ${ip} ${table}\ndelete table ${ip} ${table}\ntable ${ip} ${table} {\n`,
    chain('out', 'postrouting priority srcnat', outwards),
    chain('in', 'prerouting priority dstnat', mapped),
    chain('own', 'output priority -100', mapped),
    '}\n',
  ].join('');
}

/** The ports of this machine that lead to nodes of other clusters: nobody listens on them. */
export async function mappedPorts(
  block: number,
  signal: AbortSignal,
): Promise<readonly { readonly port: number; readonly protocol: string }[]> {
  const { stdout: tables } = await runCommand(['nft', '--terse', 'list', 'tables'], {}, signal);
  const others = tables.split('\n').flatMap((line) => {
    const [, family, name] = /^table (ip6?) (navarch-nodes\d+)$/.exec(line) ?? [];
    return family && name && name !== tableOf(block) ? [[family, name]] : [];
  });
  const found: { readonly port: number; readonly protocol: string }[] = [];
  for (const words of others) {
    const { stdout } = await runCommand(['nft', '-n', 'list', 'table', ...words], {}, signal);
    for (const [, protocol = '', port] of stdout.matchAll(/ (tcp|udp|sctp) dport (\d+) dnat /g))
      found.push({ port: Number(port), protocol: protocol.toUpperCase() });
  }
  return found;
}

/** Puts a node on the switch; what is there already stays. */
export async function connect(
  block: number,
  { netns, port, address, address6 }: Cable,
  signal: AbortSignal,
): Promise<void> {
  const path = await createNetns(netns, signal);
  if (!(await linksIn(path, signal)).has('eth0')) {
    await deleteLink(port, undefined, signal);
    await runCommand(['ip', 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns], {}, signal);
  }
  await runCommand(['ip', 'link', 'set', port, 'master', hubOf(block), 'up'], {}, signal);
  // A node's packets to a node port of this machine may be meant for a pod of that very node. Where bridged packets pass
  // the packet filter they are sent on within the bridge, and no bridge sends back where a packet came from unless told.
  await runCommand(['ip', 'link', 'set', port, 'type', 'bridge_slave', 'hairpin', 'on'], {}, signal);
  for (const words of [
    ['address', 'replace', `${address}/24`, 'dev', 'eth0'],
    ['link', 'set', 'eth0', 'up'],
    ['route', 'replace', 'default', 'via', gatewayOf(block)],
  ]) {
    await runCommand(['ip', ...words], { netns: path }, signal);
  }
  if (address6 === undefined) return;
  await addAddress6(address6, 'eth0', path, signal);
  await runCommand(['ip', '-6', 'route', 'replace', 'default', 'via', addressIn6(block, 1)], { netns: path }, signal);
}

/** Nobody else has it: the kernel need not ask around for a second before it may be used. */
async function addAddress6(
  address: string,
  device: string,
  netns: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const words = ['ip', '-6', 'address', 'replace', `${address}/64`, 'dev', device, 'nodad'];
  await runCommand(words, netns ? { netns } : {}, signal);
}

/** Pulls the node's plug: it goes on, and nobody hears from it. `connect` puts it in again. */
export async function unplug({ port }: Cable, signal: AbortSignal): Promise<void> {
  if ((await linksIn(undefined, signal)).has(port)) await runCommand(['ip', 'link', 'set', port, 'down'], {}, signal);
}

/** Takes away the switch, unless it is another cluster's, and the rules with it. */
export async function removeHub({ block, owner }: NodeNetwork, signal: AbortSignal): Promise<void> {
  if (!findProgram('ip')) return;
  const alias = (await linksIn(undefined, signal)).get(hubOf(block));
  if (alias !== undefined && alias !== '' && alias !== owner) return;
  await deleteLink(hubOf(block), undefined, signal);
  for (const family of ['ip', 'ip6']) {
    try {
      await runCommand(['nft', 'delete', 'table', family, tableOf(block)], {}, signal);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error; // It was never made, or has gone.
    }
  }
}

interface ShownLink {
  readonly ifname: string;
  readonly ifalias?: string;
}

/** The aliases of devices by name; empty where one has none. */
async function linksIn(netns: string | undefined, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await runCommand(['ip', '-json', 'link', 'show'], netns ? { netns } : {}, signal);
  return new Map((JSON.parse(stdout) as readonly ShownLink[]).map(({ ifname, ifalias = '' }) => [ifname, ifalias]));
}
