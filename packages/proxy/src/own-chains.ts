import type { Service, ServicePort } from '@navarch/api';
import { digest } from './digest.ts';
import { addressType, type Family, type PodFamily } from './families.ts';
import type { Target } from './reachable.ts';
import { MASQUERADE, type Shape, sources } from './shared-chains.ts';

// Services that remember their clients have chains of their own, with a set for each endpoint: who was led there once is
// led there again, until it has not come for some time or the endpoint is gone, and its set with it.

export interface Remembering {
  readonly service: Service;
  readonly port: ServicePort;
  readonly family: PodFamily;
  readonly ends: readonly Target[];
  readonly insiders: readonly Target[];
  readonly masquerade: Shape['masquerade'];
}

export interface OwnChains {
  readonly entry: string;
  readonly chains: ReadonlyMap<string, readonly string[]>;
  readonly sets: ReadonlyMap<string, string>;
}

/** Of upstream's API: three hours. */
const AFFINITY_SECONDS = 10_800;

export function ownChains({ service, port, family, ends, insiders, masquerade }: Remembering): OwnChains {
  const chains = new Map<string, readonly string[]>();
  const sets = new Map<string, string>();
  const { fromInside, fromOutside } = sources(family);
  const seconds = service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS;
  const chosen = (targets: readonly Target[]): readonly string[] => {
    const names = targets.map((end) => {
      const name = ownName('ep', family, service, port, `${end.address.replaceAll(':', '.')}-${end.port}`);
      chains.set(name, endpointRules({ end, name, protocol: protocolOf(port), seconds, family }));
      sets.set(affinitySet(name, seconds), declarationOf(seconds, family));
      return name;
    });
    return [
      ...names.map((name) => `${family.protocol} saddr @${affinitySet(name, seconds)} goto ${name}`),
      ...choice(names),
    ];
  };
  const named = (kind: string, rules: readonly string[]): string => {
    const name = ownName(kind, family, service, port);
    chains.set(name, rules);
    return name;
  };
  const inside = insiders.length > 0 ? named('in', [...fromOutside, ...chosen(insiders)]) : undefined;
  const entry = named(masquerade === 'outside' ? 'svc' : 'ext', [
    ...(inside === undefined ? [] : fromInside.map((source) => `${source} goto ${inside}`)),
    ...(masquerade === 'always' ? [MASQUERADE] : masquerade === 'outside' ? fromOutside : []),
    ...chosen(ends),
    ...(ends.length === 0 ? ['drop'] : []),
  ]);
  return { entry, chains, sets };
}

const protocolOf = ({ protocol = 'TCP' }: ServicePort): string => protocol.toLowerCase();

/** Sets are named with their timeout, so that a changed timeout is a new set. */
const affinitySet = (endpoint: string, seconds: number): string => `aff-${seconds}-${endpoint}`;
const declarationOf = (seconds: number, family: Family): string =>
  `type ${addressType(family)} ; flags dynamic,timeout ; timeout ${seconds}s`;

interface EndpointOf {
  readonly end: Target;
  readonly name: string;
  readonly protocol: string;
  readonly seconds: number;
  readonly family: Family;
}

function endpointRules({ end, name, protocol, seconds, family }: EndpointOf): readonly string[] {
  const { address, port } = end;
  const place = family.name === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
  return [
    `update @${affinitySet(name, seconds)} { ${family.protocol} saddr }`,
    `meta l4proto ${protocol} dnat ${family.protocol} to ${place}`,
  ];
}

/** More than these are looked up in a map: going through them would take a packet longer. */
const TRIED_MAX = 16;

/**
 * Each as likely as any other: the first of n with one in n, the next of what is left. A map would be one rule, but each is a
 * set of its own, and the kernel goes through all sets for each that is made: 10,000 of them take minutes.
 */
function choice(names: readonly string[]): readonly string[] {
  if (names.length > TRIED_MAX)
    return [`numgen random mod ${names.length} vmap { ${names.map((name, i) => `${i} : goto ${name}`).join(', ')} }`];
  return names.map((name, i) =>
    i === names.length - 1 ? `goto ${name}` : `numgen random mod ${names.length - i} 0 goto ${name}`,
  );
}

const NAME_MAX = 100;

/** Says what the chain is for; a long one ends in a digest instead. Nothing in it has a slash but what is between. */
export function ownName(
  kind: string,
  { mark }: Family,
  { metadata }: Service,
  port: ServicePort,
  end: string = '',
): string {
  const parts = [`${kind}${mark}`, metadata.namespace ?? '', metadata.name, `${protocolOf(port)}-${port.port}`, end];
  const text = parts.filter((part) => part !== '').join('/');
  if (text.length <= NAME_MAX) return text;
  return `${text.slice(0, NAME_MAX - 9)}-${digest(text).toString(16)}`;
}
