import { endpointSlice, namespace, service } from '@navarch/api';
import type { Clock, Logger } from '@navarch/base';
import { type Cache, type CacheIndex, defineIndex } from '@navarch/client';
import { keyIn } from '@navarch/machinery';
import { answer, type Zone } from './answer.ts';
import { type Answer, codes, decodeQuery, encodeAnswer, type Query } from './message.ts';
import { hostOf, type View } from './view.ts';

/** Asks a resolver outside the cluster. Resolves to the bytes of its answer; undefined when none answered in time. */
export interface Upstream {
  ask(query: Uint8Array, isTcp: boolean, signal: AbortSignal): Promise<Uint8Array | undefined>;
}

export interface DnsDeps {
  readonly cache: Cache;
  readonly clock: Clock;
  readonly log: Logger;
  readonly upstream: Upstream;
  readonly zone: Zone;
}

const SERVICE_NAME = 'kubernetes.io/service-name';
const sliceOfService: CacheIndex<any> = defineIndex<any>((slice) => [
  `${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME] ?? ''}`,
]);
const serviceByAddress: CacheIndex<any> = defineIndex<any>(
  (s) => (s as { spec: { clusterIPs?: readonly string[] } }).spec.clusterIPs ?? [],
);
const sliceByAddress: CacheIndex<any> = defineIndex<any>((slice) =>
  ((slice as { endpoints?: readonly { addresses: readonly string[] }[] | null }).endpoints ?? []).flatMap(
    (e) => e.addresses,
  ),
);

/** The cluster's names over the cache, through indexes: no answer scans. */
export function viewOf(cache: Cache): View {
  return {
    service: (inNamespace, name) => cache.get(service, keyIn(inNamespace, name)),
    slices: (inNamespace, name) => cache.find(endpointSlice, sliceOfService, `${inNamespace}/${name}`),
    hasNamespace: (name) => cache.get(namespace, name) !== undefined,
    serviceAt: (address) => cache.find(service, serviceByAddress, address)[0],
    endpointAt(address) {
      const [slice] = cache.find(endpointSlice, sliceByAddress, address);
      const found = slice?.endpoints?.find((e) => e.addresses.includes(address));
      const name = slice?.metadata.labels?.[SERVICE_NAME];
      return found && name
        ? { host: found.hostname ?? hostOf(address), service: name, namespace: slice.metadata.namespace ?? '' }
        : undefined;
    },
  };
}

/** Queries to the outside under way at a time; more are refused, so that a dead resolver cannot fill the memory. */
const FORWARDED_MAX = 1000;

/** Answers one message. undefined: it was not a question, say nothing. */
export class DnsServer {
  readonly #deps: DnsDeps;
  readonly #view: View;
  #forwarded = 0;

  constructor(deps: DnsDeps) {
    this.#deps = deps;
    this.#view = viewOf(deps.cache);
  }

  async respond(bytes: Uint8Array, isTcp: boolean, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const query = decodeQuery(bytes);
    if (!query) return undefined;
    const own = answer(query.question, this.#view, this.#deps.zone);
    if (!own) return this.#forward(bytes, query, isTcp, signal);
    const [first] = own.answers;
    // An ExternalName may be outside: its address is asked for along with it.
    if (first?.data.type === 'CNAME' && own.answers.length === 1) {
      const inside = answer({ name: first.data.target, type: query.question.type }, this.#view, this.#deps.zone);
      if (inside) return encode(query, { ...own, answers: [...own.answers, ...inside.answers] }, isTcp);
    }
    return encode(query, own, isTcp);
  }

  async #forward(bytes: Uint8Array, query: Query, isTcp: boolean, signal: AbortSignal): Promise<Uint8Array> {
    if (this.#forwarded >= FORWARDED_MAX) return encode(query, failed(codes.REFUSED), isTcp);
    this.#forwarded += 1;
    try {
      return (await this.#deps.upstream.ask(bytes, isTcp, signal)) ?? encode(query, failed(codes.SERVFAIL), isTcp);
    } finally {
      this.#forwarded -= 1;
    }
  }
}

const failed = (code: number): Answer => ({ code, answers: [], authorities: [], additionals: [] });
const encode = (query: Query, value: Answer, isTcp: boolean): Uint8Array =>
  encodeAnswer(query, value, isTcp ? 65_535 : query.udpBytes);

/** The kinds that must be complete before the first answer. */
export const dnsKinds = [service, endpointSlice, namespace] as const;
