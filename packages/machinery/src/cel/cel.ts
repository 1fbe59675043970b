import { Budget, evaluate, type Functions, qualifiedName, type Scope } from './evaluate.ts';
import { extensionFunctions } from './extensions.ts';
import { parseCel } from './parse.ts';
import { standardFunctions, typeNames } from './standard.ts';
import { CelSyntaxError, type Expression } from './syntax.ts';
import { fromJson } from './values.ts';

const builtin: Functions = { ...standardFunctions, ...extensionFunctions };

/** Steps of one evaluation, unless the caller has a budget for several. */
const STEPS_MAX = 1_000_000;

export interface CelOptions {
  /** Names the expression may use. */
  readonly variables: readonly string[];
  /** Functions besides those of the language and of Kubernetes. */
  readonly functions?: Functions;
}

/** An expression that is ready to be evaluated, as often as wanted. */
export interface Cel {
  readonly source: string;
  /** Values are JSON, or functions that make them when they are first asked for. Throws CelError. */
  evaluate(variables: Readonly<Record<string, unknown>>, budget?: Budget): unknown;
}

/** Reads an expression and checks every name in it. Throws CelSyntaxError in upstream's words as far as they are ours. */
export function compileCel(source: string, { variables, functions = {} }: CelOptions): Cel {
  const expression = parseCel(source);
  const all: Functions = { ...builtin, ...functions };
  checkNames(expression, new Set([...variables, ...Object.keys(typeNames)]), all);
  return Object.freeze({
    source,
    evaluate: (values: Readonly<Record<string, unknown>>, budget: Budget = new Budget(STEPS_MAX)) =>
      evaluate(expression, scopeOf(values), { functions: all, budget }),
  });
}

function scopeOf(values: Readonly<Record<string, unknown>>): Scope {
  const made = new Map<string, { readonly value: unknown }>();
  return {
    find(name) {
      const known = made.get(name);
      if (known) return known;
      const value = Object.hasOwn(values, name) ? values[name] : typeNames[name];
      if (value === undefined) return undefined;
      const found = { value: fromJson(typeof value === 'function' ? (value as () => unknown)() : value) };
      made.set(name, found);
      return found;
    },
  };
}

function checkNames(expression: Expression, known: ReadonlySet<string>, functions: Functions): void {
  const check = (inner: Expression): void => checkNames(inner, known, functions);
  switch (expression.is) {
    case 'literal':
      return;
    case 'name':
      if (!known.has(expression.name)) throw undeclared(expression.name);
      return;
    case 'field':
    case 'has':
      check(expression.of);
      return;
    case 'index':
      check(expression.of);
      check(expression.index);
      return;
    case 'list':
      for (const { value } of expression.items) check(value);
      return;
    case 'object':
      for (const { value } of expression.entries) check(value);
      return;
    case 'map':
      for (const { key, value } of expression.entries) {
        check(key);
        check(value);
      }
      return;
    case 'and':
    case 'or':
      check(expression.left);
      check(expression.right);
      return;
    case 'choose':
      check(expression.condition);
      check(expression.chosen);
      check(expression.otherwise);
      return;
    case 'comprehension': {
      check(expression.range);
      const inner = new Set([...known, ...expression.variables]);
      for (const part of [expression.condition, expression.transform]) if (part) checkNames(part, inner, functions);
      return;
    }
    case 'call': {
      const qualified = expression.of && qualifiedName(expression.of, expression.name);
      const isQualified = qualified !== undefined && Object.hasOwn(functions, qualified);
      if (!isQualified && !Object.hasOwn(functions, expression.name)) throw undeclared(expression.name);
      if (expression.of && !isQualified) check(expression.of);
      expression.args.forEach(check);
    }
  }
}

const undeclared = (name: string): CelSyntaxError =>
  new CelSyntaxError(`undeclared reference to '${name}' (in container '')`);
