import { FAMILIES, podFamilies } from './families.ts';
import { FORGET_NUMBER } from './remembering.ts';
import { hairpinSet, lookups, MASQUERADE_MARK, REFUSE, serviceSets } from './shared-chains.ts';
import type { ProxyNode } from './reachable.ts';
import { type FixedChain, Table } from './table.ts';

export const TABLE = 'navarch';

type TableNode = Pick<ProxyNode, 'clusterCidr' | 'nodePortRanges' | 'bridge'>;

/** The table of services without any. */
export const serviceTable = (node: TableNode): Table => new Table(TABLE, serviceSets, fixedChains(node));

const nat = (hook: string, priority: string): string =>
  `{ type nat hook ${hook} priority ${priority} ; policy accept ; }`;

/**
 * A pod answers its own node whichever of its addresses asks, so nothing needs to be rewritten in each packet of that; but a
 * loopback address is everyone's own.
 */
const ownPods = (bridge: string): readonly string[] => [
  `oifname "${bridge}" ip saddr != 127.0.0.0/8 fib saddr type local accept`,
  `oifname "${bridge}" meta nfproto ipv6 fib saddr type local accept`,
];

const fixedChains = ({ clusterCidr, nodePortRanges = [], bridge }: TableNode): readonly FixedChain[] => [
  { name: REFUSE, hook: '', rules: ['reject with icmpx type port-unreachable'] },
  { name: 'services', hook: '', rules: lookups(nodePortRanges) },
  { name: 'prerouting', hook: nat('prerouting', 'dstnat'), rules: ['jump services'] },
  { name: 'output', hook: nat('output', '-100'), rules: ['jump services'] },
  {
    name: 'postrouting',
    hook: nat('postrouting', 'srcnat'),
    rules: [
      FORGET_NUMBER,
      ...(bridge === undefined ? [] : ownPods(bridge)),
      `meta mark and ${MASQUERADE_MARK} == ${MASQUERADE_MARK} masquerade`,
      ...FAMILIES.map(
        (family) =>
          `ct status dnat ${family.protocol} saddr . ${family.protocol} daddr @${hairpinSet(family)} masquerade`,
      ),
      // From this machine's own loopback address nothing outside could answer.
      'ip saddr 127.0.0.0/8 oifname != "lo" masquerade',
      // Pods are not known outside: what they send there goes by the node's address.
      ...podFamilies(clusterCidr).flatMap(({ protocol, clusterCidr: range }) =>
        range === undefined
          ? []
          : [`${protocol} saddr ${range} ${protocol} daddr != ${range} oifname != "lo" masquerade`],
      ),
    ],
  },
];
