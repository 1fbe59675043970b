import { invariant } from '@navarch/base';
import { numberOf } from '../../testing/number-of.ts';
import { type Tables, TransactedTables } from '../../testing/tables.ts';

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

/** A packet filter of the rules that policies use, read from their text alone. It knows nothing of policies. */
export class Kernel extends TransactedTables {
  /** Whether the packet goes on. */
  passes(packet: Packet): boolean {
    const { chains, isThere } = this.now;
    return !isThere || walk(this.now, chains.get('forward') ?? [], packet) !== 'drop';
  }
}

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
