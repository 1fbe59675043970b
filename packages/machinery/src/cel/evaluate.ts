import { fieldOf, indexed, isThere, optionalField, optionallyIndexed } from './access.ts';
import type { Checked } from './check.ts';
import { LIST_COST, MAP_COST, OBJECT_COST } from './cost.ts';
import { dispatch } from './dispatch.ts';
import { finish, grown } from './growing.ts';
import { Budget, type Frame, type Local, type Step } from './step.ts';
import type { Call, Expression, Fold, List, MapLiteral, ObjectLiteral, Select } from './syntax.ts';
import {
  asOwn,
  CelBudgetError,
  CelError,
  entriesOf,
  inside,
  isMap,
  type Key,
  keyOfValue,
  noOverload,
  Optional,
  typeOf,
} from './values.ts';

/** Makes an expression ready to be evaluated as often as wanted. Throws CelError for what can never be. */
export function planOf(expression: Expression, checked: Checked): Step {
  return new Planner(checked).plan(expression);
}

class Planner {
  readonly #checked: Checked;

  constructor(checked: Checked) {
    this.#checked = checked;
  }

  plan(expression: Expression): Step {
    switch (expression.is) {
      case 'literal': {
        const { value } = expression;
        return () => value;
      }
      case 'name':
        return named(expression.name);
      case 'select':
        return this.#select(expression);
      case 'call':
        return this.#call(expression);
      case 'list':
        return this.#list(expression);
      case 'map':
        return this.#map(expression);
      case 'object':
        return this.#object(expression);
      case 'fold':
        return this.#fold(expression);
    }
  }

  #select(select: Select): Step {
    const variable = this.#checked.variableOf(select);
    if (variable !== undefined) return named(variable);
    const of = this.plan(select.of);
    const { name, isTest } = select;
    if (isTest) return (frame) => isThere(of(frame), name);
    return (frame) => {
      const held = of(frame);
      frame.budget.spend(1);
      return held instanceof Optional ? optionalField(held, name) : fieldOf(held, name);
    };
  }

  #call(call: Call): Step {
    const { name, args } = call;
    const target = call.target && !this.#checked.isQualified(call) ? [call.target] : [];
    const steps = [...target, ...args].map((one) => this.plan(one));
    const [first, second, third] = steps as [Step, Step, Step];
    switch (name) {
      case '_&&_':
        return logical(first, second, false);
      case '_||_':
        return logical(first, second, true);
      case '_?_:_':
        return (frame) => (truth(first(frame)) ? second(frame) : third(frame));
      case '@not_strictly_false':
        return notFalse(first);
      case '@in':
        // Nothing is in an empty list, whatever it may be: upstream does not look at it.
        if (args[1]?.is === 'list' && args[1].items.length === 0) return () => false;
        break;
      case '_[_]':
        return indexed(first, second);
      case '_[?_]':
        return optionallyIndexed(first, second);
      case '_?._':
        return (frame) => {
          const held = first(frame);
          frame.budget.spend(1);
          return optionalField(
            held instanceof Optional ? held : new Optional(true, held),
            (args[1] as { readonly value: string }).value,
          );
        };
      default:
    }
    if (target.length > 0 && (name === 'or' || name === 'orValue')) return otherwise(first, second, name === 'or');
    const step = dispatch(this.#checked.overloadsOf(call), this.#checked.familyOf(call), steps);
    return isSettled(call) ? settled(step) : step;
  }

  #list({ items }: List): Step {
    const planned = items.map(({ value, isOptional }) => ({ step: this.plan(value), isOptional }));
    return (frame) => {
      const made: unknown[] = [];
      for (const { step, isOptional } of planned) {
        const value = step(frame);
        if (!isOptional) made.push(value);
        else if (present(value)) made.push((value as Optional).value);
      }
      frame.budget.spend(LIST_COST);
      return asOwn(made);
    };
  }

  #map({ entries }: MapLiteral): Step {
    const planned = entries.map(({ key, value, isOptional }) => ({
      key: this.plan(key),
      value: this.plan(value),
      isOptional,
    }));
    return (frame) => {
      const made = new Map<Key, unknown>();
      for (const { key, value, isOptional } of planned) {
        const name = keyOfValue(key(frame));
        const found = value(frame);
        if (isOptional && !present(found)) continue;
        made.set(name, isOptional ? (found as Optional).value : found);
      }
      frame.budget.spend(MAP_COST);
      return made;
    };
  }

  #object({ fields }: ObjectLiteral): Step {
    const planned = fields.map(({ name, value, isOptional }) => ({ name, step: this.plan(value), isOptional }));
    return (frame) => {
      const made: Record<string, unknown> = {};
      for (const { name, step, isOptional } of planned) {
        const value = step(frame);
        if (!isOptional) made[name] = value;
        else if (present(value)) made[name] = (value as Optional).value;
      }
      frame.budget.spend(OBJECT_COST);
      return asOwn(made);
    };
  }

  #fold(fold: Fold): Step {
    const [range, initial, condition, step, result] = [
      fold.range,
      fold.initial,
      fold.condition,
      fold.step,
      fold.result,
    ].map((one) => this.plan(one)) as [Step, Step, Step, Step, Step];
    const {
      variables: [first = '', second],
      accumulator,
    } = fold;
    // Only conditions that look away from failures can bring a fold past one.
    const goesOn = fold.condition.is === 'call';
    return (frame) => {
      const rows = rowsOf(range(frame), second !== undefined);
      const whole: Local = { name: accumulator, value: grown(initial(frame)), failure: undefined, outer: frame.local };
      const around: Frame = { ...frame, local: whole };
      for (const [one, other] of rows) {
        const outer: Local = { name: first, value: one, failure: undefined, outer: whole };
        const inner: Frame = {
          ...frame,
          local: second === undefined ? outer : { name: second, value: other, failure: undefined, outer },
        };
        if (condition(inner) !== true) break;
        keep(whole, step, inner);
        if (whole.failure && !goesOn) throw whole.failure;
      }
      finish(whole.value);
      return result(around);
    };
  }
}

