/** An expression of the Common Expression Language, as parsed. `at` is the place in the source, for messages. */
export type Expression =
  | { readonly is: 'literal'; readonly value: unknown }
  | { readonly is: 'name'; readonly name: string; readonly at: number }
  | { readonly is: 'field'; readonly of: Expression; readonly name: string; readonly isOptional: boolean }
  | { readonly is: 'has'; readonly of: Expression; readonly name: string }
  | { readonly is: 'index'; readonly of: Expression; readonly index: Expression; readonly isOptional: boolean }
  | {
      readonly is: 'call';
      readonly name: string;
      readonly of: Expression | undefined;
      readonly args: readonly Expression[];
      readonly at: number;
    }
  | { readonly is: 'list'; readonly items: readonly ListItem[] }
  | { readonly is: 'map'; readonly entries: readonly MapEntry[] }
  | { readonly is: 'object'; readonly type: string; readonly entries: readonly MapEntry[] }
  | { readonly is: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | {
      readonly is: 'choose';
      readonly condition: Expression;
      readonly chosen: Expression;
      readonly otherwise: Expression;
    }
  | Comprehension;

export interface ListItem {
  readonly value: Expression;
  readonly isOptional: boolean;
}

export interface MapEntry {
  readonly key: Expression;
  readonly value: Expression;
  readonly isOptional: boolean;
}

/** `list.all(x, ...)` and the like, `map.exists(k, v, ...)` with two variables. */
export interface Comprehension {
  readonly is: 'comprehension';
  readonly macro: 'all' | 'exists' | 'exists_one' | 'filter' | 'map';
  readonly range: Expression;
  readonly variables: readonly string[];
  /** What is asked of each element; absent for a `map` of all. */
  readonly condition: Expression | undefined;
  /** What `map` makes of each. */
  readonly transform: Expression | undefined;
}

/** The text is no expression. */
export class CelSyntaxError extends Error {
  override readonly name = 'CelSyntaxError';
}
