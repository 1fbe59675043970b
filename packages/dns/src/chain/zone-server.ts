import { answerOfCluster } from '../cluster/answer.ts';
import type { View } from '../cluster/view.ts';
import type { Self } from '../cluster/zone.ts';
import type { ServerBlock } from '../corefile/config.ts';
import { AnswerCache } from '../forward/answer-cache.ts';
import { type Asked, Forwarder, type ForwarderDeps } from '../forward/forwarder.ts';
import type { ZoneMetrics } from '../metrics.ts';
import { codes } from '../wire/codes.ts';
import { nameBytes } from '../wire/names.ts';
import { flags, HEADER_BYTES, type Query } from '../wire/query.ts';
import { type Answer, answerOf, isWithin } from '../wire/record.ts';
import { answerOfTemplates } from './answer-templates.ts';
import { answerOfHosts } from './hosts.ts';
import { continued, type MaybeLater, type Outcome } from './outcome.ts';
import { rewritten } from './rewrite.ts';

export interface ZoneServerDeps extends ForwarderDeps {
  readonly view: View;
  self(): Self;
  /** Asks this server itself for a name that an answer leads to. */
  askOwn(question: Question, client: ClientSide): MaybeLater<Outcome>;
}

export interface Question {
  readonly name: string;
  readonly type: number;
}

/** What there is to know of who asks; `depth`: how many answers led here. */
export interface ClientSide {
  readonly query: Query;
  readonly isTcp: boolean;
  readonly depth: number;
}

/** Names that lead out of the cluster and back: more than this many are nobody's intention. */
const DEPTH_MAX = 8;

const outcome = (answer: Answer, by: string, isLasting: boolean): Outcome => ({ answer, by, isLasting, ageSeconds: 0 });

