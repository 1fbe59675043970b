import { ACCUMULATOR, type Call, type Expression, type Fold, type List, type Literal, type Name } from './syntax.ts';

/** A call that stands for something longer. */
interface Use {
  readonly at: number;
  readonly target: Expression;
  readonly args: readonly Expression[];
  fail(at: number, message: string): never;
}
type Macro = (use: Use) => Expression;

/** What a call with so many arguments is written for; undefined where it is a call. */
export function macroOf(name: string, args: number, hasTarget: boolean): Macro | undefined {
  const key = `${hasTarget ? '.' : ''}${name}/${args}`;
  return Object.hasOwn(MACROS, key) ? MACROS[key] : undefined;
}

/** `cel.bind(name, value, expression)`, which not every environment has. */
export const bindingOf = (name: string, args: number, target: Expression | undefined): Macro | undefined =>
  name === 'bind' && args === 3 && target?.is === 'name' && target.name === 'cel' ? bind : undefined;

const literal = (value: unknown, at: number): Literal => ({ is: 'literal', value, at });
const named = (name: string, at: number): Name => ({ is: 'name', name, at });
const call = (name: string, at: number, ...args: readonly Expression[]): Call => ({
  is: 'call',
  name,
  target: undefined,
  args,
  at,
});
const method = (target: Expression, name: string, at: number, ...args: readonly Expression[]): Call => ({
  is: 'call',
  name,
  target,
  args,
  at,
});
const listed = (at: number, ...values: readonly Expression[]): List => ({
  is: 'list',
  items: values.map((value) => ({ value, isOptional: false })),
  at,
});
const accumulated = (at: number): Name => named(ACCUMULATOR, at);

function variableOf({ args, fail }: Use, i: number, words: string): string {
  const variable = args[i] as Expression;
  if (variable.is !== 'name') return fail(variable.at, words);
  if (variable.name === '__result__') fail(variable.at, 'iteration variable overwrites accumulator variable');
  return variable.name;
}

const SIMPLE = 'argument must be a simple name';

/** The names of a macro's variables, and the arguments after them. */
function variablesOf(
  use: Use,
  count: 1 | 2,
  words = SIMPLE,
): readonly [variables: readonly string[], rest: readonly Expression[]] {
  const variables = Array.from({ length: count }, (_, i) => variableOf(use, i, words));
  if (count === 2 && variables[0] === variables[1])
    use.fail((use.args[1] as Expression).at, `duplicate variable name: ${variables[0]}`);
  return [variables, use.args.slice(count)];
}

type Parts = Pick<Fold, 'variables' | 'initial' | 'condition' | 'step'> & { readonly result?: Expression };

const fold = ({ at, target }: Use, { variables, initial, condition, step, result }: Parts): Fold => ({
  is: 'fold',
  range: target,
  accumulator: ACCUMULATOR,
  variables,
  initial,
  condition,
  step,
  result: result ?? accumulated(at),
  at,
});

const all =
  (count: 1 | 2): Macro =>
  (use) => {
    const { at } = use;
    const [variables, [holds]] = variablesOf(use, count);
    return fold(use, {
      variables,
      initial: literal(true, at),
      condition: call('@not_strictly_false', at, accumulated(at)),
      step: call('_&&_', at, accumulated(at), holds as Expression),
    });
  };

const exists =
  (count: 1 | 2): Macro =>
  (use) => {
    const { at } = use;
    const [variables, [holds]] = variablesOf(use, count);
    return fold(use, {
      variables,
      initial: literal(false, at),
      condition: call('@not_strictly_false', at, call('!_', at, accumulated(at))),
      step: call('_||_', at, accumulated(at), holds as Expression),
    });
  };

const existsOne =
  (count: 1 | 2): Macro =>
  (use) => {
    const { at } = use;
    const [variables, [holds]] = variablesOf(use, count);
    const more = call('_+_', at, accumulated(at), literal(1n, at));
    return fold(use, {
      variables,
      initial: literal(0n, at),
      condition: literal(true, at),
      step: call('_?_:_', at, holds as Expression, more, accumulated(at)),
      result: call('_==_', at, accumulated(at), literal(1n, at)),
    });
  };

