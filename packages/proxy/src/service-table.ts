import { FAMILIES, podFamilies } from './families.ts';
import { hairpinSet, lookups, MASQUERADE_MARK, REFUSE, serviceSets } from './shared-chains.ts';
import { type FixedChain, Table } from './table.ts';

export const TABLE = 'navarch';

/** The table of services without any. */
export const serviceTable = (clusterCidr: string): Table => new Table(TABLE, serviceSets, fixedChains(clusterCidr));

const nat = (hook: string, priority: string): string =>
  `{ type nat hook ${hook} priority ${priority} ; policy accept ; }`;

const fixedChains = (clusterCidr: string): readonly FixedChain[] => [
  { name: REFUSE, hook: '', rules: ['reject with icmpx type port-unreachable'] },
  { name: 'services', hook: '', rules: lookups },
  { name: 'prerouting', hook: nat('prerouting', 'dstnat'), rules: ['jump services'] },
  { name: 'output', hook: nat('output', '-100'), rules: ['jump services'] },
  {
    name: 'postrouting',
    hook: nat('postrouting', 'srcnat'),
    rules: [
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
