import type { FunctionTable, Overload } from './declare.ts';
import type { Issue } from './issues.ts';
import {
  type Call,
  type Expression,
  type Fold,
  type List,
  type MapLiteral,
  type ObjectLiteral,
  qualifiedName,
  type Select,
} from './syntax.ts';
import {
  anyType,
  bool,
  bytes,
  type CelType,
  double,
  dyn,
  errorType,
  formatType,
  int,
  isDynamic,
  isOptionalType,
  listOf,
  mapOf,
  nullType,
  optionalOf,
  param,
  sameType,
  string,
  uint,
  unwrapped,
} from './types.ts';
import { assign, assignAll, type Bindings, moreGeneral, substitute } from './unify.ts';
import { typeOf } from './values.ts';

/** What names mean where an expression stands. */
export interface Declarations {
  /** Types of variables, by names that may have dots. */
  readonly variables: ReadonlyMap<string, CelType>;
  readonly functions: FunctionTable;
  /** Objects that expressions may make: `Object{...}`. */
  objectType(name: string): CelType | undefined;
}

/** What a check has found out. */
export interface Checked {
  readonly type: CelType;
  readonly issues: readonly Issue[];
  /** Names of the variables that are used. */
  readonly uses: ReadonlySet<string>;
  typeOf(expression: Expression): CelType;
  /** The overloads that a call may be of; several where its types are not known before it runs. */
  overloadsOf(call: Call): readonly Overload[];
  /** All overloads of the function that it calls. */
  familyOf(call: Call): readonly Overload[];
  /** The variable whose name has dots that `a.b` turned out to be. */
  variableOf(expression: Expression): string | undefined;
  /** `a.b(...)` is a call of the function `a.b`, not one on `a`. */
  isQualified(call: Call): boolean;
}

/** Finds the type of an expression and of all in it (https://github.com/google/cel-spec, "Gradual Type Checking"). */
export function checkTypes(expression: Expression, declarations: Declarations): Checked {
  const checker = new Checker(declarations);
  checker.check(expression, undefined);
  return checker.checked(expression);
}

/** A name that holds within a fold. */
interface Scope {
  readonly name: string;
  readonly type: CelType;
  readonly outer: Scope | undefined;
}

class Checker {
  readonly #declarations: Declarations;
  readonly #types = new Map<Expression, CelType>();
  readonly #overloads = new Map<Call, readonly Overload[]>();
  readonly #families = new Map<Call, readonly Overload[]>();
  readonly #variables = new Map<Expression, string>();
  readonly #qualified = new Set<Call>();
  readonly #uses = new Set<string>();
  readonly #issues: Issue[] = [];
  #bindings: Bindings = new Map();
  #fresh = 0;

  constructor(declarations: Declarations) {
    this.#declarations = declarations;
  }

  checked(whole: Expression): Checked {
    const typeOf = (expression: Expression): CelType =>
      substitute(this.#bindings, this.#types.get(expression) ?? errorType, true);
    return {
      type: typeOf(whole),
      issues: this.#issues,
      uses: this.#uses,
      typeOf,
      overloadsOf: (call) => this.#overloads.get(call) ?? [],
      familyOf: (call) => this.#families.get(call) ?? [],
      variableOf: (expression) => this.#variables.get(expression),
      isQualified: (call) => this.#qualified.has(call),
    };
  }

  check(expression: Expression, scope: Scope | undefined): CelType {
    const type = this.#typeOf(expression, scope);
    this.#types.set(expression, type);
    return type;
  }

  #typeOf(expression: Expression, scope: Scope | undefined): CelType {
    switch (expression.is) {
      case 'literal':
        return LITERALS[typeOf(expression.value)] ?? errorType;
      case 'name':
        return this.#name(expression.name, scope) ?? this.#tell(expression.at, undeclared(expression.name));
      case 'select':
        return this.#select(expression, scope);
      case 'call':
        return this.#call(expression, scope);
      case 'list':
        return this.#list(expression, scope);
      case 'map':
        return this.#map(expression, scope);
      case 'object':
        return this.#object(expression, scope);
      case 'fold':
        return this.#fold(expression, scope);
    }
  }

