import { addressType, FAMILIES, type Family } from '../families.ts';
import type { FixedChain } from '../table.ts';
import { ARRIVING, DIRECTIONS, type Direction } from './compile.ts';

export const POLICY_TABLE = 'navarch-policy';

export const LEAVING = 'leaving';

/** The verdict for each address of a pod of this node. */
export const verdictMap = (direction: Direction, { mark }: Family): string => `${direction}${mark}`;
/** Each address of a pod of this node beside itself. */
export const selfSet = ({ mark }: Family): string => `self${mark}`;
export const addressSet = (family: Family): string => `type ${addressType(family)}`;
export const portOfAddressSet = (family: Family): string => `type ${addressType(family)} . inet_service`;

/** Sets and maps that are always there, with their declarations. */
export const fixedSets: ReadonlyMap<string, string> = new Map(
  FAMILIES.flatMap((family) => [
    ...DIRECTIONS.map((direction) => [verdictMap(direction, family), `type ${addressType(family)} : verdict`] as const),
    [selfSet(family), `type ${addressType(family)} . ${addressType(family)}`] as const,
  ]),
);

/**
 * The way of every packet that this machine passes on, also of one that stays on the bridge. What the machine itself sends
 * or takes is none of these: a pod and its own node always reach each other. Where a verdict is missing the pod is one
 * that nobody knows here, and is closed.
 */
export const fixedChains = (bridge: string): readonly FixedChain[] => [
  {
    name: 'forward',
    hook: '{ type filter hook forward priority filter ; policy accept ; }',
    rules: [
      // Answers belong to what was let through; everything else of a flow is judged packet by packet, so that a flow ends
      // that is no longer allowed, and one goes on that is.
      'ct direction reply accept',
      'ct state related accept',
      // A pod cannot close itself to itself; it comes back to itself by way of a service.
      ...FAMILIES.map((family) => `${family.protocol} saddr . ${family.protocol} daddr @${selfSet(family)} accept`),
      // Without these no pod finds the other on its bridge.
      `iifname "${bridge}" oifname "${bridge}" icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept`,
      `iifname "${bridge}" goto ${LEAVING}`,
      `goto ${ARRIVING}`,
    ],
  },
  { name: LEAVING, hook: '', rules: [...verdicts('egress', 'saddr'), 'drop'] },
  { name: ARRIVING, hook: '', rules: [`oifname != "${bridge}" accept`, ...verdicts('ingress', 'daddr'), 'drop'] },
];

const verdicts = (direction: Direction, field: string): readonly string[] =>
  FAMILIES.map((family) => `${family.protocol} ${field} vmap @${verdictMap(direction, family)}`);

/** For pods that no policy isolates in a direction. */
export const FREE: Readonly<Record<Direction, string>> = { ingress: 'accept', egress: `goto ${ARRIVING}` };
