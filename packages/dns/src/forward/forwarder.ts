import type { Clock, Logger, Random } from '@navarch/base';
import type { ForwardRule } from '../corefile/config.ts';
import type { DnsMetrics } from '../metrics.ts';
import { codeName, codes, types } from '../wire/codes.ts';
import { nameBytes } from '../wire/names.ts';
import { flags } from '../wire/query.ts';
import { type Answer, answerOf } from '../wire/record.ts';
import { readResponse } from '../wire/response.ts';
import type { Exchange, Upstream } from './exchange.ts';

export interface ForwarderDeps {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: DnsMetrics;
}

/** What is asked of others. */
export interface Asked {
  readonly name: string;
  /** The name in bytes, in the case in which the client wrote it. */
  readonly wire: Uint8Array;
  readonly type: number;
  readonly isTcp: boolean;
  readonly hasEdns: boolean;
  readonly wantsSignatures: boolean;
  /** RD, CD and AD of the client. */
  readonly flags: number;
}

const READ_MS = 2000;
/** Of all attempts together. */
const DEADLINE_MS = 5000;
const ATTEMPTS_PER_UPSTREAM = 2;
const UDP_BYTES = 4096;
const RETRY_HEALTH_TIMEOUT_MS = 1000;

class Server {
  readonly upstream: Upstream;
  readonly label: string;
  fails = 0;
  isProbed = false;

  constructor(upstream: Upstream) {
    this.upstream = upstream;
    const { address, port } = upstream;
    this.label = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  }
}

/** Asks other servers, by the rule's policy; leaves alone those that do not answer until they do again. */
export class Forwarder {
  readonly rule: ForwardRule;
  readonly #deps: ForwarderDeps;
  readonly #servers: readonly Server[];
  readonly #signal: AbortSignal;
  #next = 0;
  #underWay = 0;

  /** Until the signal aborts it looks after servers that are down. */
  constructor(rule: ForwardRule, deps: ForwarderDeps, signal: AbortSignal) {
    this.rule = rule;
    this.#deps = deps;
    this.#signal = signal;
    const listed = rule.to.flatMap((to): readonly Upstream[] =>
      to === 'resolvers' ? deps.exchange.resolvers().map((address) => ({ address, port: 53 })) : [to],
    );
    const unique = new Map(listed.map((upstream) => [`${upstream.address} ${upstream.port}`, upstream]));
    this.#servers = [...unique.values()].map((upstream) => new Server(upstream));
  }

  get upstreams(): readonly Upstream[] {
    return this.#servers.map(({ upstream }) => upstream);
  }

  /** Rejects only when the signal aborts. */
  async ask(asked: Asked): Promise<Answer> {
    if (this.#underWay >= this.rule.concurrentMax) {
      this.#deps.metrics.forwardRejected.add();
      return answerOf(codes.REFUSED);
    }
    this.#underWay += 1;
    try {
      return await this.#attempts(asked);
    } finally {
      this.#underWay -= 1;
    }
  }

  async #attempts(asked: Asked): Promise<Answer> {
    const { clock, metrics } = this.#deps;
    const { rule } = this;
    const order = this.#order();
    const deadline = clock.monotonic() + DEADLINE_MS;
    let failovers = 0;
    for (let i = 0; i < order.length * ATTEMPTS_PER_UPSTREAM && clock.monotonic() < deadline; i++) {
      let server = order[i % order.length] as Server;
      if (this.#isDown(server)) {
        const up = order.filter((one) => !this.#isDown(one));
        const [other] = up;
        if (other) server = up[i % up.length] ?? other;
        else {
          metrics.forwardAllDown.add();
          if (rule.failsFast) break;
          // Perhaps it is only what we look at their health with that they do not answer.
          server = order[this.#deps.random.uint32() % order.length] as Server;
        }
      }
      const answer = await this.#askOne(server, asked, deadline);
      this.#signal.throwIfAborted();
      if (!answer) continue;
      if (rule.failover.includes(answer.code) && ++failovers < order.length) continue;
      return answer;
    }
    return answerOf(codes.SERVFAIL);
  }

  #isDown = ({ fails }: Server): boolean => this.rule.failsMax > 0 && fails >= this.rule.failsMax;

  #order(): readonly Server[] {
    const servers = this.#servers;
    const { policy } = this.rule;
    if (policy === 'sequential' || servers.length < 2) return servers;
    const start = policy === 'round_robin' ? this.#next++ : this.#deps.random.uint32();
    const first = start % servers.length;
    return [...servers.slice(first), ...servers.slice(0, first)];
  }

