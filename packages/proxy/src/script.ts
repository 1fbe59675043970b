import { type IpFamily, ipFamilyOf } from '@navarch/api';
import { clusterCidrsOf } from './cluster-cidrs.ts';
import type { ProxyNode } from './reachable.ts';
import type { Ruleset } from './ruleset.ts';

export const TABLE = 'navarch';
const MARK = '0x4000';

/**
 * The commands for nft that turn what the kernel has (`previous`; undefined: nothing that we know) into `next`, to be
 * run as one transaction: a packet sees the old rules or the new ones. Empty when nothing changed.
 */
export function difference(previous: Ruleset | undefined, next: Ruleset, node: ProxyNode): string {
  return previous ? changes(previous, next) : whole(next, node);
}

/** Everything anew, whatever was there. */
function whole(next: Ruleset, node: ProxyNode): string {
  const { IPv4, IPv6 } = clusterCidrsOf(node.clusterCidr);
  const lines = [
    `add table inet ${TABLE}`,
    `delete table inet ${TABLE}`,
    `add table inet ${TABLE}`,
    `add map inet ${TABLE} service-ips { type ipv4_addr . inet_proto . inet_service : verdict ; }`,
    `add map inet ${TABLE} service-ips6 { type ipv6_addr . inet_proto . inet_service : verdict ; }`,
    `add map inet ${TABLE} service-nodeports { type inet_proto . inet_service : verdict ; }`,
    `add map inet ${TABLE} service-nodeports6 { type inet_proto . inet_service : verdict ; }`,
    `add chain inet ${TABLE} services`,
    `add chain inet ${TABLE} prerouting { type nat hook prerouting priority dstnat ; policy accept ; }`,
    `add chain inet ${TABLE} output { type nat hook output priority -100 ; policy accept ; }`,
    `add chain inet ${TABLE} postrouting { type nat hook postrouting priority srcnat ; policy accept ; }`,
    `add chain inet ${TABLE} forward { type filter hook forward priority filter ; policy accept ; }`,
    `add rule inet ${TABLE} services ip daddr . meta l4proto . th dport vmap @service-ips`,
    `add rule inet ${TABLE} services ip6 daddr . meta l4proto . th dport vmap @service-ips6`,
    `add rule inet ${TABLE} services meta nfproto ipv4 fib daddr type local meta l4proto . th dport vmap @service-nodeports`,
    `add rule inet ${TABLE} services meta nfproto ipv6 fib daddr type local meta l4proto . th dport vmap @service-nodeports6`,
    `add rule inet ${TABLE} prerouting jump services`,
    `add rule inet ${TABLE} output jump services`,
    `add rule inet ${TABLE} postrouting meta mark and ${MARK} == ${MARK} masquerade`,
    // From this machine's own loopback address nothing outside could answer.
    `add rule inet ${TABLE} postrouting ip saddr 127.0.0.0/8 oifname != "lo" masquerade`,
    ...outwards('ip', IPv4),
    ...outwards('ip6', IPv6),
    ...sets(next, undefined),
    ...chainsAdded(next.chains),
    ...MAPS.flatMap(([map, entriesOf]) => elements('add', map, entriesOf(next))),
  ];
  return `${lines.join('\n')}\n`;
}

/** Pods are not known outside: what they send there goes by the node's address. */
const outwards = (protocol: 'ip' | 'ip6', clusterCidr: string | undefined): readonly string[] =>
  clusterCidr === undefined
    ? []
    : [
        `add rule inet ${TABLE} postrouting ${protocol} saddr ${clusterCidr} ${protocol} daddr != ${clusterCidr} oifname != "lo" masquerade`,
      ];

const ofFamily =
  (family: IpFamily) =>
  ({ addresses }: Ruleset): ReadonlyMap<string, string> =>
    new Map([...addresses].filter(([key]) => ipFamilyOf(key) === family));

/** The kernel's maps: one holds addresses of one length. */
const MAPS: readonly (readonly [name: string, entries: (rules: Ruleset) => ReadonlyMap<string, string>])[] = [
  ['service-ips', ofFamily('IPv4')],
  ['service-ips6', ofFamily('IPv6')],
  ['service-nodeports', ({ nodePorts }) => nodePorts],
  ['service-nodeports6', ({ nodePorts6 }) => nodePorts6],
];

function changes(previous: Ruleset, next: Ruleset): string {
  const changed = new Map([...next.chains].filter(([name, rules]) => !sameRules(previous.chains.get(name), rules)));
  const gone = [...previous.chains.keys()].filter((name) => !next.chains.has(name));
  const kept = setNames(next);
  const lines = [
    ...sets(next, previous),
    ...chainsAdded(changed),
    ...MAPS.flatMap(([map, entriesOf]) => moved(map, entriesOf(previous), entriesOf(next))),
    // Who points to a chain goes before the chain itself: services before endpoints.
    ...gone.map((name) => `flush chain inet ${TABLE} ${name}`),
    ...gone.map((name) => `delete chain inet ${TABLE} ${name}`),
    // A set may go only when no rule names it any more.
    ...[...setNames(previous)].filter((name) => !kept.has(name)).map((name) => `delete set inet ${TABLE} ${name}`),
  ];
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

const sameRules = (a: readonly string[] | undefined, b: readonly string[]): boolean =>
  a !== undefined && a.length === b.length && a.every((rule, i) => rule === b[i]);

/** Chains first, since rules point to one another. */
function chainsAdded(chains: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return [
    ...[...chains.keys()].map((name) => `add chain inet ${TABLE} ${name}`),
    ...[...chains.keys()].map((name) => `flush chain inet ${TABLE} ${name}`),
    ...[...chains].flatMap(([name, rules]) => rules.map((rule) => `add rule inet ${TABLE} ${name} ${rule}`)),
  ];
}

const elements = (verb: string, map: string, entries: ReadonlyMap<string, string>): readonly string[] =>
  [...entries].map(([key, chain]) => `${verb} element inet ${TABLE} ${map} { ${key} : goto ${chain} }`);

function moved(
  map: string,
  previous: ReadonlyMap<string, string>,
  next: ReadonlyMap<string, string>,
): readonly string[] {
  const removed = [...previous].filter(([key, chain]) => next.get(key) !== chain);
  const added = [...next].filter(([key, chain]) => previous.get(key) !== chain);
  return [
    ...removed.map(([key]) => `delete element inet ${TABLE} ${map} { ${key} }`),
    ...elements('add', map, new Map(added)),
  ];
}

/** The sets that session affinity remembers clients in. */
function sets(next: Ruleset, previous: Ruleset | undefined): readonly string[] {
  const before = previous ? setNames(previous) : new Set<string>();
  return [...setNames(next)]
    .filter((name) => !before.has(name))
    .map(
      (name) =>
        `add set inet ${TABLE} ${name} { type ${name.startsWith('aff6-') ? 'ipv6_addr' : 'ipv4_addr'} ; flags dynamic,timeout ; timeout ${/^aff6?-(\d+)-/.exec(name)?.[1]}s ; }`,
    );
}

const setNames = ({ chains }: Ruleset): Set<string> =>
  new Set([...chains.values()].flatMap((rules) => rules.flatMap((rule) => /^update @(\S+)/.exec(rule)?.[1] ?? [])));
