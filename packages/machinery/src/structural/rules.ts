import { type Cel, compileCel } from '../cel/cel.ts';
import { Budget } from '../cel/evaluate.ts';
import { CelSyntaxError } from '../cel/syntax.ts';
import { CelBudgetError, CelError } from '../cel/values.ts';
import { Field } from '../field.ts';
import { celValue } from './cel-value.ts';
import { isObject, type JsonObject, type JsonSchema, memberSchema } from './json-schema.ts';

/** One of x-kubernetes-validations (KEP-2876). */
export interface Rule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

interface CompiledRule {
  readonly rule: Rule;
  readonly holds: Cel;
  readonly message: Cel | undefined;
  /** Speaks of the value before: has something to say of updates only. */
  readonly isTransition: boolean;
}

const VARIABLES = ['self', 'oldSelf'];
/** Steps that all rules of one object may take together. */
const STEPS_MAX = 10_000_000;

const rulesOf = (schema: JsonSchema): readonly Rule[] => (schema['x-kubernetes-validations'] ?? []) as readonly Rule[];

/** Says of each rule of a schema that is none why it is none. */
export function checkRules(schema: JsonSchema, at: Field): void {
  for (const [i, rule] of rulesOf(schema).entries()) {
    const here = at.at('x-kubernetes-validations').index(i);
    if (!rule.rule) here.at('rule').required('rule is not specified');
    for (const [name, source] of [['rule', rule.rule], ['messageExpression', rule.messageExpression]] as const) {
      try {
        if (source) compileCel(source, { variables: VARIABLES });
      } catch (error) {
        if (!(error instanceof CelSyntaxError)) throw error;
        here.at(name).invalid(source, `compilation failed: ${error.message}`);
      }
    }
  }
}

/** Holds objects of one schema to its rules, which are compiled when they are first needed. */
export class RuleValidator {
  readonly #schema: JsonSchema;
  readonly #compiled = new WeakMap<JsonSchema, readonly CompiledRule[]>();
  readonly #hasRules: boolean;

  constructor(schema: JsonSchema) {
    this.#schema = schema;
    this.#hasRules = someSchema(schema, (one) => rulesOf(one).length > 0);
  }

  /** Rules about the value alone. */
  validate(value: unknown, at: Field): void {
    if (this.#hasRules) this.#check({ value, schema: this.#schema, previous: undefined, isUpdate: false }, at, new Budget(STEPS_MAX));
  }

  /** Rules about what became of the value before. */
  validateUpdate(value: unknown, previous: unknown, at: Field): void {
    if (this.#hasRules) this.#check({ value, schema: this.#schema, previous, isUpdate: true }, at, new Budget(STEPS_MAX));
  }

  #check(place: Place, at: Field, budget: Budget): void {
    for (const rule of this.#rules(place.schema)) if (rule.isTransition === place.isUpdate) judge(rule, place, at, budget);
    const { value, schema } = place;
    if (Array.isArray(value)) {
      if (schema.items) for (const [i, item] of value.entries()) this.#check({ ...place, value: item, schema: schema.items, previous: sameItem(item, schema, place.previous) }, at.index(i), budget);
      return;
    }
    if (!isObject(value)) return;
    for (const name of Object.keys(value).sort()) {
      const member = memberSchema(schema, name);
      const isDeclared = Object.hasOwn(schema.properties ?? {}, name);
      const previous = isObject(place.previous) ? place.previous[name] : undefined;
      if (member) this.#check({ ...place, value: value[name], schema: member, previous }, isDeclared ? at.at(name) : at.key(name), budget);
    }
  }

  #rules(schema: JsonSchema): readonly CompiledRule[] {
    let rules = this.#compiled.get(schema);
    if (!rules) this.#compiled.set(schema, (rules = rulesOf(schema).map(compiled)));
    return rules;
  }
}

interface Place {
  readonly value: unknown;
  readonly schema: JsonSchema;
  readonly previous: unknown;
  readonly isUpdate: boolean;
}

const compiled = (rule: Rule): CompiledRule => ({
  rule, holds: compileCel(rule.rule, { variables: VARIABLES }), isTransition: /\boldSelf\b/.test(rule.rule),
  message: rule.messageExpression ? compileCel(rule.messageExpression, { variables: VARIABLES }) : undefined,
});

function judge({ rule, holds, message, isTransition }: CompiledRule, { value, schema, previous }: Place, at: Field, budget: Budget): void {
  if (value === null && schema.nullable !== true) return;
  // What is new has nothing it came from.
  if (isTransition && previous === undefined && !rule.optionalOldSelf) return;
  const variables = {
    self: () => celValue(value, schema),
    ...(isTransition ? { oldSelf: () => celValue(previous, schema, rule.optionalOldSelf === true) } : {}),
  };
  const here = new Field(at.path === '' ? '<nil>' : at.path, at.errors);
  const shown = schema['x-kubernetes-int-or-string'] ? '' : (schema.type ?? '');
  const fixed = rule.message || `failed rule: ${rule.rule.trim()}`;
  try {
    if (holds.evaluate(variables, budget) === true) return;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    here.invalid(shown, error instanceof CelBudgetError ? 'validation failed due to running out of cost budget, no further validation rules will be run' : `${error.message} evaluating rule: ${fixed}`);
    return;
  }
  say(rule, rule.fieldPath ? new Field(`${at.path}${rule.fieldPath}`.replace(/^\./, ''), at.errors) : here, shown, told(message, variables, budget) ?? fixed);
}

/** What the rule's own words come to; undefined where they fail or say nothing. */
function told(message: Cel | undefined, variables: Readonly<Record<string, unknown>>, budget: Budget): string | undefined {
  try {
    const text = message?.evaluate(variables, budget);
    return typeof text === 'string' && text.trim() !== '' && !text.includes('\n') ? text : undefined;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return undefined;
  }
}

function say({ reason }: Rule, at: Field, shown: string, message: string): void {
  switch (reason) {
    case 'FieldValueRequired': return at.required(message);
    case 'FieldValueForbidden': return at.forbidden(message);
    case 'FieldValueDuplicate': return at.duplicate(shown);
    default: at.invalid(shown, message);
  }
}

/** The item of the list before with the same keys; items of other lists cannot be told apart. */
function sameItem(item: unknown, schema: JsonSchema, previous: unknown): unknown {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (!Array.isArray(previous) || schema['x-kubernetes-list-type'] !== 'map' || keys.length === 0 || !isObject(item)) return undefined;
  return previous.find((other: unknown) => isObject(other) && keys.every((key) => (other as JsonObject)[key] === item[key]));
}

function someSchema(schema: JsonSchema, is: (schema: JsonSchema) => boolean): boolean {
  if (is(schema)) return true;
  const inside = [schema.items, typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined, ...Object.values(schema.properties ?? {})];
  return inside.some((member) => member !== undefined && someSchema(member, is));
}
