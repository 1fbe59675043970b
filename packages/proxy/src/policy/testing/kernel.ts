import { invariant } from '@navarch/base';

/** A packet as it comes by the hook: what a kernel would know of it. */
export interface Packet {
  readonly family: 'ip' | 'ip6';
  readonly from: string;
  readonly to: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp' | 'icmp';
  /** Where it is for; of what has no ports, 0. */
  readonly port: number;
  readonly comesBy: string;
  readonly goesBy: string;
  /** What connection tracking says of it. */
  readonly flow: 'original' | 'reply' | 'related';
}

interface Tables {
  readonly sets: Map<string, Map<string, string>>;
  readonly chains: Map<string, string[]>;
  isThere: boolean;
}

/**
 * A packet filter of the commands and rules that policies use, read from their text alone: it takes transactions as the
 * kernel does, whole or not at all, and refuses what the kernel refuses. It knows nothing of policies.
 */
export class Kernel {
  #tables: Tables = { sets: new Map(), chains: new Map(), isThere: false };

  /** Throws, and changes nothing, where the kernel would refuse a command. */
  apply(script: string): void {
    const draft = structuredClone(this.#tables);
    for (const line of script.split('\n').filter((text) => text !== '')) command(draft, line);
    this.#tables = draft;
  }

  /** As `nft flush table` does: chains and sets stay. */
  flush(): void {
    for (const name of this.#tables.chains.keys()) this.#tables.chains.set(name, []);
  }

  hasRules(chain: string): boolean {
    return (this.#tables.chains.get(chain) ?? []).length > 0;
  }

  /** Everything that it has, in an order of its own. */
  dump(): string {
    const { sets, chains } = this.#tables;
    const text = (map: ReadonlyMap<string, unknown>): unknown =>
      [...map].map(([name, value]) => [name, value instanceof Map ? text(value) : value]).sort();
    return JSON.stringify([text(sets), text(chains)]);
  }

  /** Whether the packet goes on. */
  passes(packet: Packet): boolean {
    const { chains } = this.#tables;
    if (!this.#tables.isThere) return true;
    return walk(this.#tables, chains.get('forward') ?? [], packet) !== 'drop';
  }
}

function command(tables: Tables, line: string): void {
  const [, verb = '', what = '', rest = ''] = /^(\w+) (\w+) inet \S+ ?(.*)$/.exec(line) ?? [];
  const [name = ''] = rest.split(' ', 1);
  const body = rest.slice(name.length + 1);
  const refuse = (why: string): never => invariant(false, `${why}: ${line}`) as never;
  const { sets, chains } = tables;
  switch (`${verb} ${what}`) {
    case 'add table':
      tables.isThere = true;
      return;
    case 'delete table':
      if (!tables.isThere) refuse('No such table');
      tables.isThere = false;
      sets.clear();
      chains.clear();
      return;
    case 'add set':
    case 'add map':
      if (!sets.has(name)) sets.set(name, new Map());
      return;
    case 'delete set':
      if (!sets.delete(name)) refuse('No such set');
      if ([...chains.values()].some((rules) => rules.some((rule) => rule.split(' ').includes(`@${name}`))))
        refuse('A rule reads the set');
      return;
    case 'add chain':
      if (!tables.isThere) refuse('No such table');
      if (!chains.has(name)) chains.set(name, []);
      return;
    case 'flush chain':
      if (!chains.has(name)) refuse('No such chain');
      chains.set(name, []);
      return;
    case 'delete chain':
      if (!chains.delete(name)) refuse('No such chain');
      if (targets(tables).has(name)) refuse('Something leads to the chain');
      return;
    case 'add rule':
      if (!chains.has(name)) refuse('No such chain');
      chains.get(name)?.push(body);
      for (const [, set = ''] of body.matchAll(/@(\S+)/g)) if (!sets.has(set)) refuse('No such set');
      for (const [, target = ''] of body.matchAll(/(?:goto|jump) (\S+)/g))
        if (!chains.has(target)) refuse('No such chain');
      return;
    case 'add element':
    case 'delete element':
      return elements(tables, verb, name, body, refuse);
    default:
      refuse('No such command');
  }
}

function elements(tables: Tables, verb: string, name: string, body: string, refuse: (why: string) => never): void {
  const set = tables.sets.get(name) ?? refuse('No such set');
  for (const entry of body.slice(2, -2).split(', ')) {
    const [key = '', verdict = ''] = entry.split(' : ');
    if (verb === 'delete') {
      if (!set.delete(key)) refuse('No such element');
      continue;
    }
    const target = /^goto (\S+)$/.exec(verdict)?.[1];
    if (target !== undefined && !tables.chains.has(target)) refuse('No such chain');
    if (set.has(key) && set.get(key) !== verdict) refuse('The element is there already');
    set.set(key, verdict);
  }
}

const targets = ({ sets, chains }: Tables): ReadonlySet<string> =>
  new Set(
    [...[...sets.values()].flatMap((set) => [...set.values()]), ...[...chains.values()].flat()].flatMap((text) =>
      [...text.matchAll(/(?:goto|jump) (\S+)/g)].map(([, target = '']) => target),
    ),
  );

type Verdict = 'accept' | 'drop' | undefined;

function walk(tables: Tables, rules: readonly string[], packet: Packet): Verdict {
  for (const rule of rules) {
    const words = holds(tables, rule, packet);
    if (words === undefined) continue;
    if (words === 'accept' || words === 'drop') return words;
    const [how = '', target = ''] = words.split(' ');
    invariant(how === 'goto' || how === 'jump', `A rule that does nothing: ${rule}`);
    const verdict = walk(tables, tables.chains.get(target) ?? [], packet);
    // Who jumps comes back; who goes there leaves to whoever called.
    if (verdict !== undefined || how === 'goto') return verdict;
  }
  return undefined;
}

/** What the rule does with the packet; undefined where one of its conditions does not hold. */
function holds({ sets }: Tables, rule: string, packet: Packet): string | undefined {
  const { family, from, to, protocol, port, comesBy, goesBy, flow } = packet;
  const of = (field: string): string => (field === 'saddr' ? from : to);
  let rest = rule;
  /** Takes one condition off the rule: undefined where the rule does not begin with it. */
  const begins = (pattern: RegExp): RegExpExecArray | undefined => {
    const found = pattern.exec(rest) ?? undefined;
    if (found) rest = rest.slice(found[0].length);
    return found;
  };
  for (;;) {
    let found: RegExpExecArray | undefined;
    if (/^(?:accept|drop|(?:goto|jump) \S+)$/.test(rest)) return rest;
    if (begins(/^ct direction reply /)) {
      if (flow !== 'reply') return undefined;
    } else if (begins(/^ct state related /)) {
      if (flow !== 'related') return undefined;
    } else if ((found = begins(/^(iif|oif)name (!= )?"([^"]+)" /))) {
      const isThat = (found[1] === 'iif' ? comesBy : goesBy) === found[3];
      if (isThat === (found[2] !== undefined)) return undefined;
    } else if ((found = begins(/^meta nfproto ipv(\d) /))) {
      if (family !== (found[1] === '4' ? 'ip' : 'ip6')) return undefined;
    } else if ((found = begins(/^meta l4proto (\w+) /))) {
      if (protocol !== found[1]) return undefined;
    } else if (begins(/^icmpv6 type \{ [^}]+ \} /)) {
      return undefined; // No packet here is one of those.
    } else if ((found = begins(/^(ip6?) saddr \. \1 daddr @(\S+) /))) {
      if (family !== found[1] || !sets.get(found[2] ?? '')?.has(`${from} . ${to}`)) return undefined;
    } else if ((found = begins(/^(ip6?) daddr \. (\w+) dport @(\S+) /))) {
      const isThere = sets.get(found[3] ?? '')?.has(`${to} . ${port}`) ?? false;
      if (family !== found[1] || protocol !== found[2] || !isThere) return undefined;
    } else if ((found = begins(/^(ip6?) (saddr|daddr) vmap @(\S+)$/))) {
      return family === found[1] ? sets.get(found[3] ?? '')?.get(of(found[2] ?? '')) : undefined;
    } else if ((found = begins(/^(ip6?) (saddr|daddr) @(\S+) /))) {
      if (family !== found[1] || !sets.get(found[3] ?? '')?.has(of(found[2] ?? ''))) return undefined;
    } else if ((found = begins(/^(ip6?) (saddr|daddr) \{ ([^}]+) \} /))) {
      const number = numberOf(of(found[2] ?? ''));
      const isIn = (found[3] ?? '').split(', ').some((range) => {
        const [first = '', last = first] = range.split('-');
        return number >= numberOf(first) && number <= numberOf(last);
      });
      if (family !== found[1] || !isIn) return undefined;
    } else if ((found = begins(/^(tcp|udp|sctp) dport \{ ([^}]+) \} /))) {
      const isIn = (found[2] ?? '').split(', ').some((range) => {
        const [first = '', last = first] = range.split('-');
        return port >= Number(first) && port <= Number(last);
      });
      if (protocol !== found[1] || !isIn) return undefined;
    } else invariant(false, `A rule that no kernel reads: ${rule}`);
  }
}

/** Of addresses in any of their forms. */
function numberOf(address: string): bigint {
  if (!address.includes(':')) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const [head = '', tail] = address.split('::');
  const groups = (text: string): string[] => text.split(':').filter((group) => group !== '');
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}