/** A fold that adds something for each, or for each that passes a filter: the argument before the last. */
function gathered(
  use: Use,
  variables: readonly string[],
  rest: readonly Expression[],
  initial: Expression,
  add: (made: Expression) => Expression,
): Expression {
  const { at } = use;
  const step = add(rest.at(-1) as Expression);
  const filtered = rest.length === 2 ? call('_?_:_', at, rest[0] as Expression, step, accumulated(at)) : step;
  return fold(use, { variables, initial, condition: literal(true, at), step: filtered });
}

const toList =
  (count: 1 | 2, words = SIMPLE): Macro =>
  (use) => {
    const { at } = use;
    const [variables, rest] = variablesOf(use, count, words);
    return gathered(use, variables, rest, listed(at), (made) => call('_+_', at, accumulated(at), listed(at, made)));
  };
const map = toList(1, 'argument is not an identifier');

const filter: Macro = (use) => {
  const { at, args } = use;
  const [variables, rest] = variablesOf(use, 1, 'argument is not an identifier');
  return gathered(use, variables, [...rest, args[0] as Expression], listed(at), (made) =>
    call('_+_', at, accumulated(at), listed(at, made)),
  );
};

const toMap =
  (isEntry: boolean): Macro =>
  (use) => {
    const { at } = use;
    const [variables, rest] = variablesOf(use, 2);
    const initial: Expression = { is: 'map', entries: [], at };
    return gathered(use, variables, rest, initial, (made) =>
      isEntry
        ? call('cel.@mapInsert', at, accumulated(at), made)
        : call('cel.@mapInsert', at, accumulated(at), named(variables[0] ?? '', at), made),
    );
  };

/** `name` stands for a value in an expression: a fold over nothing. */
const bound = (at: number, name: string, initial: Expression, result: Expression): Fold => ({
  is: 'fold',
  range: listed(at),
  variables: ['#unused'],
  accumulator: name,
  initial,
  condition: literal(false, at),
  step: named(name, at),
  result,
  at,
});

const optionally =
  (name: string, isFlat: boolean): Macro =>
  ({ at, target, args, fail }) => {
    const [variable, made] = args as [Expression, Expression];
    if (variable.is !== 'name') return fail(variable.at, `${name}() variable name must be a simple identifier`);
    const inner = bound(at, variable.name, method(target, 'value', at), made);
    const held = isFlat ? inner : call('optional.of', at, inner);
    return call('_?_:_', at, method(target, 'hasValue', at), held, call('optional.none', at));
  };

const bind: Macro = ({ at, args, fail }) => {
  const [variable, value, made] = args as [Expression, Expression, Expression];
  return variable.is === 'name'
    ? bound(at, variable.name, value, made)
    : fail(variable.at, 'cel.bind() variable names must be simple identifiers');
};

const SORTED = '@__sortBy_input__';
const sortBy: Macro = (use) => {
  const { at, target, fail } = use;
  if (target.is === 'literal' || target.is === 'map' || target.is === 'object')
    fail(target.at, 'sortBy can only be applied to a list, identifier, comprehension, call or select expression');
  const keys = map({ ...use, target: named(SORTED, at) });
  return bound(at, SORTED, target, method(named(SORTED, at), '@sortByAssociatedKeys', at, keys));
};

const has: Macro = ({ at, args, fail }) => {
  const [of] = args as [Expression];
  return of.is === 'select' ? { ...of, isTest: true, at } : fail(of.at, 'invalid argument to has() macro');
};

/** By name and number of arguments; a dot before those that are called on something. */
const MACROS: Readonly<Record<string, Macro>> = {
  'has/1': has,
  '.all/2': all(1),
  '.all/3': all(2),
  '.exists/2': exists(1),
  '.exists/3': exists(2),
  '.exists_one/2': existsOne(1),
  '.exists_one/3': existsOne(2),
  '.existsOne/3': existsOne(2),
  '.filter/2': filter,
  '.map/2': map,
  '.map/3': map,
  '.transformList/3': toList(2),
  '.transformList/4': toList(2),
  '.transformMap/3': toMap(false),
  '.transformMap/4': toMap(false),
  '.transformMapEntry/3': toMap(true),
  '.transformMapEntry/4': toMap(true),
  '.optMap/2': optionally('optMap', false),
  '.optFlatMap/2': optionally('optFlatMap', true),
  '.sortBy/2': sortBy,
};
