import { invariant } from '@navarch/base';
import { numberOf } from './number-of.ts';
import { TransactedTables } from './tables.ts';

/** The first packet of a flow, as a node meets it. */
export interface Packet {
  readonly family: 'ip' | 'ip6';
  readonly from: string;
  readonly to: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
}

/** What becomes of a packet, and how likely that is. */
export interface Outcome {
  /** Where it goes on to, `ADDRESS PORT`; or that it goes nowhere. */
  readonly to: string;
  readonly isMasqueraded: boolean;
  readonly share: number;
  /** What becomes of maps that remember. */
  readonly remembered: readonly Remembered[];
}

/** Of an element: for how long it is there and what it stands for, or that it goes. */
interface Remembered {
  readonly map: string;
  readonly key: string;
  readonly kept?: { readonly seconds: number; readonly value: string };
}

interface State {
  readonly share: number;
  readonly mark: boolean;
  /** Two halves, in hexadecimal digits. */
  readonly priority: string;
  readonly isLed: boolean;
  readonly remembered: readonly Remembered[];
}
interface End extends State {
  /** Undefined: the packet came back from the chain without a verdict. */
  readonly verdict: string | undefined;
}

/** The nat hooks of a node, read from the text of rules alone. It knows nothing of services. */
export class ServiceKernel extends TransactedTables {
  readonly #ownAddresses: ReadonlySet<string>;
  readonly #isOnBridge: (address: string) => boolean;
  /** By map, then by key. */
  readonly #remembered = new Map<string, Map<string, { readonly until: number; readonly value: string }>>();
  seconds = 0;

  /** Its bridge, if it has one, is `pods`. */
  constructor(ownAddresses: Iterable<string>, isOnBridge: (address: string) => boolean = () => false) {
    super();
    this.#ownAddresses = new Set(ownAddresses);
    this.#isOnBridge = isOnBridge;
  }

  override apply(script: string): void {
    super.apply(script);
    for (const set of this.#remembered.keys()) if (!this.now.sets.has(set)) this.#remembered.delete(set);
  }

  /** Lets the packet through as this outcome says. */
  pass({ remembered }: Outcome): void {
    for (const { map, key, kept } of remembered) {
      const elements =
        this.#remembered.get(map) ?? new Map<string, { readonly until: number; readonly value: string }>();
      this.#remembered.set(map, elements);
      // What is there is kept for longer, and stands for what it did.
      const value = this.#recalled(map, key) ?? kept?.value;
      if (kept && value !== undefined) elements.set(key, { until: this.seconds + kept.seconds, value });
      else elements.delete(key);
    }
  }

  #recalled(map: string, key: string): string | undefined {
    const found = this.#remembered.get(map)?.get(key);
    return found && found.until > this.seconds ? found.value : undefined;
  }

