/**
 * An expression of the Common Expression Language, as parsed, its macros written out. Operators are calls of functions
 * with names like `_+_`. `at` is the place in the source, for messages.
 */
export type Expression = Literal | Name | Select | Call | List | MapLiteral | ObjectLiteral | Fold;

interface Placed {
  readonly at: number;
}

export interface Literal extends Placed {
  readonly is: 'literal';
  readonly value: unknown;
}

export interface Name extends Placed {
  readonly is: 'name';
  readonly name: string;
}

/** `of.name`; `isTest`: whether it is there, `has(of.name)`. */
export interface Select extends Placed {
  readonly is: 'select';
  readonly of: Expression;
  readonly name: string;
  readonly isTest: boolean;
}

export interface Call extends Placed {
  readonly is: 'call';
  readonly name: string;
  /** What it is called on: `target.name(args)`. */
  readonly target: Expression | undefined;
  readonly args: readonly Expression[];
}

export interface List extends Placed {
  readonly is: 'list';
  readonly items: readonly ListItem[];
}

export interface ListItem {
  readonly value: Expression;
  readonly isOptional: boolean;
}

export interface MapLiteral extends Placed {
  readonly is: 'map';
  readonly entries: readonly MapEntry[];
}

export interface MapEntry {
  readonly key: Expression;
  readonly value: Expression;
  readonly isOptional: boolean;
}

/** `Object{field: value}`. */
export interface ObjectLiteral extends Placed {
  readonly is: 'object';
  readonly type: string;
  readonly fields: readonly ObjectField[];
}

export interface ObjectField extends Placed {
  readonly name: string;
  readonly value: Expression;
  readonly isOptional: boolean;
}

/**
 * What all macros over lists and maps come to: `accumulator` begins as `initial` and becomes `step` for each of
 * `range`, as long as `condition` holds; the whole is `result`.
 */
export interface Fold extends Placed {
  readonly is: 'fold';
  readonly range: Expression;
  /** Items of a list or keys of a map; two: index and item, key and value. */
  readonly variables: readonly string[];
  readonly accumulator: string;
  readonly initial: Expression;
  readonly condition: Expression;
  readonly step: Expression;
  readonly result: Expression;
}

/** The accumulator of macros: no name that can be written. */
export const ACCUMULATOR = '@result';

/** The name that `a.b.c` may be, where it is nothing but names. */
export function qualifiedName(expression: Expression): string | undefined {
  if (expression.is === 'name') return expression.name;
  if (expression.is !== 'select' || expression.isTest) return undefined;
  const before = qualifiedName(expression.of);
  return before === undefined ? undefined : `${before}.${expression.name}`;
}
