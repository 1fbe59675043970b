import { backtrackingPatterns, type Patterns } from '../structural/patterns.ts';
import { type Checked, checkTypes, type Declarations } from './check.ts';
import { type FunctionTable, functionTable, type Overload } from './declare.ts';
import { estimateCost, type Sized } from './estimate.ts';
import { planOf } from './evaluate.ts';
import { Budget, type Step } from './step.ts';
import { conversions } from './functions/conversions.ts';
import { formats } from './functions/formats.ts';
import { lists, sets } from './functions/lists.ts';
import { networks } from './functions/networks.ts';
import { operators } from './functions/operators.ts';
import { optionals } from './functions/optionals.ts';
import { quantities } from './functions/quantities.ts';
import { regexFunctions } from './functions/regex.ts';
import { semvers } from './functions/semvers.ts';
import { strings } from './functions/strings.ts';
import { times } from './functions/times.ts';
import { urls } from './functions/urls.ts';
import { CelSyntaxError } from './issues.ts';
import { literalIssues } from './literals.ts';
import { parseCel } from './parse.ts';
import type { Expression } from './syntax.ts';
import { type CelType, parseType, typeOfType } from './types.ts';
import { fromJson, TypeName } from './values.ts';

/** What one evaluation may cost, in the units of upstream's cost model. */
export const CALL_COST_MAX = 1_000_000;

export interface CelOptions {
  /** Types of the names that the expression may use; a name may have dots. */
  readonly variables: Readonly<Record<string, CelType>>;
  /** Functions besides those of the language and of Kubernetes. */
  readonly functions?: readonly Overload[];
  /** The engine of `matches()`, `find()` and `findAll()`. */
  readonly patterns?: Patterns;
  /** Objects that the expression may make. */
  readonly objectType?: Declarations['objectType'];
  /** It may use `cel.bind()`. */
  readonly hasBindings?: boolean;
}

/** An expression that is ready to be evaluated, as often as wanted. */
export interface Cel {
  readonly source: string;
  readonly type: CelType;
  /** Names of variables that it uses. */
  readonly uses: ReadonlySet<string>;
  /** Values are JSON, or functions that make them when they are first asked for. Throws CelError. */
  evaluate(variables: Readonly<Record<string, unknown>>, budget?: Budget): unknown;
  /** Throws CelError for what can never be evaluated, whatever the variables are. */
  prepare(): void;
  /** The most that an evaluation may cost when its variables are as large as `root` lets them be. */
  costMax(root: Sized): number;
}

const BUILTIN: readonly (readonly Overload[])[] = [
  operators,
  conversions,
  times,
  optionals,
  strings,
  lists,
  sets,
  urls,
  networks,
  quantities,
  semvers,
  formats,
];

/** Names that stand for types. */
const TYPES: readonly string[] = [
  'bool',
  'bytes',
  'double',
  'duration',
  'int',
  'list(A)',
  'map(A, B)',
  'null',
  'string',
  'timestamp',
  'type',
  'uint',
  'optional(V)',
  'net.IP',
  'net.CIDR',
];
const typeNames: ReadonlyMap<string, CelType> = new Map(
  TYPES.map(parseType).map((type) => [type.name, typeOfType(type)]),
);

/** Reads an expression and checks its types. Throws CelSyntaxError, in upstream's words as far as they are ours. */
export function compileCel(source: string, options: CelOptions): Cel {
  const environment = environmentOf(options);
  const expression = parseCel(source, options.hasBindings);
  const checked = checkTypes(expression, environment);
  const issues = checked.issues.length > 0 ? checked.issues : literalIssues(expression, checked);
  if (issues.length > 0) throw new CelSyntaxError(source, issues);
  return new Compiled(source, expression, checked);
}

class Compiled implements Cel {
  readonly source: string;
  readonly uses: ReadonlySet<string>;
  readonly #expression: Expression;
  readonly #checked: Checked;
  #step: Step | undefined;

  constructor(source: string, expression: Expression, checked: Checked) {
    this.source = source;
    this.uses = checked.uses;
    this.#expression = expression;
    this.#checked = checked;
  }

  get type(): CelType {
    return this.#checked.type;
  }

  evaluate(values: Readonly<Record<string, unknown>>, budget: Budget = new Budget(CALL_COST_MAX)): unknown {
    return this.#ready()({ variables: variablesOf(values), budget, local: undefined });
  }

  prepare(): void {
    this.#ready();
  }

  #ready(): Step {
    return (this.#step ??= planOf(this.#expression, this.#checked));
  }

  costMax(root: Sized): number {
    return estimateCost(this.#expression, this.#checked, root).max;
  }
}

const tables = new WeakMap<Patterns, WeakMap<readonly Overload[], FunctionTable>>();
const NONE: readonly Overload[] = [];

/** Tables are made once for each engine and list of functions. */
function tableOf(patterns: Patterns, functions: readonly Overload[]): FunctionTable {
  let known = tables.get(patterns);
  if (!known) tables.set(patterns, (known = new WeakMap()));
  let table = known.get(functions);
  if (!table) known.set(functions, (table = functionTable(...BUILTIN, regexFunctions(patterns), functions)));
  return table;
}

const environmentOf = ({
  variables,
  functions = NONE,
  patterns = backtrackingPatterns,
  objectType,
}: CelOptions): Declarations => ({
  variables: new Map([...typeNames, ...Object.entries(variables)]),
  functions: tableOf(patterns, functions),
  objectType: objectType ?? (() => undefined),
});

/** Each value is made once, when it is first asked for. */
function variablesOf(values: Readonly<Record<string, unknown>>): (name: string) => unknown {
  const made = new Map<string, unknown>();
  return (name) => {
    if (made.has(name)) return made.get(name);
    const value = Object.hasOwn(values, name) ? values[name] : typeNames.has(name) ? new TypeName(name) : undefined;
    const found = fromJson(typeof value === 'function' ? (value as () => unknown)() : value);
    made.set(name, found);
    return found;
  };
}
