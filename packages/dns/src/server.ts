import { endpointSlice, namespace, pod, service } from '@navarch/api';
import { type Clock, type Logger, type Metrics, type Random, TaskGroup } from '@navarch/base';
import type { Cache } from '@navarch/client';
import { AnswerTable } from './chain/answer-table.ts';
import { type Client, isLogged, logLine } from './chain/log-line.ts';
import { type MaybeLater, type Outcome } from './chain/outcome.ts';
import { type ClientSide, type Question, ZoneServer } from './chain/zone-server.ts';
import { viewOf } from './cluster/view.ts';
import type { Config } from './corefile/config.ts';
import type { Exchange, Upstream } from './forward/exchange.ts';
import { questionBytes } from './forward/forwarder.ts';
import { type DnsMetrics, dnsMetrics } from './metrics.ts';
import { codes, types } from './wire/codes.ts';
import { nameBytes } from './wire/names.ts';
import { flags, type Query, questionName, readQuery } from './wire/query.ts';
import { answerOf } from './wire/record.ts';
import { Replies, TCP_BYTES_MAX, UDP_BYTES_MAX } from './wire/replies.ts';
import { templateOf } from './wire/template.ts';

export interface DnsDeps {
  readonly cache: Cache;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: Random;
  readonly exchange: Exchange;
  readonly metrics: Metrics;
  /** By which this server is reached. */
  readonly addresses: readonly string[];
  readonly version: string;
}

export interface From extends Client {
  readonly isTcp: boolean;
}

/** Whoever has this many questions open waits for others: more are turned away in a few bytes. */
const WAITING_MAX = 5000;
const PROBE_MS = 2000;
const INTERNET = 1;

/** What is served of one configuration, until it is replaced. */
interface Served {
  readonly byZone: ReadonlyMap<string, ZoneServer>;
  readonly table: AnswerTable<ZoneServer>;
  readonly stop: AbortController;
}

/** Answers messages, whatever is in them, by the configuration that it was given last. */
export class DnsServer {
  readonly metrics: DnsMetrics;
  readonly #deps: DnsDeps;
  readonly #replies = new Replies();
  readonly #signal: AbortSignal;
  /** Names that were asked for to see whether they come back. */
  readonly #probes = new Map<string, boolean>();
  #served: Served;
  #serial: number;
  #turn = 0;
  #waiting = 0;
  #followsPods = false;

