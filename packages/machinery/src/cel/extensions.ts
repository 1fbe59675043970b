import {
  addQuantities,
  compareQuantities,
  parseQuantity,
  type Quantity,
  subtractQuantities,
} from '../quantity/quantity.ts';
import type { Patterns } from '../structural/patterns.ts';
import type { Budget, CelFunction, Functions } from './evaluate.ts';
import { CelError, compare, inside, isEqual, noOverload, Opaque, toJson } from './values.ts';

/** A quantity of Kubernetes as a value. */
export class CelQuantity extends Opaque {
  readonly typeName = 'kubernetes.Quantity';
  readonly quantity: Quantity;

  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }

  override equals(other: unknown): boolean {
    return other instanceof CelQuantity && compareQuantities(this.quantity, other.quantity) === 0;
  }
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw noOverload();
  return value;
}

function whole(value: unknown): number {
  if (typeof value !== 'bigint') throw noOverload();
  return Number(value);
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw noOverload();
  return value.map((item) => inside(value, item));
}

const ofText =
  (work: (text: string, args: readonly unknown[]) => unknown): CelFunction =>
  (target, args, budget) => {
    const value = text(target);
    budget.spend(1 + value.length / 10);
    return work(value, args);
  };

/** Longer patterns are refused: what matching costs grows with them. */
const PATTERN_CHARS_MAX = 1000;
const patterns = new Map<string, RegExp>();
const PATTERNS_MAX = 1000;

/**
 * RE2 patterns as ours. What RE2 does not have (back references, look-around) is refused, and so are quantifiers of
 * quantifiers, which can take for ever here and do not there.
 */