/** Answers for one server block: its plugins, one after the other in CoreDNS's order. */
export class ZoneServer {
  readonly block: ServerBlock;
  readonly metrics: ZoneMetrics;
  readonly forwarders: readonly Forwarder[];
  readonly #deps: ZoneServerDeps;
  readonly #cache: AnswerCache | undefined;
  /** Questions to others that are under way: who asks the same waits for the same. No more than forwarders let be. */
  readonly #asked = new Map<string, Promise<Answer>>();
  readonly #labels: {
    readonly all: Readonly<Record<string, string>>;
    readonly success: Readonly<Record<string, string>>;
    readonly denial: Readonly<Record<string, string>>;
  };

  /** Until the signal aborts it looks after the servers that it asks. */
  constructor(block: ServerBlock, deps: ZoneServerDeps, signal: AbortSignal) {
    this.block = block;
    this.#deps = deps;
    this.forwarders = block.forwards.map((rule) => new Forwarder(rule, deps, signal));
    this.metrics = deps.metrics.zone('dns://:53', `${block.zones[0]}.`);
    const labels = { server: 'dns://:53', zones: `${block.cache?.zones[0] ?? ''}.`, view: '' };
    this.#labels = { all: labels, success: { ...labels, type: 'success' }, denial: { ...labels, type: 'denial' } };
    this.#cache = block.cache && new AnswerCache(block.cache);
    if (this.#cache) this.#showCache(this.#cache);
  }

  answer(question: Question, client: ClientSide): MaybeLater<Outcome> {
    const other = this.block.rewrites.length > 0 ? rewritten(question, this.block.rewrites) : undefined;
    if (other === undefined) return this.#local(question, client);
    if (other === 'invalid') return outcome(answerOf(codes.SERVFAIL), 'rewrite', true);
    return continued(this.#local(other.question, client), ({ template: _, ...rest }) => ({
      ...rest,
      answer: other.undo(rest.answer),
    }));
  }

  #local(question: Question, client: ClientSide): MaybeLater<Outcome> {
    const { block } = this;
    const templated = block.templates.length > 0 ? answerOfTemplates(question, block.templates) : undefined;
    if (templated) return outcome(templated, 'template', true);
    const host = block.hosts && answerOfHosts(question, block.hosts);
    if (host) return outcome(host, 'hosts', true);
    const own = block.cluster && answerOfCluster(question, block.cluster, this.#deps.view, this.#deps.self());
    if (own) {
      const { answer, follow } = own;
      return follow === undefined
        ? outcome(answer, 'kubernetes', true)
        : this.#followed(answer, { name: follow, type: question.type }, client);
    }
    return this.#elsewhere(question, client);
  }

  /** An answer that leads to a name outside: whoever asked wants what is there. */
  #followed(answer: Answer, question: Question, client: ClientSide): MaybeLater<Outcome> {
    if (client.depth >= DEPTH_MAX) return outcome(answer, 'kubernetes', false);
    return continued(
      this.#deps.askOwn(question, { ...client, depth: client.depth + 1 }),
      ({ answer: { answers, isCut = false }, ageSeconds }): Outcome => {
        const found = answers.map((record) => ({ ...record, ttl: Math.max(record.ttl - ageSeconds, 0) }));
        return outcome({ ...answer, isCut, answers: [...answer.answers, ...found] }, 'kubernetes', false);
      },
    );
  }

  #elsewhere(question: Question, client: ClientSide): MaybeLater<Outcome> {
    const cache = this.#cache?.covers(question.name) ? this.#cache : undefined;
    const { query, isTcp } = client;
    const bits = query.flags & (flags.RD | flags.CD | flags.AD);
    const key = `${question.type} ${bits & flags.CD} ${query.wantsSignatures ? 'do' : ''} ${isTcp ? 't' : ''} ${question.name}`;
    // An answer that was had over UDP is whole, since others are not kept.
    const shared = cache && `${question.type} ${bits & flags.CD} ${query.wantsSignatures ? 'do' : ''} ${question.name}`;
    if (cache && shared !== undefined) {
      const { cacheHits, cacheMisses, cacheRequests } = this.#deps.metrics;
      cacheRequests.add(1, this.#labels.all);
      const known = cache.get(shared, this.#deps.clock.monotonic());
      if (known) {
        cacheHits.add(1, this.#labels[known.sort]);
        return { ...known, by: 'cache', isLasting: false };
      }
      cacheMisses.add(1, this.#labels.all);
    }
    const rules = this.forwarders.filter(({ rule }) => isFor(question.name, rule));
    if (rules.length === 0) return outcome(answerOf(codes.SERVFAIL), '', true);
    return this.#shared(key, rules, asked(question, client, bits)).then((answer) => {
      const told =
        cache && shared !== undefined ? cache.put(shared, question, answer, this.#deps.clock.monotonic()) : answer;
      return outcome(told, 'forward', false);
    });
  }

  #shared(key: string, rules: readonly Forwarder[], what: Asked): Promise<Answer> {
    const underWay = this.#asked.get(key);
    if (underWay) return underWay;
    const asking = this.#ask(rules, what).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asking);
    return asking;
  }

  async #ask(rules: readonly Forwarder[], what: Asked): Promise<Answer> {
    let answer = answerOf(codes.SERVFAIL);
    for (const forwarder of rules) {
      answer = await forwarder.ask(what);
      if (!forwarder.rule.next.includes(answer.code)) break;
    }
    return answer;
  }

  #showCache(cache: AnswerCache): void {
    const { cacheEntries } = this.#deps.metrics;
    for (const sort of ['success', 'denial'] as const) cacheEntries.follow(() => cache.size(sort), this.#labels[sort]);
  }
}

const isFor = (name: string, { from, except }: Forwarder['rule']): boolean =>
  isWithin(name, from) && (name === from || !except.some((zone) => isWithin(name, zone)));

function asked({ name, type }: Question, { query, isTcp }: ClientSide, bits: number): Asked {
  // As the client wrote it, where it is still what the client asked for: some tell forged answers by that.
  const wire = nameBytes(name);
  const written = query.bytes.subarray(HEADER_BYTES, query.end - 4);
  const isOwn = written.length === wire.length && written.every((byte, i) => lower(byte) === wire[i]);
  return {
    name,
    wire: isOwn ? new Uint8Array(written) : wire,
    type,
    isTcp,
    hasEdns: query.edns !== undefined,
    wantsSignatures: query.wantsSignatures,
    flags: bits,
  };
}

const lower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte);