  /** Serves `config`, until the signal aborts. */
  constructor(config: Config, deps: DnsDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
    this.metrics = dnsMetrics(deps.metrics, deps.version);
    this.#serial = Math.floor(deps.clock.now() / 1000);
    this.#served = this.#serve(config);
    deps.cache.onChange(service, this.#changed);
    deps.cache.onChange(endpointSlice, this.#changed);
    deps.cache.onChange(namespace, this.#changed);
    this.#followPods(config);
  }

  /** From now on this is served. What others answered is asked for anew. */
  use(config: Config): void {
    const before = this.#served;
    this.metrics.pluginEnabled.forget({ server: SERVER });
    this.#served = this.#serve(config);
    this.#followPods(config);
    before.stop.abort(new Error('Another configuration is served'));
  }

  /**
   * The servers of a configuration that pass questions on to this one: each question would go round for ever. It asks each
   * for a name that nobody else asks for, and sees whether that comes back.
   */
  async loopsOf(config: Config, signal: AbortSignal): Promise<readonly Upstream[]> {
    await using group = new TaskGroup(signal);
    const found: Upstream[] = [];
    for (const { zones, loop, forwards } of config.blocks) {
      if (!loop) continue;
      for (const rule of forwards) {
        const listed = rule.to.flatMap((to) =>
          to === 'resolvers' ? this.#deps.exchange.resolvers().map((address) => ({ address, port: 53 })) : [to],
        );
        for (const upstream of listed)
          group.spawn(async (s) => {
            if (await this.#comesBack(upstream, zones[0] ?? '', s)) found.push(upstream);
          });
      }
    }
    await group.join();
    return found;
  }

  /** undefined: nothing is said to that. Never throws; what it promises is never broken but when the server is stopped. */
  respond(bytes: Uint8Array, from: From): MaybeLater<Uint8Array | undefined> {
    const query = readQuery(bytes);
    if (typeof query === 'string') return query === 'silence' ? undefined : this.#replies.misfit(bytes, query);
    if (query.class !== INTERNET) return this.#replies.refuse(query, codes.REFUSED);
    if (query.edns !== undefined && query.edns !== 0) return this.#replies.refuse(query, codes.BADVERS);
    const known = this.#served.table.find(query);
    if (!known) return this.#answer(query, from);
    const began = this.#deps.clock.monotonic();
    const { of: server, by, template } = known;
    const reply = this.#replies.write(query, template, {
      bytesMax: bytesMax(query, from, server),
      ageSeconds: 0,
      turn: server.block.loadbalance ? this.#turn++ : 0,
    });
    this.#count({ query, from, server, reply, by, began }, template.code);
    return reply;
  }

  #answer(query: Query, from: From): MaybeLater<Uint8Array | undefined> {
    const began = this.#deps.clock.monotonic();
    const name = questionName(query);
    if (this.#probes.has(name)) {
      this.#probes.set(name, true);
      return this.#replies.refuse(query, codes.NXDOMAIN);
    }
    const { table } = this.#served;
    const server = serverOf(name, this.#served.byZone);
    if (!server) return this.#replies.refuse(query, codes.REFUSED);
    const question = { name, type: query.type };
    const outcome = server.answer(question, { query, isTcp: from.isTcp, depth: 0 });
    const written = (found: Outcome): Uint8Array => {
      const template = found.template ?? templateOf(found.answer, name);
      if (found.isLasting && table === this.#served.table) table.put(query, { template, by: found.by, of: server });
      const isLarge = query.type === types.ANY && !from.isTcp && found.answer.answers.length > 0;
      const reply = isLarge
        ? this.#replies.overTcp(query)
        : this.#replies.write(query, template, {
            bytesMax: bytesMax(query, from, server),
            ageSeconds: found.ageSeconds,
            turn: server.block.loadbalance ? this.#turn++ : 0,
          });
      this.#count({ query, from, server, reply, by: found.by, began }, found.answer.code);
      if (server.block.log.length > 0 && isLogged(server.block.log, name, reply))
        this.#deps.log.info(logLine(query, name, reply, from), {});
      return reply;
    };
    if (!(outcome instanceof Promise)) return written(outcome);
    return this.#later(outcome, query, written);
  }

  async #later(outcome: Promise<Outcome>, query: Query, written: (found: Outcome) => Uint8Array): Promise<Uint8Array> {
    if (this.#waiting >= WAITING_MAX) {
      outcome.catch(() => undefined);
      return this.#replies.refuse(query, codes.REFUSED);
    }
    this.#waiting += 1;
    try {
      return written(await outcome);
    } catch (error) {
      // A configuration that is no longer served does not ask others any more.
      if (!this.#signal.aborted) this.#deps.log.debug('a question was left', { error });
      return this.#replies.refuse(query, codes.SERVFAIL);
    } finally {
      this.#waiting -= 1;
    }
  }

  #count(done: Done, code: number): void {
    const { query, from, server, reply, by, began } = done;
    const { metrics } = server;
    metrics.count(
      { isTcp: from.isTcp, isIpv6: from.address.includes(':'), type: query.type },
      from.isTcp ? TCP_BYTES_MAX : query.udpBytes,
      reply.length,
    );
    metrics.answered(code, by, (this.#deps.clock.monotonic() - began) / 1000);
  }

  readonly #changed = (): void => {
    this.#serial = Math.floor(this.#deps.clock.now() / 1000);
    this.#served.table.forget();
  };

  /** Pods are many, and known only where a configuration looks for them. */
  #followPods(config: Config): void {
    if (this.#followsPods || !config.blocks.some(({ cluster }) => cluster?.pods === 'verified')) return;
    this.#followsPods = true;
    this.#deps.cache.onChange(pod, () => this.#served.table.forget());
  }

  #serve(config: Config): Served {
    const stop = new AbortController();
    const byZone = new Map<string, ZoneServer>();
    const { cache, clock, random, log, exchange, addresses } = this.#deps;
    const deps = {
      clock,
      random,
      log,
      exchange,
      metrics: this.metrics,
      view: viewOf(cache),
      self: () => ({ addresses, serial: this.#serial }),
      askOwn: (question: Question, client: ClientSide) => this.#own(question, client),
    };
    const signal = AbortSignal.any([this.#signal, stop.signal]);
    for (const block of config.blocks) {
      const server = new ZoneServer(block, deps, signal);
      for (const zone of block.zones) byZone.set(zone, server);
    }
    return { byZone, table: new AnswerTable(), stop };
  }

  #own(question: Question, client: ClientSide): MaybeLater<Outcome> {
    const server = serverOf(question.name, this.#served.byZone);
    if (server) return server.answer(question, client);
    return { answer: answerOf(codes.REFUSED), by: '', isLasting: false, ageSeconds: 0 };
  }

  async #comesBack(upstream: Upstream, zone: string, signal: AbortSignal): Promise<boolean> {
    const { random, exchange } = this.#deps;
    const name = [random.uint32(), random.uint32(), ...(zone === '' ? [] : [zone])].join('.');
    this.#probes.set(name, false);
    try {
      const message = questionBytes({
        name,
        wire: nameBytes(name),
        type: types.HINFO,
        isTcp: false,
        hasEdns: false,
        wantsSignatures: false,
        flags: flags.RD,
      });
      await exchange.ask(upstream, message, { isTcp: false, timeoutMs: PROBE_MS }, signal);
      return this.#probes.get(name) ?? false;
    } finally {
      this.#probes.delete(name);
    }
  }
}

const SERVER = 'dns://:53';

interface Done {
  readonly query: Query;
  readonly from: From;
  readonly server: ZoneServer;
  readonly reply: Uint8Array;
  readonly by: string;
  readonly began: number;
}

const bytesMax = (query: Query, { isTcp }: From, { block }: ZoneServer): number =>
  isTcp ? TCP_BYTES_MAX : Math.min(query.udpBytes, block.bufsize ?? UDP_BYTES_MAX, UDP_BYTES_MAX);

/** The one of the longest zone that the name is in. */
function serverOf(name: string, byZone: ReadonlyMap<string, ZoneServer>): ZoneServer | undefined {
  for (let rest = name; ;) {
    const found = byZone.get(rest);
    if (found || rest === '') return found;
    const dot = rest.indexOf('.');
    rest = dot < 0 ? '' : rest.slice(dot + 1);
  }
}

/** The kinds that must be complete before the first answer. */
export const dnsKinds = [service, endpointSlice, namespace] as const;
