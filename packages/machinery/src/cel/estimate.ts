import type { Checked } from './check.ts';
import {
  type CallCost,
  exactly,
  LIST_COST,
  MAP_COST,
  type Measured,
  nothing,
  OBJECT_COST,
  plus,
  type Range,
  times,
  union,
  unknownSize,
} from './cost.ts';
import { callCost } from './declare.ts';
import type { Call, Expression, Fold, List, MapLiteral } from './syntax.ts';
import { type CelType, isOptionalType } from './types.ts';
import { sizeOf } from './values.ts';

/** What a schema says of the size of a value, and of what is in it. */
export interface Sized {
  readonly sizeMax: number;
  readonly item?: Sized | undefined;
  readonly key?: Sized | undefined;
  field?(name: string): Sized | undefined;
}

/** The sizes of what a list or map holds. */
interface Entries {
  readonly kind: 'list' | 'map';
  readonly key: Range;
  readonly value: Range;
}

interface Estimate {
  readonly cost: Range;
  readonly size: Range | undefined;
  readonly entries?: Entries | undefined;
  /** Where in the root value it comes from, if it does. */
  readonly sized?: Sized | undefined;
}

interface Local {
  readonly name: string;
  readonly known: Omit<Estimate, 'cost'>;
  readonly outer: Local | undefined;
}

/**
 * What an evaluation costs at least and at most when its variables are as large as `root` allows them to be, in the
 * units of upstream's cost model. `root` stands for every variable.
 */
export function estimateCost(expression: Expression, checked: Checked, root: Sized): Range {
  return new Estimator(checked, root).estimate(expression, undefined).cost;
}

class Estimator {
  readonly #checked: Checked;
  readonly #root: Sized;

  constructor(checked: Checked, root: Sized) {
    this.#checked = checked;
    this.#root = root;
  }