  async #askOne(server: Server, asked: Asked, deadline: number): Promise<Answer | undefined> {
    const { clock, exchange, metrics } = this.#deps;
    const { transport } = this.rule;
    const message = questionBytes(asked);
    let isTcp = transport === 'tcp' || (transport === 'same' && asked.isTcp);
    for (;;) {
      const began = clock.monotonic();
      const timeoutMs = Math.min(READ_MS, Math.max(deadline - began, 1));
      const bytes = await exchange.ask(server.upstream, message, { isTcp, timeoutMs }, this.#signal);
      const read = bytes && readResponse(bytes);
      const isAnswer = read?.name === asked.name && read.type === asked.type;
      if (!isAnswer) {
        this.#failed(server);
        return undefined;
      }
      server.fails = 0;
      metrics.forwarded(server.label, codeName(read.answer.code), (clock.monotonic() - began) / 1000);
      // Who takes answers of any size should not get a part of one.
      if (read.answer.isCut && !isTcp && (asked.isTcp || transport === 'udp')) isTcp = true;
      else return read.answer;
    }
  }

  #failed(server: Server): void {
    if (this.rule.failsMax === 0 || server.isProbed) return;
    server.isProbed = true;
    void this.#probe(server).catch(() => undefined);
  }

  /** Asks until there is an answer, whatever it is: then the server is there. */
  async #probe(server: Server): Promise<void> {
    const { clock, exchange, log, metrics } = this.#deps;
    const { healthCheckMs, healthCheckName, healthCheckRecursive, failsMax } = this.rule;
    const message = questionBytes({
      name: healthCheckName,
      wire: nameBytes(healthCheckName),
      type: types.NS,
      isTcp: false,
      hasEdns: false,
      wantsSignatures: false,
      flags: healthCheckRecursive ? flags.RD : 0,
    });
    try {
      for (;;) {
        const how = { isTcp: this.rule.transport === 'tcp', timeoutMs: RETRY_HEALTH_TIMEOUT_MS };
        const bytes = await exchange.ask(server.upstream, message, how, this.#signal);
        if (bytes && readResponse(bytes)) break;
        metrics.healthCheckFailed(server.label);
        server.fails += 1;
        if (server.fails === failsMax)
          log.warn('a DNS server that questions are passed to does not answer', { to: server.label });
        await clock.sleep(healthCheckMs, this.#signal);
      }
      if (this.#isDown(server)) log.info('a DNS server answers again', { to: server.label });
      server.fails = 0;
    } finally {
      server.isProbed = false;
    }
  }
}

/** A message that asks this; its id is the exchange's matter. */
export function questionBytes({ wire, type, hasEdns, wantsSignatures, flags: bits }: Asked): Uint8Array {
  const out = new Uint8Array(12 + wire.length + 4 + (hasEdns ? 11 : 0));
  out[2] = bits >> 8;
  out[3] = bits & 0xff;
  out[5] = 1;
  out[11] = hasEdns ? 1 : 0;
  out.set(wire, 12);
  const at = 12 + wire.length;
  out.set([type >> 8, type & 0xff, 0, 1], at);
  if (hasEdns) out.set([0, 0, types.OPT, UDP_BYTES >> 8, UDP_BYTES & 0xff, 0, 0, wantsSignatures ? 0x80 : 0], at + 4);
  return out;
}