  outcomes(packet: Packet): readonly Outcome[] {
    const hook = this.#isOwn(packet.from) ? 'output' : 'prerouting';
    const all = this.#walk(hook, packet, {
      share: 1,
      mark: false,
      priority: '0:0',
      isLed: false,
      remembered: [],
    }).flatMap((end): readonly Outcome[] => {
      const { verdict = `${packet.to} ${packet.port}`, share, remembered } = end;
      const isLed = end.verdict !== undefined;
      if (verdict === 'drop' || verdict === 'reject') return [{ to: verdict, isMasqueraded: false, share, remembered }];
      const [to = '', port] = verdict.split(' ');
      const [left] = this.#walk('postrouting', { ...packet, to, port: Number(port) }, { ...end, isLed });
      return [{ to: verdict, isMasqueraded: left?.verdict === 'masquerade', share, remembered }];
    });
    const merged = new Map<string, Outcome>();
    for (const one of all) {
      const key = `${one.to} ${one.isMasqueraded}`;
      merged.set(key, { ...one, share: one.share + (merged.get(key)?.share ?? 0) });
    }
    return [...merged.values()];
  }

  #isOwn(address: string): boolean {
    return this.#ownAddresses.has(address) || address.startsWith('127.');
  }

  #walk(chain: string, packet: Packet, start: State): readonly End[] {
    const ends: End[] = [];
    let states: readonly State[] = [start];
    for (const rule of this.now.chains.get(chain) ?? []) {
      const next: State[] = [];
      for (const state of states) {
        for (const { verdict, ...after } of this.#rule(rule, packet, state)) {
          if (verdict === undefined) next.push(after);
          else if (verdict.startsWith('jump ')) {
            for (const end of this.#walk(verdict.slice(5), packet, after))
              if (end.verdict === undefined) next.push(end);
              else ends.push(end);
          } else if (verdict.startsWith('goto ')) ends.push(...this.#walk(verdict.slice(5), packet, after));
          else ends.push({ ...after, verdict });
        }
      }
      states = next;
    }
    return [...ends, ...states.map((state) => ({ ...state, verdict: undefined }))];
  }

  /** What one rule makes of a packet: several things, where it takes a number at random. */
  #rule(rule: string, packet: Packet, start: State): readonly End[] {
    const { sets } = this.now;
    const { family, from, to, protocol, port } = packet;
    let rest = rule;
    let state = start;
    const on = (): readonly End[] => [{ ...state, verdict: undefined }];
    const with_ = (verdict: string | undefined, share = 1): End => ({ ...state, share: state.share * share, verdict });
    const begins = (pattern: RegExp): RegExpExecArray | undefined => {
      const found = pattern.exec(rest) ?? undefined;
      if (found) rest = rest.slice(found[0].length);
      return found;
    };
    const placeOf = (field: string | undefined): string | undefined => {
      if (field === undefined) return `${protocol} . ${port}`;
      return field === family ? `${to} . ${protocol} . ${port}` : undefined;
    };
    const numbers = (count: string | undefined): readonly number[] =>
      Array.from({ length: Number(count) }, (_, i) => i);
    for (;;) {
      let found: RegExpExecArray | undefined;
      if (/^(?:drop|accept|masquerade|(?:goto|jump) \S+)$/.test(rest)) return [with_(rest)];
      if (rest === '') return on();
      if (rest === 'reject with icmpx type port-unreachable') return [with_('reject')];
      if (begins(/^meta mark set meta mark or 0x4000\s?/)) state = { ...state, mark: true };
      else if (begins(/^meta mark and 0x4000 == 0x4000 /)) {
        if (!state.mark) return on();
      } else if (begins(/^ct status dnat /)) {
        if (!state.isLed) return on();
      } else if ((found = begins(/^meta nfproto ipv(\d) /))) {
        if (family !== (found[1] === '4' ? 'ip' : 'ip6')) return on();
      } else if ((found = begins(/^fib ([sd])addr type local /))) {
        if (!this.#isOwn(found[1] === 's' ? from : to)) return on();
      } else if (begins(/^oifname "pods" /)) {
        if (!this.#isOnBridge(to)) return on();
      } else if (begins(/^oifname != "lo" /)) {
        if (this.#isOwn(to)) return on();
      } else if ((found = begins(/^meta l4proto (tcp|udp|sctp) /))) {
        if (protocol !== found[1]) return on();
      } else if ((found = begins(/^(?:(ip6?) daddr \. )?meta l4proto \. th dport vmap @(\S+)$/))) {
        const verdict = sets.get(found[2] ?? '')?.get(placeOf(found[1]) ?? '');
        return verdict === undefined ? on() : [with_(verdict)];
      } else if (
        (found = begins(
          /^dnat (ip6?) to (?:(ip6?) daddr \. )?(tcp|udp|sctp) dport \. numgen (random|inc) mod (\d+) map @(\S+)$/,
        ))
      ) {
        const [, target, field, of, how, count, map] = found;
        if (target !== family || of !== protocol || (field ?? family) !== family) return on();
        return numbers(count).map((i) => {
          const end = sets.get(map ?? '')?.get(`${field === undefined ? '' : `${to} . `}${port} . ${i}`);
          invariant(how === 'random' || count === '1', 'Only the first is asked for in turn');
          return with_(end?.replace(' . ', ' '), 1 / Number(count));
        });
      } else if (
        (found = begins(/^dnat (ip6?) to (?:(ip6?) daddr \. )?(tcp|udp|sctp) dport \. meta priority map @(\S+)$/))
      ) {
        const [, target, field, of, map = ''] = found;
        if (target !== family || of !== protocol || (field ?? family) !== family) return on();
        const end = sets.get(map)?.get(`${field === undefined ? '' : `${to} . `}${port} . ${state.priority}`);
        return [with_(end?.replace(' . ', ' '))];
      } else if (
        (found = begins(
          /^meta priority set (?:(ip6?) daddr \. )?(tcp|udp|sctp) dport \. numgen (random|inc) mod (\d+) map @(\S+)$/,
        ))
      ) {
        const [, field, of, how, count, map = ''] = found;
        if (of !== protocol || (field ?? family) !== family) return on();
        invariant(how === 'random' || count === '1', 'Only the first is asked for in turn');
        return numbers(count).map((i) => {
          const priority = sets.get(map)?.get(`${field === undefined ? '' : `${to} . `}${port} . ${i}`);
          return { ...with_(undefined, 1 / Number(count)), priority: priority ?? state.priority };
        });
      } else if ((found = begins(/^meta priority set meta priority and ffff:0(?: \. (ip6?) saddr map @(\S+))?$/))) {
        const high = `${state.priority.split(':')[0]}:0`;
        if (found[1] === undefined) state = { ...state, priority: high };
        else if (found[1] !== family) return on();
        else state = { ...state, priority: this.#recalled(found[2] ?? '', `${high} . ${from}`) ?? state.priority };
      } else if (begins(/^meta priority set 0:0$/)) state = { ...state, priority: '0:0' };
      else if (begins(/^meta priority and 0:ffff != 0:0 /)) {
        if (state.priority.endsWith(':0')) return on();
      } else if (begins(/^meta priority and ffff:0 != 0:0 /)) {
        if (state.priority.startsWith('0:')) return on();
      } else if (
        (found = begins(
          /^(update|delete) @(\S+) \{ meta priority and ffff:0 \. (ip6?) saddr (?:timeout (\d+)s )?: meta priority \}$/,
        ))
      ) {
        const [, verb, map = '', field, seconds] = found;
        if (field !== family) return on();
        const key = `${state.priority.split(':')[0]}:0 . ${from}`;
        const kept = verb === 'update' ? { kept: { seconds: Number(seconds), value: state.priority } } : {};
        state = { ...state, remembered: [...state.remembered, { map, key, ...kept }] };
      } else if ((found = begins(/^(ip6?) saddr \. \1 daddr @(\S+) /))) {
        if (family !== found[1] || !sets.get(found[2] ?? '')?.has(`${from} . ${to}`)) return on();
      } else if ((found = begins(/^(ip6?) ([sd])addr (!= )?([0-9a-f.:]+\/\d+) /))) {
        const isIn = isInside(found[2] === 's' ? from : to, found[4] ?? '');
        if (family !== found[1] || isIn === (found[3] !== undefined)) return on();
      } else invariant(false, `A rule that no kernel reads: ${rule}`);
    }
  }
}

function isInside(address: string, cidr: string): boolean {
  const [network = '', length = ''] = cidr.split('/');
  if (network.includes(':') !== address.includes(':')) return false;
  const rest = BigInt((address.includes(':') ? 128 : 32) - Number(length));
  return numberOf(address) >> rest === numberOf(network) >> rest;
}
