import type { CachedSort, CacheRule } from '../corefile/config.ts';
import { codes, types } from '../wire/codes.ts';
import { type Answer, isWithin, type Record, sameName } from '../wire/record.ts';
import { type Template, templateOf } from '../wire/template.ts';

export interface Cached {
  readonly answer: Answer;
  readonly template: Template;
  readonly ageSeconds: number;
}

interface Entry {
  readonly answer: Answer;
  readonly template: Template;
  readonly madeMs: number;
  readonly endMs: number;
}

export type Sort = 'success' | 'denial';

/** What others answered, for as long as they said (RFC 2308 for what there is not). When a sort is full its oldest goes. */
export class AnswerCache {
  readonly #rule: CacheRule;
  readonly #entries: globalThis.Record<Sort, Map<string, Entry>> = { success: new Map(), denial: new Map() };
  /** Oldest entries that had to go for newer ones. */
  readonly evictions = { success: 0, denial: 0 };

  constructor(rule: CacheRule) {
    this.#rule = rule;
  }

  covers(name: string): boolean {
    return this.#rule.zones.some((zone) => isWithin(name, zone));
  }

  size(sort: Sort): number {
    return this.#entries[sort].size;
  }

  /** `key` tells apart who would get another answer: by name, type, and whether signatures are wished for. */
  get(key: string, nowMs: number): (Cached & { readonly sort: Sort }) | undefined {
    for (const sort of ['success', 'denial'] as const) {
      const entry = this.#entries[sort].get(key);
      if (!entry) continue;
      if (entry.endMs <= nowMs) {
        this.#entries[sort].delete(key);
        continue;
      }
      const { answer, template, madeMs } = entry;
      return { answer, template, ageSeconds: Math.floor((nowMs - madeMs) / 1000), sort };
    }
    return undefined;
  }

  /** What the client should be told; remembered where that may be. */
  put(key: string, question: { readonly name: string; readonly type: number }, answer: Answer, nowMs: number): Answer {
    const kept = this.#lifeOf(question, answer);
    if (!kept) return answer;
    const { sort, seconds } = kept;
    const capped = withTtl(answer, seconds);
    const entries = this.#entries[sort];
    this.#entries[sort === 'success' ? 'denial' : 'success'].delete(key);
    entries.delete(key);
    if (entries.size >= this.#rule[sort].entriesMax) {
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
      this.evictions[sort] += 1;
    }
    const template = templateOf(capped, question.name);
    entries.set(key, { answer: capped, template, madeMs: nowMs, endMs: nowMs + seconds * 1000 });
    return capped;
  }

  #lifeOf(
    question: { readonly name: string; readonly type: number },
    answer: Answer,
  ): { readonly sort: Sort; readonly seconds: number } | undefined {
    if (answer.isCut) return undefined;
    if (answer.code === codes.SERVFAIL || answer.code === codes.NOTIMP)
      return this.#rule.failureSeconds > 0 ? { sort: 'denial', seconds: this.#rule.failureSeconds } : undefined;
    if (answer.code !== codes.NOERROR && answer.code !== codes.NXDOMAIN) return undefined;
    const isDenial = answer.code === codes.NXDOMAIN || !answersIt(question, answer.answers);
    const soa = answer.authorities.find(({ data }) => data.type === 'SOA');
    // Without it nobody said how long there will be nothing (RFC 2308, 5).
    if (isDenial && !soa) return undefined;
    const sort: Sort = isDenial ? 'denial' : 'success';
    const rule = this.#rule[sort];
    if (rule.disabled.some((zone) => isWithin(question.name, zone))) return undefined;
    const seconds = lifeSeconds(answer, rule, isDenial);
    return seconds > 0 ? { sort, seconds } : undefined;
  }
}

function lifeSeconds({ answers, authorities, additionals }: Answer, rule: CachedSort, isDenial: boolean): number {
  let least = rule.ttlMax;
  for (const section of [answers, authorities, additionals])
    for (const { ttl, data } of section)
      least = Math.min(least, isDenial && data.type === 'SOA' ? Math.min(ttl, data.minimum) : ttl);
  return Math.max(least, rule.ttlMin);
}

/** Whether there is a record of the type at the end of the names that lead to names. */
function answersIt(
  { name, type }: { readonly name: string; readonly type: number },
  answers: readonly Record[],
): boolean {
  if (type === types.ANY || type === types.CNAME) return answers.length > 0;
  let at = name;
  for (let i = 0; i <= answers.length; i++) {
    const here = answers.filter((record) => sameName(record.name, at));
    if (here.some(({ data }) => (data.type === 'raw' ? data.number : types[data.type]) === type)) return true;
    const alias = here.find(({ data }) => data.type === 'CNAME');
    if (alias?.data.type !== 'CNAME') return false;
    at = alias.data.target;
  }
  return false;
}

/** All with the time for which they are kept, so that nobody keeps a part of them longer. */
function withTtl(answer: Answer, seconds: number): Answer {
  const capped = (records: readonly Record[]): readonly Record[] =>
    records.map((record) => ({ ...record, ttl: seconds }));
  return {
    ...answer,
    answers: capped(answer.answers),
    authorities: capped(answer.authorities),
    additionals: capped(answer.additionals),
  };
}