const CONVERSIONS = new Set(['bool', 'bytes', 'double', 'duration', 'int', 'string', 'timestamp', 'uint']);

/** What is written out is converted before anything is evaluated. */
const isSettled = ({ name, args: [arg] }: Call): boolean =>
  CONVERSIONS.has(name) && (arg?.is === 'literal' || (arg?.is === 'call' && isSettled(arg)));

function settled(step: Step): Step {
  const value = step({ variables: () => undefined, budget: new Budget(Infinity), local: undefined });
  return (frame) => {
    frame.budget.spend(1);
    return value;
  };
}

function keep(whole: Local, step: Step, frame: Frame): void {
  try {
    whole.value = step(frame);
    whole.failure = undefined;
  } catch (error) {
    whole.failure = absorbed(error);
  }
}

/** What logic may look away from; all else is thrown on. */
function absorbed(error: unknown): CelError {
  if (!(error instanceof CelError) || error instanceof CelBudgetError) throw error;
  return error;
}

const named =
  (name: string): Step =>
  (frame) => {
    frame.budget.spend(1);
    for (let at = frame.local; at; at = at.outer) {
      if (at.name !== name) continue;
      if (at.failure) throw at.failure;
      return at.value;
    }
    const value = frame.variables(name);
    if (value === undefined) throw new CelError(`no such attribute(s): ${name}`);
    return value;
  };

function present(value: unknown): boolean {
  if (!(value instanceof Optional))
    throw new CelError(`cannot initialize optional list element from non-optional value ${typeOf(value)}`);
  return value.has;
}

function truth(value: unknown): boolean {
  if (typeof value !== 'boolean') throw noOverload();
  return value;
}

/** `&&` and `||`: what decides does so whatever the other side comes to. */
const logical =
  (left: Step, right: Step, deciding: boolean): Step =>
  (frame) => {
    let failure: CelError | undefined;
    for (const side of [left, right]) {
      try {
        if (truth(side(frame)) === deciding) return deciding;
      } catch (error) {
        failure ??= absorbed(error);
      }
    }
    if (failure) throw failure;
    return !deciding;
  };

const notFalse =
  (of: Step): Step =>
  (frame) => {
    try {
      return of(frame) !== false;
    } catch (error) {
      absorbed(error);
      return true;
    }
  };

const otherwise =
  (of: Step, other: Step, isOptional: boolean): Step =>
  (frame) => {
    const held = of(frame);
    if (!(held instanceof Optional)) throw noOverload();
    frame.budget.spend(1);
    if (held.has) return isOptional ? held : held.value;
    return other(frame);
  };

/** Lists by item, maps by key; with two variables lists by index and item, maps by key and value. */
function rowsOf(range: unknown, hasTwo: boolean): readonly (readonly unknown[])[] {
  if (Array.isArray(range))
    return range.map((item, i) => (hasTwo ? [BigInt(i), inside(range, item)] : [inside(range, item)]));
  if (isMap(range)) return entriesOf(range);
  const name = GO_TYPES[typeOf(range)] ?? typeOf(range);
  throw new CelError(
    hasTwo ? `unsupported comprehension range type: ${name}` : `got '${name}', expected iterable type`,
  );
}

/** What upstream's values are called there. */
const GO_TYPES: Readonly<Record<string, string>> = {
  int: 'types.Int',
  uint: 'types.Uint',
  double: 'types.Double',
  string: 'types.String',
  bool: 'types.Bool',
  bytes: 'types.Bytes',
  null_type: 'types.Null',
  optional_type: '*types.Optional',
  'google.protobuf.Duration': 'types.Duration',
  'google.protobuf.Timestamp': 'types.Timestamp',
  type: '*types.Type',
};