  #name(name: string, scope: Scope | undefined): CelType | undefined {
    for (let at = scope; at; at = at.outer) if (at.name === name) return at.type;
    return this.#variable(name);
  }

  #variable(name: string): CelType | undefined {
    const type = this.#declarations.variables.get(name);
    if (type) this.#uses.add(name);
    return type;
  }

  #select(select: Select, scope: Scope | undefined): CelType {
    const qualified = qualifiedName(select);
    const variable = qualified === undefined || isLocal(qualified, scope) ? undefined : this.#variable(qualified);
    if (variable && qualified !== undefined) {
      this.#variables.set(select, qualified);
      return variable;
    }
    const type = this.#field(select.of, select.name, select.at, scope);
    return select.isTest ? bool : type;
  }

  /** The type of `of.name`; optional where what it is taken from is. */
  #field(of: Expression, name: string, at: number, scope: Scope | undefined): CelType {
    const held = substitute(this.#bindings, this.check(of, scope));
    const type = this.#fieldOf(unwrapped(held), name, at);
    return substitute(this.#bindings, isOptionalType(held) ? optionalOf(type) : type);
  }

  #fieldOf(target: CelType, name: string, at: number): CelType {
    switch (target.kind) {
      case 'map':
        return target.params[1] ?? dyn;
      case 'object':
        return (
          target.field?.(name) ??
          this.#tell(
            at,
            target.field ? `undefined field '${name}'` : `unexpected failed resolution of '${target.name}'`,
          )
        );
      case 'param':
        this.#assigns(dyn, target);
        return dyn;
      default:
        if (!isDynamic(target)) this.#tell(at, `type '${formatType(target)}' does not support field selection`);
        return dyn;
    }
  }

  #call(call: Call, scope: Scope | undefined): CelType {
    const { name, target, args, at } = call;
    if (name === '_?._') return this.#optionalField(call, scope);
    const types = args.map((arg) => this.check(arg, scope));
    const { functions } = this.#declarations;
    const prefix = target && qualifiedName(target);
    const qualified = prefix === undefined ? undefined : functions.get(`${prefix}.${name}`);
    if (qualified) {
      this.#qualified.add(call);
      return this.#resolve(call, qualified, types, false);
    }
    const all = target ? [this.check(target, scope), ...types] : types;
    const overloads = functions.get(name);
    return overloads ? this.#resolve(call, overloads, all, target !== undefined) : this.#tell(at, undeclared(name));
  }

  #optionalField({ args: [of, name], at }: Call, scope: Scope | undefined): CelType {
    const field = name?.is === 'literal' && typeof name.value === 'string' ? name.value : '';
    this.#types.set(name as Expression, string);
    const type = this.#field(of as Expression, field, at, scope);
    return isOptionalType(type) ? type : optionalOf(type);
  }

  #resolve(call: Call, overloads: readonly Overload[], types: readonly CelType[], isMember: boolean): CelType {
    this.#families.set(call, overloads);
    if (call.name === '_&&_' || call.name === '_||_') return this.#logical(call, overloads, types);
    const fitting: Overload[] = [];
    let result: CelType | undefined;
    for (const overload of overloads) {
      if (overload.isMember !== isMember) continue;
      const [wanted, made] = this.#instance(overload);
      const bindings = assignAll(this.#bindings, types, wanted);
      if (!bindings) continue;
      this.#bindings = bindings;
      fitting.push(overload);
      const found = substitute(bindings, made);
      if (!result) result = found;
      else if (result.kind !== 'dyn' && !sameType(result, found)) result = dyn;
    }
    this.#overloads.set(call, fitting);
    return result ?? this.#tell(call.at, this.#unmatched(overloads[0]?.name ?? call.name, types, isMember));
  }

  #unmatched(name: string, types: readonly CelType[], isMember: boolean): string {
    const shown = types.map((type) => formatType(substitute(this.#bindings, type, true)));
    const applied = isMember ? `${shown[0]}.(${shown.slice(1).join(', ')})` : `(${shown.join(', ')})`;
    return `found no matching overload for '${name}' applied to '${applied}'`;
  }

  #logical(call: Call, overloads: readonly Overload[], types: readonly CelType[]): CelType {
    this.#overloads.set(call, overloads);
    const wrong = types
      .map((type, i) => [type, call.args[i] as Expression] as const)
      .filter(([type]) => !this.#assigns(type, bool));
    for (const [type, { at }] of wrong) this.#mismatch(at, bool, type);
    return wrong.length > 0 ? errorType : bool;
  }

  /** The types of an overload with parameters of its own. */
  #instance({ params, result }: Overload): readonly [params: readonly CelType[], result: CelType] {
    const own = new Map<string, CelType>();
    const renamed = (type: CelType): CelType => {
      if (type.kind !== 'param') return type.params.length === 0 ? type : { ...type, params: type.params.map(renamed) };
      let fresh = own.get(type.name);
      if (!fresh) own.set(type.name, (fresh = this.#freshParam()));
      return fresh;
    };
    return [params.map(renamed), renamed(result)];
  }

  #list({ items }: List, scope: Scope | undefined): CelType {
    let item: CelType | undefined;
    for (const { value, isOptional } of items) item = this.#joined(item, this.#element(value, isOptional, scope));
    return listOf(item ?? this.#freshParam());
  }

  #map({ entries }: MapLiteral, scope: Scope | undefined): CelType {
    let key: CelType | undefined;
    let value: CelType | undefined;
    for (const entry of entries) {
      key = this.#joined(key, this.check(entry.key, scope));
      value = this.#joined(value, this.#element(entry.value, entry.isOptional, scope));
    }
    return mapOf(key ?? this.#freshParam(), value ?? this.#freshParam());
  }

  /** The type of what a literal holds: `?value` is there where the optional has one. */
  #element(value: Expression, isOptional: boolean, scope: Scope | undefined): CelType {
    const type = substitute(this.#bindings, this.check(value, scope));
    if (!isOptional) return type;
    if (!isOptionalType(type) && !isDynamic(type)) this.#mismatch(value.at, optionalOf(type), type);
    return unwrapped(type);
  }

  /** What goes together in no other way is dynamic; literalIssues() says where that may be. */
  #joined(before: CelType | undefined, next: CelType): CelType {
    if (!before) return next;
    return this.#assigns(before, next) ? moreGeneral(before, next) : dyn;
  }

  #object(expression: ObjectLiteral, scope: Scope | undefined): CelType {
    const { type: name, fields } = expression;
    const type = this.#declarations.objectType(name);
    if (!type) return this.#noObject(expression, scope);
    for (const { name: field, value, isOptional, at: fieldAt } of fields) {
      const given = this.#element(value, isOptional, scope);
      const wanted = type.field ? (type.field(field) ?? this.#tell(fieldAt, `undefined field '${field}'`)) : dyn;
      if (!this.#assigns(wanted, given))
        this.#tell(
          fieldAt,
          `expected type of field '${field}' is '${formatType(wanted)}' but provided type is '${formatType(given)}'`,
        );
    }
    return type;
  }

  #noObject({ type: name, fields, at }: ObjectLiteral, scope: Scope | undefined): CelType {
    if (this.#declarations.variables.get(name)?.kind !== 'type') return this.#tell(at, undeclared(name));
    this.#tell(at, `'${name}' is not a message type`);
    for (const field of fields) {
      this.check(field.value, scope);
      this.#tell(field.at, `unexpected failed resolution of '${name}'`);
    }
    return errorType;
  }

  #fold(fold: Fold, scope: Scope | undefined): CelType {
    const range = substitute(this.#bindings, this.check(fold.range, scope));
    const whole = this.check(fold.initial, scope);
    const outer: Scope = { name: fold.accumulator, type: whole, outer: scope };
    const types = this.#rowOf(range, fold);
    const inner = fold.variables.reduce<Scope>((outer, name, i) => ({ name, type: types[i] ?? dyn, outer }), outer);
    for (const [part, wanted] of [
      [fold.condition, bool],
      [fold.step, whole],
    ] as const) {
      const found = this.check(part, inner);
      if (!this.#assigns(wanted, found)) this.#mismatch(part.at, wanted, found);
    }
    return substitute(this.#bindings, this.check(fold.result, outer));
  }

  /** Types of a fold's variables. */
  #rowOf(range: CelType, fold: Fold): readonly CelType[] {
    const hasTwo = fold.variables.length === 2;
    if (range.kind === 'list') return hasTwo ? [int, range.params[0] ?? dyn] : range.params;
    if (range.kind === 'map') return range.params;
    if (isDynamic(range) || range.kind === 'param') {
      this.#assigns(dyn, range);
      return [dyn, dyn];
    }
    this.#tell(
      fold.range.at,
      `expression of type '${formatType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
    );
    return [errorType, errorType];
  }

  #assigns(from: CelType, to: CelType): boolean {
    const bindings = assign(this.#bindings, from, to);
    if (bindings) this.#bindings = bindings;
    return bindings !== undefined;
  }

  #freshParam(): CelType {
    return param(`_var${this.#fresh++}`);
  }

  #mismatch(at: number, wanted: CelType, found: CelType): CelType {
    return this.#tell(at, `expected type '${formatType(wanted)}' but found '${formatType(found)}'`);
  }

  #tell(at: number, message: string): CelType {
    this.#issues.push({ at, message });
    return errorType;
  }
}

const LITERALS: Readonly<Record<string, CelType>> = {
  bool,
  int,
  uint,
  double,
  string,
  bytes,
  null_type: nullType,
  type: anyType,
};

const undeclared = (name: string): string => `undeclared reference to '${name}' (in container '')`;

/** Whether a fold has a name of its own for where `a.b` begins. */
function isLocal(qualified: string, scope: Scope | undefined): boolean {
  const [first] = qualified.split('.');
  for (let at = scope; at; at = at.outer) if (at.name === first) return true;
  return false;
}
