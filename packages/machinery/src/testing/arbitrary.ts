import fc from 'fast-check';
import { type Random, seededRandom } from '@navarch/base';
import { type Integer, integerOf } from '../json-text.ts';
import type { FieldSchema, ObjectSchema, ScalarSchema, Schema } from '../schema.ts';

/** Values in the largest object. */
const VALUES_MAX = 200;

type Json = Record<string, unknown>;

/**
 * JSON values that have the type's shape, as a client may send them: any field may be absent, any text may be empty.
 * They are drawn from a seed, since arbitraries of types with a thousand fields cost too much; a failure shrinks to fewer
 * values.
 */
export const valuesOf = (schema: Schema): fc.Arbitrary<unknown> =>
  fc
    .tuple(fc.nat(), fc.nat({ max: VALUES_MAX }))
    .map(([seed, values]) => new Maker(seededRandom(seed), values).value(schema, 0));

/** Like valuesOf, for objects of a kind. */
export const objectsOf = (schema: ObjectSchema, apiVersion: string, kind: string): fc.Arbitrary<Json> =>
  valuesOf(schema).map((made) => ({ ...(made as Json), apiVersion, kind }));

class Maker {
  readonly #random: Random;
  /** Values that may still be made. */
  #left: number;

  constructor(random: Random, values: number) {
    this.#random = random;
    this.#left = values;
  }

  value(schema: Schema, depth: number): unknown {
    this.#left -= 1;
    switch (schema.type) {
      case 'object':
        return this.#object(schema, depth);
      case 'list':
        return Array.from({ length: this.#size() }, () => this.value(schema.items, depth + 1));
      case 'map':
        return Object.fromEntries(
          Array.from({ length: this.#size() }, () => [this.#one(KEYS), this.value(schema.values, depth + 1)]),
        );
      default:
        return this.#scalar(schema);
    }
  }

  #object(schema: ObjectSchema, depth: number): Json {
    const out: Json = {};
    for (const field of schema.fields)
      if (this.#has(field, depth)) out[field.name] = this.value(field.schema, depth + 1);
    return out;
  }

  #has({ schema }: FieldSchema, depth: number): boolean {
    if (this.#left <= 0) return false;
    // Deep structures are many: with all of them, no object would ever be small.
    const isDeep = schema.type === 'object' || schema.type === 'list';
    return this.#below(100) < (depth === 0 ? 90 : isDeep ? Math.max(10, 70 - 10 * depth) : 50);
  }

  #size(): number {
    return this.#left <= 0 ? 0 : this.#below(4);
  }

  #scalar(schema: ScalarSchema): unknown {
    if (schema.enum && this.#below(10) > 0) return this.#one(schema.enum);
    switch (schema.type) {
      case 'any':
        return this.#any(schema.name ?? '');
      case 'string':
        return this.#below(3) > 0 ? this.#one(TEXTS) : this.#text();
      case 'boolean':
        return this.#below(2) > 0;
      case 'int32':
        return this.#below(2) > 0 ? this.#below(300) : this.#random.uint32() | 0;
      case 'int64':
        return this.#one([0, 1, -1, 127, 128, this.#whole(), -this.#whole(), this.#long()]);
      case 'uint64':
        return this.#one([0, 1, 128, this.#whole()]);
      case 'uint8':
        return this.#below(256);
      case 'double':
        return this.#one([0, 0.5, -1.25, 1e300, 5e-324, this.#whole() / 7]);
      case 'bytes':
        return btoa(Array.from({ length: this.#below(40) }, () => String.fromCharCode(this.#below(256))).join(''));
      case 'time':
        return this.#time() + this.#one(['Z', 'Z', '+02:00', '-11:30']);
      case 'microTime':
        return this.#time() + this.#one(['Z', '.5Z', '.000001Z', '.123456Z']);
      case 'duration':
        return this.#one(['0s', '1h30m0s', '250ms', '-5s', '1.5s']);
      case 'quantity':
        return this.#below(2000) + this.#one(['', 'm', 'Ki', 'Mi', 'Gi', 'k', 'M', 'e3', '.5']);
      case 'intOrString':
        return this.#one([0, 8080, -1, 2 ** 31 - 1, '', '25%', 'http']);
    }
  }

  /** JSON of any shape, but for the types that have two or three shapes. */
  #any(name: string): unknown {
    // Nothing empty: what is any JSON to us is a type to Go, which leaves that out.
    const schema = { type: 'string', description: this.#one(TEXTS) || 'text' };
    if (name.endsWith('OrBool')) return this.#one([true, false, schema, {}]);
    if (name.endsWith('OrStringArray')) return this.#one<unknown>([['a', ''], ['b'], schema, {}]);
    if (name.endsWith('OrArray')) return this.#one<unknown>([[schema, {}], [schema], schema, {}]);
    return this.#one<unknown>([
      {},
      { 'f:a': {}, 'k:{"b":1}': { '.': {} } },
      { a: [1, 'x', null, { b: 1.5 }], c: this.#one(TEXTS) },
    ]);
  }

  #text(): string {
    return Array.from({ length: this.#below(80) }, () =>
      String.fromCodePoint(32 + this.#below(this.#below(10) > 0 ? 95 : 900)),
    ).join('');
  }

  #time(): string {
    return new Date(((this.#whole() % 250_000_000_000) - 50_000_000_000) * 1000).toISOString().slice(0, 19);
  }

  /** Of 64 bits. */
  #long(): Integer {
    const bits = (BigInt(this.#random.uint32()) << 32n) | BigInt(this.#random.uint32());
    return integerOf(BigInt.asIntN(64, this.#one([bits, bits, 2n ** 63n, 2n ** 63n - 1n, 2n ** 53n]))) as Integer;
  }

  /** Below 2^53. */
  #whole(): number {
    return this.#random.uint32() * 2 ** 21 + this.#below(2 ** 21);
  }

  #below(count: number): number {
    return this.#random.uint32() % count;
  }

  #one<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T;
  }
}

const TEXTS = [
  '',
  'a',
  'kube-system',
  'nginx:1.27',
  'ä',
  '日本',
  '\u{1f600}',
  '<&>\u2028',
  'x'.repeat(200),
  'ö'.repeat(70),
];
/** No key that JavaScript objects treat as special, and none that they put before all others. */
const KEYS = ['app', 'kubernetes.io/hostname', 'a.b', '\u{1f600}', '\ufb01', 'Z', '', 'k'.repeat(63), 'app2'];