  estimate(expression: Expression, local: Local | undefined): Estimate {
    switch (expression.is) {
      case 'literal':
        return { cost: nothing, size: exactly(sizeOf(expression.value)) };
      case 'name':
        return this.#name(expression.name, expression, local);
      case 'select':
        return this.#select(expression, local);
      case 'call':
        return this.#call(expression, local);
      case 'list':
        return this.#list(expression, local);
      case 'map':
        return this.#map(expression, local);
      case 'object':
        return this.#object(
          expression.fields.map(({ value }) => value),
          local,
        );
      case 'fold':
        return this.#fold(expression, local);
    }
  }

  #name(name: string, expression: Expression, local: Local | undefined): Estimate {
    let at = local;
    while (at && at.name !== name) at = at.outer;
    const sized = at ? at.known.sized : this.#root;
    return {
      cost: exactly(1),
      size: this.#sizeOf(expression, sized) ?? at?.known.size,
      entries: at?.known.entries,
      sized,
    };
  }

  /** By what the schema says, or because the type has one size only. */
  #sizeOf(expression: Expression, sized: Sized | undefined): Range | undefined {
    if (sized && sized !== NOWHERE) return { min: 0, max: sized.sizeMax };
    return isScalar(this.#checked.typeOf(expression)) ? exactly(1) : undefined;
  }

  /** One step further into the value. What comes from no variable upstream takes for the root. */
  #into(of: Sized | undefined, step: (of: Sized) => Sized | undefined): Sized {
    return of ? (step(of) ?? NOWHERE) : this.#root;
  }

  #select(select: Extract<Expression, { is: 'select' }>, local: Local | undefined): Estimate {
    if (this.#checked.variableOf(select) !== undefined)
      return { cost: exactly(1), size: this.#sizeOf(select, undefined) };
    const of = this.estimate(select.of, local);
    if (select.isTest) return { cost: of.cost, size: exactly(1) };
    const hasFields = ['map', 'object', 'param'].includes(this.#checked.typeOf(select.of).kind);
    const sized = this.#into(of.sized, (one) => one.field?.(select.name));
    return { cost: hasFields ? plus(of.cost, exactly(1)) : of.cost, size: this.#sizeOf(select, sized), sized };
  }

  #call(call: Call, local: Local | undefined): Estimate {
    const { name, target } = call;
    const parts = [...(target && !this.#checked.isQualified(call) ? [target] : []), ...call.args];
    const args = parts.map((one) => this.estimate(one, local));
    const [first, second, third] = args as [Estimate, Estimate, Estimate];
    switch (name) {
      case '_&&_':
      case '_||_':
        return { cost: { min: first.cost.min, max: plus(first.cost, second.cost).max }, size: exactly(1) };
      case '_?_:_': {
        const size = union(second.size ?? unknownSize, third.size ?? unknownSize);
        return {
          cost: plus(first.cost, union(second.cost, third.cost)),
          size,
          entries: unionOf(second.entries, third.entries),
        };
      }
      case 'dyn':
        return { ...first, sized: undefined, cost: plus(first.cost, exactly(1)) };
      case '_[_]':
        return this.#index(call, args);
      default:
    }
    const { cost, size } = this.#costOf(
      call,
      parts.map((part, i) => this.#measured(part, args[i] as Estimate)),
    );
    const entries = name === '_+_' ? unionOf(first.entries, second.entries) : undefined;
    return { cost: plus(...args.map((arg) => arg.cost), cost), size: size ?? this.#sizeOf(call, undefined), entries };
  }

  #index(call: Call, args: readonly Estimate[]): Estimate {
    const [of] = args as [Estimate];
    const isOptional = isOptionalType(this.#checked.typeOf(call.args[0] as Expression));
    const sized = isOptional ? undefined : this.#into(of.sized, (one) => one.item);
    return {
      cost: plus(...args.map((arg) => arg.cost), exactly(1)),
      size: of.entries?.value ?? this.#sizeOf(call, sized),
      sized,
    };
  }

  /** Over all overloads that it may be. */
  #costOf(call: Call, args: readonly Measured[]): CallCost {
    const costs = this.#checked.overloadsOf(call).map((overload) => callCost(overload, args));
    if (costs.length === 0) return { cost: exactly(1) };
    return costs.reduce((a, b) => ({
      cost: union(a.cost, b.cost),
      size: a.size && b.size ? union(a.size, b.size) : (a.size ?? b.size),
    }));
  }

  #measured(expression: Expression, { size, sized }: Estimate): Measured {
    const type = this.#checked.typeOf(expression);
    const item = sized?.item;
    return {
      type,
      size: size ?? unknownSize,
      literal: expression.is === 'literal' ? expression.value : undefined,
      itemSize: type.kind !== 'list' ? undefined : item ? { min: 0, max: item.sizeMax } : unknownSize,
    };
  }

  #list({ items }: List, local: Local | undefined): Estimate {
    const parts = items.map(({ value }) => this.estimate(value, local));
    const entries: Entries = { kind: 'list', key: exactly(1), value: unionOfSizes(parts) };
    return { cost: plus(...parts.map(({ cost }) => cost), exactly(LIST_COST)), size: exactly(items.length), entries };
  }

  #map({ entries }: MapLiteral, local: Local | undefined): Estimate {
    const keys = entries.map(({ key }) => this.estimate(key, local));
    const values = entries.map(({ value }) => this.estimate(value, local));
    return {
      cost: plus(...[...keys, ...values].map(({ cost }) => cost), exactly(MAP_COST)),
      size: exactly(entries.length),
      entries: { kind: 'map', key: unionOfSizes(keys), value: unionOfSizes(values) },
    };
  }

  #object(values: readonly Expression[], local: Local | undefined): Estimate {
    return {
      cost: plus(...values.map((value) => this.estimate(value, local).cost), exactly(OBJECT_COST)),
      size: undefined,
    };
  }

  #fold(fold: Fold, local: Local | undefined): Estimate {
    const range = this.estimate(fold.range, local);
    const initial = this.estimate(fold.initial, local);
    const outer: Local = { name: fold.accumulator, known: initial, outer: local };
    if (fold.condition.is === 'literal' && fold.condition.value === false) {
      const result = this.estimate(fold.result, outer);
      return { ...result, sized: undefined, cost: plus(range.cost, initial.cost, result.cost) };
    }
    const inner = this.#rowOf(fold, range, outer);
    const [condition, step] = [this.estimate(fold.condition, inner), this.estimate(fold.step, inner)];
    const result = this.estimate(fold.result, outer);
    const rounds = range.size ?? unknownSize;
    const cost = plus(range.cost, initial.cost, result.cost, times(rounds, plus(step.cost, condition.cost)));
    if (fold.initial.is === 'literal') return { cost, size: initial.size };
    return { cost, size: rounds, entries: step.entries };
  }

  /** The names of a fold's variables and what is known of their sizes. */
  #rowOf({ range, variables }: Fold, { entries, sized }: Estimate, outer: Local): Local {
    const isList = (entries?.kind ?? this.#checked.typeOf(range).kind) === 'list';
    const key = { size: entries?.key, sized: this.#into(sized, (one) => (isList ? undefined : one.key)) };
    const value = { size: entries?.value, sized: this.#into(sized, (one) => one.item) };
    const [first = '', second] = variables;
    if (second === undefined) return { name: first, known: isList ? value : key, outer };
    return { name: second, known: value, outer: { name: first, known: key, outer } };
  }
}

/** A place that the schema does not know. */
const NOWHERE: Sized = { sizeMax: 0 };

const unionOf = (a: Entries | undefined, b: Entries | undefined): Entries | undefined =>
  a && b ? { kind: a.kind, key: union(a.key, b.key), value: union(a.value, b.value) } : undefined;

const unionOfSizes = (parts: readonly Estimate[]): Range =>
  parts.length === 0 ? nothing : parts.map(({ size }) => size ?? unknownSize).reduce(union);

const SCALARS = new Set(['bool', 'double', 'int', 'uint', 'google.protobuf.Duration', 'google.protobuf.Timestamp']);
const isScalar = (type: CelType): boolean =>
  isOptionalType(type) ? type.params.some(isScalar) : SCALARS.has(type.name);
