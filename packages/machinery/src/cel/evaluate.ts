import type { Comprehension, Expression, MapEntry } from './syntax.ts';
import {
  asOwn,
  CelBudgetError,
  CelError,
  entriesOf,
  inside,
  isMap,
  type Key,
  keyOfValue,
  lookUp,
  noOverload,
  Optional,
} from './values.ts';

/** A function by its name; `target` is what it is called on, undefined for a call without one. Throws CelError. */
export type CelFunction = (target: unknown, args: readonly unknown[], budget: Budget) => unknown;
export type Functions = Readonly<Record<string, CelFunction>>;

/** Steps that an evaluation may still take. One step is about one look at a value. */
export class Budget {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  /** Throws CelBudgetError when it is used up. */
  spend(steps = 1): void {
    this.#left -= steps;
    if (this.#left < 0) throw new CelBudgetError('operation cancelled: actual cost limit exceeded');
  }
}

/** The names that an expression may use. A variable that is a function is called once when it is first asked for. */
export interface Scope {
  find(name: string): { readonly value: unknown } | undefined;
}

export interface Evaluation {
  readonly functions: Functions;
  readonly budget: Budget;
}

/** The value of an expression. Throws CelError. */
export function evaluate(expression: Expression, scope: Scope, evaluation: Evaluation): unknown {
  evaluation.budget.spend();
  switch (expression.is) {
    case 'literal':
      return expression.value;
    case 'name':
      return variable(expression.name, scope);
    case 'field':
      return field(expression, scope, evaluation);
    case 'has':
      return has(evaluate(expression.of, scope, evaluation), expression.name);
    case 'index':
      return index(expression, scope, evaluation);
    case 'list':
      return list(expression, scope, evaluation);
    case 'map':
      return new Map(pairs(expression.entries, scope, evaluation));
    case 'object':
      return asOwn(
        Object.fromEntries(pairs(expression.entries, scope, evaluation).map(([key, value]) => [String(key), value])),
      );
    case 'and':
      return logical(expression, false, scope, evaluation);
    case 'or':
      return logical(expression, true, scope, evaluation);
    case 'choose':
      return evaluate(
        truth(evaluate(expression.condition, scope, evaluation)) ? expression.chosen : expression.otherwise,
        scope,
        evaluation,
      );
    case 'comprehension':
      return comprehend(expression, scope, evaluation);
    case 'call':
      return call(expression, scope, evaluation);
  }
}

function variable(name: string, scope: Scope): unknown {
  const found = scope.find(name);
  if (!found) throw new CelError(`no such attribute(s): ${name}`);
  return found.value;
}

type Field = Extract<Expression, { is: 'field' }>;

function field({ of, name, isOptional }: Field, scope: Scope, evaluation: Evaluation): unknown {
  const held = evaluate(of, scope, evaluation);
  // What is taken from something optional is optional itself.
  const value = held instanceof Optional ? held.value : held;
  const isLoose = isOptional || held instanceof Optional;
  if (held instanceof Optional && !held.has) return held;
  const found = fieldOf(value, name);
  if (isLoose) return found === undefined ? new Optional(false) : new Optional(true, found);
  if (found === undefined) throw isMap(value) ? new CelError(`no such key: ${name}`) : noOverload();
  return found;
}

/** Keywords and punctuation of names are spelled out in expressions (Kubernetes's escaping). */
function fieldOf(value: unknown, name: string): unknown {
  if (!isMap(value)) return undefined;
  const found = lookUp(value, name);
  return found === undefined && name.includes('__') ? lookUp(value, unescapedName(name)) : found;
}

const unescapedName = (name: string): string =>
  name
    .replaceAll('__dot__', '.')
    .replaceAll('__dash__', '-')
    .replaceAll('__slash__', '/')
    .replace(/^__(\w+)__$/, '$1')
    .replaceAll('__underscores__', '__');

function has(value: unknown, name: string): boolean {
  if (value instanceof Optional) return value.has && fieldOf(value.value, name) !== undefined;
  if (!isMap(value)) throw noOverload();
  return fieldOf(value, name) !== undefined;
}

function index(
  { of, index: at, isOptional }: Extract<Expression, { is: 'index' }>,
  scope: Scope,
  evaluation: Evaluation,
): unknown {
  const held = evaluate(of, scope, evaluation);
  const place = evaluate(at, scope, evaluation);
  if (held instanceof Optional && !held.has) return held;
  const value = held instanceof Optional ? held.value : held;
  const found = element(value, place);
  if (isOptional || held instanceof Optional)
    return found === undefined ? new Optional(false) : new Optional(true, found);
  if (found !== undefined) return found;
  throw new CelError(Array.isArray(value) ? `index out of bounds: ${String(place)}` : `no such key: ${String(place)}`);
}

function element(value: unknown, place: unknown): unknown {
  if (Array.isArray(value)) {
    const number = keyOfValue(place);
    if (typeof number !== 'bigint') throw noOverload();
    return number >= 0n && number < BigInt(value.length) ? (inside(value, value[Number(number)]) ?? null) : undefined;
  }
  if (isMap(value)) return lookUp(value, keyOfValue(place));
  throw noOverload();
}

function list(
  { items }: Extract<Expression, { is: 'list' }>,
  scope: Scope,
  evaluation: Evaluation,
): readonly unknown[] {
  return asOwn(
    items.flatMap(({ value, isOptional }) => {
      const found = evaluate(value, scope, evaluation);
      if (!isOptional) return [found];
      if (!(found instanceof Optional)) throw noOverload();
      return found.has ? [found.value] : [];
    }),
  );
}

function pairs(entries: readonly MapEntry[], scope: Scope, evaluation: Evaluation): [Key, unknown][] {
  const made: [Key, unknown][] = [];
  for (const { key, value, isOptional } of entries) {
    const name = keyOfValue(evaluate(key, scope, evaluation));
    const found = evaluate(value, scope, evaluation);
    if (isOptional && !(found instanceof Optional)) throw noOverload();
    if (isOptional && found instanceof Optional) {
      if (found.has) made.push([name, found.value]);
    } else made.push([name, found]);
  }
  return made;
}

function truth(value: unknown): boolean {
  if (typeof value !== 'boolean') throw noOverload();
  return value;
}

/** One side may fail when the other decides by itself: `&&` and `||` do not care about the order. */
function logical(
  { left, right }: { readonly left: Expression; readonly right: Expression },
  deciding: boolean,
  scope: Scope,
  evaluation: Evaluation,
): boolean {
  let failure: CelError | undefined;
  for (const side of [left, right]) {
    try {
      if (truth(evaluate(side, scope, evaluation)) === deciding) return deciding;
    } catch (error) {
      if (!(error instanceof CelError) || error instanceof CelBudgetError) throw error;
      failure ??= error;
    }
  }
  if (failure) throw failure;
  return !deciding;
}

function comprehend(of: Comprehension, scope: Scope, evaluation: Evaluation): unknown {
  const range = evaluate(of.range, scope, evaluation);
  const rows = rowsOf(range, of.variables.length);
  const inner = (row: readonly unknown[]): Scope => {
    evaluation.budget.spend();
    return {
      find: (name) => (of.variables.includes(name) ? { value: row[of.variables.indexOf(name)] } : scope.find(name)),
    };
  };
  const asks = (row: readonly unknown[]): boolean =>
    of.condition === undefined || truth(evaluate(of.condition, inner(row), evaluation));
  switch (of.macro) {
    case 'all':
      return quantified(rows, asks, false);
    case 'exists':
      return quantified(rows, asks, true);
    case 'exists_one':
      return rows.filter(asks).length === 1;
    case 'filter':
      return asOwn(rows.filter(asks).map((row) => row[0]));
    case 'map':
      return asOwn(
        rows.filter(asks).map((row) => (of.transform ? evaluate(of.transform, inner(row), evaluation) : row[0])),
      );
  }
}

function quantified(
  rows: readonly (readonly unknown[])[],
  asks: (row: readonly unknown[]) => boolean,
  deciding: boolean,
): boolean {
  let failure: CelError | undefined;
  for (const row of rows) {
    try {
      if (asks(row) === deciding) return deciding;
    } catch (error) {
      if (!(error instanceof CelError) || error instanceof CelBudgetError) throw error;
      failure ??= error;
    }
  }
  if (failure) throw failure;
  return !deciding;
}

/** Lists by element, maps by key; with two variables lists by index and element, maps by key and value. */
function rowsOf(range: unknown, variables: number): readonly (readonly unknown[])[] {
  if (Array.isArray(range))
    return range.map((item, i) => (variables === 1 ? [inside(range, item)] : [BigInt(i), inside(range, item)]));
  if (isMap(range)) return entriesOf(range).map(([key, value]) => (variables === 1 ? [key] : [key, value]));
  throw noOverload();
}

function call({ name, of, args }: Extract<Expression, { is: 'call' }>, scope: Scope, evaluation: Evaluation): unknown {
  const { functions, budget } = evaluation;
  // `optional.none()`, `math.greatest()`: a name with a dot is no target.
  const qualified = of && qualifiedName(of, name);
  const isQualified = qualified !== undefined && Object.hasOwn(functions, qualified);
  const found = isQualified ? functions[qualified] : Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (!found) throw new CelError(`undeclared reference to '${qualified ?? name}'`);
  const target = of && !isQualified ? evaluate(of, scope, evaluation) : undefined;
  const lazy = name === 'orValue' || name === 'or';
  if (lazy && target instanceof Optional && target.has) return name === 'or' ? target : target.value;
  return (
    found(
      target,
      args.map((arg) => evaluate(arg, scope, evaluation)),
      budget,
    ) ?? null
  );
}

export function qualifiedName(of: Expression, name: string): string | undefined {
  if (of.is === 'name') return `${of.name}.${name}`;
  const before = of.is === 'field' ? qualifiedName(of.of, of.name) : undefined;
  return before === undefined ? undefined : `${before}.${name}`;
}
