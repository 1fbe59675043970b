import { type Cel, compileCel } from '../cel/cel.ts';
import { Budget, type Functions } from '../cel/evaluate.ts';
import { celMatching } from '../cel/extensions.ts';
import { CelSyntaxError } from '../cel/syntax.ts';
import { CelBudgetError, CelError } from '../cel/values.ts';
import { Field } from '../field.ts';
import { type Before, isUnchanged, itemBefore, memberBefore } from './before.ts';
import { celValue } from './cel-value.ts';
import { isObject, type JsonSchema, memberSchema } from './json-schema.ts';
import type { Patterns } from './patterns.ts';

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
  readonly #functions: Functions;

  /** `patterns`: the engine of `matches()`. */
  constructor(schema: JsonSchema, patterns: Patterns) {
    this.#schema = schema;
    this.#functions = celMatching(patterns);
    this.#hasRules = someSchema(schema, (one) => rulesOf(one).length > 0);
  }

  get hasRules(): boolean {
    return this.#hasRules;
  }

  /**
   * Rules about the value, and about what became of the one before where there is one. What a rule says of a value that
   * an update left alone is not told, unless the rule looks at both (KEP-4008).
   */
  validate(value: unknown, at: Field, before?: Before): void {
    if (!this.#hasRules) return;
    try {
      this.#check({ value, schema: this.#schema, ruled: this.#schema, before, isRatcheted: true }, at, new Budget(STEPS_MAX));
    } catch (error) {
      if (!(error instanceof Exhausted)) throw error;
    }
  }

  #check(place: Place, at: Field, budget: Budget): void {
    const { value, schema, ruled, before } = place;
    if (value === null || value === undefined) return;
    for (const rule of this.#rules(ruled)) judge(rule, place, at, budget);
    // Rules of branches see the value by the skeleton's types, and are told whatever was there before.
    for (const branch of ruled.allOf ?? []) this.#check({ ...place, ruled: branch, isRatcheted: false }, at, budget);
    if (Array.isArray(value)) {
      if (!schema.items || !ruled.items) return;
      const inside = { schema: schema.items, ruled: ruled.items, isRatcheted: true };
      for (const [i, item] of value.entries()) this.#check({ ...inside, value: item, before: itemBefore(before, schema, item) }, at.index(i), budget);
    } else if (isObject(value)) {
      for (const name of Object.keys(value).sort()) {
        const [member, ruledMember] = [memberSchema(schema, name), memberSchema(ruled, name)];
        if (!member || !ruledMember) continue;
        const isDeclared = Object.hasOwn(schema.properties ?? {}, name);
        const inside = { value: value[name], schema: member, ruled: ruledMember, before: memberBefore(before, schema, name), isRatcheted: true };
        this.#check(inside, isDeclared ? at.at(name) : at.key(name), budget);
      }
    }
  }

  #rules(schema: JsonSchema): readonly CompiledRule[] {
    let rules = this.#compiled.get(schema);
    if (!rules) this.#compiled.set(schema, (rules = rulesOf(schema).map((rule) => compiled(rule, this.#functions))));
    return rules;
  }
}

interface Place {
  readonly value: unknown;
  /** What types the value has. */
  readonly schema: JsonSchema;
  /** What rules it is held to: the same schema, or a branch of its allOf. */
  readonly ruled: JsonSchema;
  readonly before: Before | undefined;
  readonly isRatcheted: boolean;
}

/** The budget is used up: nothing more is looked at. */
class Exhausted extends Error {}

const compiled = (rule: Rule, functions: Functions): CompiledRule => ({
  rule, holds: compileCel(rule.rule, { variables: VARIABLES, functions }), isTransition: /\boldSelf\b/.test(rule.rule),
  message: rule.messageExpression ? compileCel(rule.messageExpression, { variables: VARIABLES, functions }) : undefined,
});

function judge({ rule, holds, message, isTransition }: CompiledRule, place: Place, at: Field, budget: Budget): void {
  const { value, schema, before } = place;
  // What is new has nothing it came from.
  if (isTransition && before === undefined && !rule.optionalOldSelf) return;
  const variables = {
    self: () => celValue(value, schema),
    ...(isTransition ? { oldSelf: () => celValue(before?.value, schema, rule.optionalOldSelf === true) } : {}),
  };
  const here = new Field(at.path === '' ? '<nil>' : at.path, at.errors);
  const type = schema['x-kubernetes-int-or-string'] ? '' : (schema.type ?? '');
  try {
    if (holds.evaluate(variables, budget) === true) return;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    if (!(error instanceof CelBudgetError)) return here.invalid(type, `${error.message} evaluating rule: ${rule.message?.trim() || rule.rule.trim()}`);
    here.invalid(type, 'validation failed due to running out of cost budget, no further validation rules will be run');
    throw new Exhausted();
  }
  if (!isTransition && place.isRatcheted && isUnchanged(value, before, schema)) return;
  const words = told(message, variables, budget) ?? (rule.message?.trim() || `failed rule: ${rule.rule.trim()}`);
  say(rule, rule.fieldPath ? new Field(`${at.path}${rule.fieldPath}`.replace(/^\./, ''), at.errors) : here, place, words);
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

function say({ reason }: Rule, at: Field, { value, schema }: Place, message: string): void {
  const isShown = schema.type !== 'object' && schema.type !== 'array';
  switch (reason) {
    case 'FieldValueRequired': return at.required(message);
    case 'FieldValueForbidden': return at.forbidden(message);
    case 'FieldValueDuplicate': return isShown ? at.duplicate(value) : at.duplicateOmitted();
    default: return isShown ? at.invalid(value, message) : at.invalidOmitted(message);
  }
}

function someSchema(schema: JsonSchema, is: (schema: JsonSchema) => boolean): boolean {
  if (is(schema)) return true;
  const inside = [...(schema.allOf ?? []), schema.items, typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined, ...Object.values(schema.properties ?? {})];
  return inside.some((member) => member !== undefined && someSchema(member, is));
}