function pattern(source: string): RegExp {
  const known = patterns.get(source);
  if (known) return known;
  if (
    source.length > PATTERN_CHARS_MAX ||
    /\\[1-9]|\(\?(?:[=!]|<[=!])/.test(source) ||
    /\([^()]*[*+}]\)[*+{]/.test(source)
  ) {
    throw new CelError(`error parsing regexp: the pattern is not supported: \`${source.slice(0, 100)}\``);
  }
  try {
    const [, flags = '', body = source] = /^\(\?([is]+)\)([\s\S]*)$/.exec(source) ?? [];
    const made = new RegExp(body.replaceAll('(?P<', '(?<').replaceAll('\\z', '$').replaceAll('\\A', '^'), `u${flags}`);
    if (patterns.size >= PATTERNS_MAX) patterns.clear();
    patterns.set(source, made);
    return made;
  } catch (error) {
    throw new CelError(`error parsing regexp: ${(error as Error).message}`);
  }
}

function substring(value: string, [start, end]: readonly unknown[]): string {
  const characters = Array.from(value);
  const [from, to] = [whole(start), end === undefined ? characters.length : whole(end)];
  if (from < 0 || to > characters.length || from > to) throw new CelError(`index out of range: ${from}`);
  return characters.slice(from, to).join('');
}

function split(value: string, [separator, limit]: readonly unknown[]): readonly string[] {
  const parts = value === '' ? [''] : value.split(text(separator));
  const max = limit === undefined ? -1 : whole(limit);
  if (max === 0) return [];
  return max < 0 || parts.length <= max
    ? parts
    : [...parts.slice(0, max - 1), parts.slice(max - 1).join(text(separator))];
}

function replace(value: string, [from, to, limit]: readonly unknown[]): string {
  const [old, next] = [text(from), text(to)];
  if (limit === undefined || whole(limit) < 0) return value.replaceAll(old, () => next);
  const parts = value.split(old);
  const count = Math.min(whole(limit), parts.length - 1);
  return (
    parts.slice(0, count + 1).join(next) + (parts.length > count + 1 ? old + parts.slice(count + 1).join(old) : '')
  );
}

const position = (found: number, value: string): bigint =>
  BigInt(found < 0 ? -1 : Array.from(value.slice(0, found)).length);

/** indexOf of texts and of lists. */
const indexOf: CelFunction = (target, [what, from]) => {
  if (typeof target === 'string')
    return position(target.indexOf(text(what), from === undefined ? 0 : whole(from)), target);
  return BigInt(listOf(target).findIndex((item) => isEqual(item, what)));
};
const lastIndexOf: CelFunction = (target, [what]) => {
  if (typeof target === 'string') return position(target.lastIndexOf(text(what)), target);
  return BigInt(listOf(target).findLastIndex((item) => isEqual(item, what)));
};

/** `'%s of %d'.format([a, b])` */
function format(template: string, [args]: readonly unknown[]): string {
  const values = [...listOf(args)];
  return template.replace(/%(?:\.(\d+))?([sdfexXob%])/g, (_whole, digits: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    if (values.length === 0) throw new CelError('index 0 out of range');
    const value = values.shift();
    if (verb === 's') return shown(value);
    const number =
      typeof value === 'object' && value !== null && 'value' in value
        ? (value as { value: bigint }).value
        : (value as number | bigint);
    if (verb === 'd') return String(number);
    if (verb === 'f') return Number(number).toFixed(Number(digits ?? 6));
    if (verb === 'e') return Number(number).toExponential(Number(digits ?? 6));
    if (verb === 'b') return typeof value === 'boolean' ? (value ? '1' : '0') : number.toString(2);
    return verb === 'o' ? number.toString(8) : verb === 'x' ? number.toString(16) : number.toString(16).toUpperCase();
  });
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(toJson(value)));

function summed(values: readonly unknown[]): unknown {
  if (values.length === 0) return 0n;
  return values.reduce((a, b) => {
    if (typeof a === 'bigint' && typeof b === 'bigint') return a + b;
    if (typeof a === 'number' && typeof b === 'number') return a + b;
    throw noOverload();
  });
}

const extreme =
  (sign: 1 | -1, name: string): CelFunction =>
  (target, args) => {
    const values =
      target === undefined || target === null ? (Array.isArray(args[0]) ? listOf(args[0]) : args) : listOf(target);
    if (values.length === 0) throw new CelError(`${name} called on empty list`);
    return values.reduce((a, b) => (compare(a, b) * sign > 0 ? a : b));
  };

function isSorted(values: readonly unknown[]): boolean {
  return values.every((value, i) => i === 0 || compare(values[i - 1], value) <= 0);
}

const setOf =
  (work: (a: readonly unknown[], b: readonly unknown[]) => boolean): CelFunction =>
  (_target, [a, b], budget) => {
    const [x, y] = [listOf(a), listOf(b)];
    budget.spend(x.length * y.length);
    return work(x, y);
  };
const includes = (list: readonly unknown[], item: unknown): boolean => list.some((other) => isEqual(other, item));

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

function quantity(value: unknown): CelQuantity {
  const parsed =
    typeof value === 'string'
      ? parseQuantity(value)
      : typeof value === 'bigint'
        ? parseQuantity(String(value))
        : undefined;
  if (!parsed) throw new CelError('quantity parse error');
  return new CelQuantity(parsed);
}

function quantityOf(value: unknown): Quantity {
  if (value instanceof CelQuantity) return value.quantity;
  return quantity(value).quantity;
}

const NANO = 1_000_000_000n;
const quantities: Functions = {
  quantity: (_t, [a]) => quantity(a),
  isQuantity: (_t, [a]) => parseQuantity(text(a)) !== undefined,
  isInteger: (target) => quantityOf(target).nano % NANO === 0n,
  asInteger: (target) => quantityOf(target).nano / NANO,
  asApproximateFloat: (target) => Number(quantityOf(target).nano) / 1e9,
  sign: (target) => {
    const { nano } = quantityOf(target);
    return nano > 0n ? 1n : nano < 0n ? -1n : 0n;
  },
  add: (target, [a]) => new CelQuantity(addQuantities(quantityOf(target), quantityOf(a))),
  sub: (target, [a]) => new CelQuantity(subtractQuantities(quantityOf(target), quantityOf(a))),
  isGreaterThan: (target, [a]) => compareQuantities(quantityOf(target), quantityOf(a)) > 0,
  isLessThan: (target, [a]) => compareQuantities(quantityOf(target), quantityOf(a)) < 0,
  compareTo: (target, [a]) => BigInt(compareQuantities(quantityOf(target), quantityOf(a))),
};

/** `matches()` by an engine of the host's choice. Patterns compiled, by their text; more are compiled anew. */
export function celMatching(patterns: Patterns): Functions {
  const known = new Map<string, (text: string) => boolean>();
  const compile = (source: string): ((text: string) => boolean) => {
    try {
      return patterns.compile(source);
    } catch (error) {
      throw error instanceof SyntaxError ? new CelError(`error parsing regexp: ${error.message}`) : error;
    }
  };
  return {
    matches(target, args, budget) {
      const [value, source] = (target === undefined ? args : [target, args[0]]).map(text);
      budget.spend(1 + (value ?? '').length / 2);
      let matches = known.get(source ?? '');
      if (known.size >= PATTERNS_MAX) known.clear();
      if (!matches) known.set(source ?? '', (matches = compile(source ?? '')));
      return matches(value ?? '');
    },
  };
}

/** What Kubernetes offers besides the language: texts, lists, sets, quantities. */
export const extensionFunctions: Functions = {
  contains: ofText((value, [a]) => value.includes(text(a))),
  startsWith: ofText((value, [a]) => value.startsWith(text(a))),
  endsWith: ofText((value, [a]) => value.endsWith(text(a))),
  matches: (target, args, budget: Budget) => {
    const [value, source] = target === undefined ? args : [target, args[0]];
    budget.spend(1 + text(value).length / 2);
    return pattern(text(source)).test(text(value));
  },
  find: ofText((value, [a]) => pattern(text(a)).exec(value)?.[0] ?? ''),
  findAll: ofText((value, [a, limit]) =>
    [...value.matchAll(new RegExp(pattern(text(a)), 'gu'))]
      .map(([found]) => found)
      .slice(0, limit === undefined ? undefined : whole(limit)),
  ),
  charAt: ofText((value, [a]) => Array.from(value)[whole(a)] ?? ''),
  lowerAscii: ofText((value) => value.replace(/[A-Z]/g, (c) => c.toLowerCase())),
  upperAscii: ofText((value) => value.replace(/[a-z]/g, (c) => c.toUpperCase())),
  trim: ofText((value) => value.trim()),
  reverse: ofText((value) => Array.from(value).reverse().join('')),
  substring: ofText(substring),
  split: ofText(split),
  replace: ofText(replace),
  format: ofText(format),
  indexOf,
  lastIndexOf,
  join: (target, [separator]) =>
    listOf(target)
      .map(text)
      .join(separator === undefined ? '' : text(separator)),
  sum: (target) => summed(listOf(target)),
  min: extreme(-1, 'min'),
  max: extreme(1, 'max'),
  'math.least': extreme(-1, 'min'),
  'math.greatest': extreme(1, 'max'),
  isSorted: (target) => isSorted(listOf(target)),
  'sets.contains': setOf((a, b) => b.every((item) => includes(a, item))),
  'sets.intersects': setOf((a, b) => b.some((item) => includes(a, item))),
  'sets.equivalent': setOf((a, b) => a.every((item) => includes(b, item)) && b.every((item) => includes(a, item))),
  isDNS1123Label: (_t, [a]) => LABEL.test(text(a)) && text(a).length <= 63,
  'jsonpatch.escapeKey': (_t, [a]) => text(a).replaceAll('~', '~0').replaceAll('/', '~1'),
  'strings.quote': (_t, [a]) => JSON.stringify(text(a)),
  ...quantities,
};
