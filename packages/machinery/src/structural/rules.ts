import { CALL_COST_MAX, type Cel, compileCel } from '../cel/cel.ts';
import { Budget } from '../cel/step.ts';
import { CelSyntaxError } from '../cel/issues.ts';
import { bool, type CelType, dyn, optionalOf, sameType, string } from '../cel/types.ts';
import { CelBudgetError, CelError } from '../cel/values.ts';
import { Field } from '../field.ts';
import { type Before, isUnchanged, itemBefore, memberBefore } from './before.ts';
import { celValue } from './cel-value.ts';
import { isObject, type JsonSchema, memberSchema } from './json-schema.ts';
import type { Patterns } from './patterns.ts';
import { type Declared, declaredBy } from './rule-types.ts';

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

/** What all rules of one object may cost together. */
const COST_MAX = 10_000_000;
/** Longer messages of rules are not told. */
const MESSAGE_CHARS_MAX = 5120;

export const rulesOf = (schema: JsonSchema): readonly Rule[] =>
  (schema['x-kubernetes-validations'] ?? []) as readonly Rule[];

/** What is wrong with an expression, in upstream's words. */
export interface RuleFault {
  readonly fault: string;
}

/** One expression of a rule about values that are declared so: a `bool` whether it holds, or a `string` to say why not. */
export function compileRule(
  source: string,
  rule: Rule,
  declared: Declared | undefined,
  patterns: Patterns,
  wanted: CelType,
): Cel | RuleFault {
  const self = declared?.type ?? dyn;
  const isMessage = wanted === string;
  try {
    const made = compileCel(source, {
      variables: { self, oldSelf: rule.optionalOldSelf ? optionalOf(self) : self },
      patterns,
    });
    if (!sameType(made.type, wanted))
      return {
        fault: isMessage ? 'messageExpression must evaluate to a string' : 'cel expression must evaluate to a bool',
      };
    made.prepare();
    return made;
  } catch (error) {
    if (error instanceof CelSyntaxError)
      return { fault: `${isMessage ? 'messageExpression ' : ''}compilation failed: ${error.message}` };
    if (error instanceof CelError)
      return { fault: `${isMessage ? 'messageExpression' : 'program'} instantiation failed: ${error.message}` };
    throw error;
  }
}

/** Who wants to know how long rules take. */
export interface RuleTimes {
  /** Monotonic, ms. */
  now(): number;
  /** The rules of one part of a schema were compiled. */
  compiled(ms: number): void;
  /** An object was held to all of its rules. */
  evaluated(ms: number): void;
}

/** Holds objects of one schema to its rules, which are compiled when they are first needed. */
export class RuleValidator {
  readonly #schema: JsonSchema;
  readonly #compiled = new WeakMap<JsonSchema, readonly (CompiledRule | RuleFault)[]>();
  readonly #hasRules: boolean;
  readonly #patterns: Patterns;
  readonly #times: RuleTimes | undefined;

  /** `patterns`: the engine of `matches()`. */
  constructor(schema: JsonSchema, patterns: Patterns, times?: RuleTimes) {
    this.#schema = schema;
    this.#times = times;
    this.#patterns = patterns;
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
    const began = this.#times?.now() ?? 0;
    try {
      const place = { value, schema: this.#schema, ruled: this.#schema, before, isRatcheted: true, isResource: true };
      this.#check(place, at, new Budget(COST_MAX));
    } catch (error) {
      if (!(error instanceof Exhausted)) throw error;
    }
    this.#times?.evaluated(this.#times.now() - began);
  }

  #check(place: Place, at: Field, budget: Budget): void {
    const { value, schema, ruled, before } = place;
    if (value === null || value === undefined) return;
    for (const rule of this.#rules(place)) judge(rule, place, at, budget);
    // Rules of branches see the value by the skeleton's types, and are told whatever was there before.
    for (const branch of ruled.allOf ?? []) this.#check({ ...place, ruled: branch, isRatcheted: false }, at, budget);
    if (Array.isArray(value)) {
      if (!schema.items || !ruled.items) return;
      const inside = {
        schema: schema.items,
        ruled: ruled.items,
        isRatcheted: true,
        isResource: isEmbedded(schema.items),
      };
      for (const [i, item] of value.entries())
        this.#check({ ...inside, value: item, before: itemBefore(before, schema, item) }, at.index(i), budget);
    } else if (isObject(value)) {
      for (const name of Object.keys(value).sort()) {
        const [member, ruledMember] = [memberSchema(schema, name), memberSchema(ruled, name)];
        if (!member || !ruledMember) continue;
        const isDeclared = Object.hasOwn(schema.properties ?? {}, name);
        const inside = {
          value: value[name],
          schema: member,
          ruled: ruledMember,
          before: memberBefore(before, schema, name),
          isRatcheted: true,
          isResource: isEmbedded(member),
        };
        this.#check(inside, isDeclared ? at.at(name) : at.key(name), budget);
      }
    }
  }

  /** Rules of branches see the types of the skeleton. */
  #rules({ schema, ruled, isResource }: Place): readonly (CompiledRule | RuleFault)[] {
    let rules = this.#compiled.get(ruled);
    if (rules) return rules;
    const began = this.#times?.now() ?? 0;
    const declared = rulesOf(ruled).length > 0 ? declaredBy(schema, isResource) : undefined;
    rules = rulesOf(ruled)
      .filter(({ rule }) => rule.trim() !== '')
      .map((rule) => compiled(rule, declared, this.#patterns));
    this.#compiled.set(ruled, rules);
    if (rules.length > 0) this.#times?.compiled(this.#times.now() - began);
    return rules;
  }
}

const isEmbedded = (schema: JsonSchema): boolean => schema['x-kubernetes-embedded-resource'] === true;

interface Place {
  readonly value: unknown;
  /** What types the value has. */
  readonly schema: JsonSchema;
  /** What rules it is held to: the same schema, or a branch of its allOf. */
  readonly ruled: JsonSchema;
  readonly before: Before | undefined;
  readonly isRatcheted: boolean;
  /** An object of the API. */
  readonly isResource: boolean;
}

/** The budget is used up: nothing more is looked at. */
class Exhausted extends Error {}

function compiled(rule: Rule, declared: Declared | undefined, patterns: Patterns): CompiledRule | RuleFault {
  const holds = compileRule(rule.rule, rule, declared, patterns, bool);
  if ('fault' in holds) return holds;
  const message = rule.messageExpression
    ? compileRule(rule.messageExpression, rule, declared, patterns, string)
    : undefined;
  return {
    rule,
    holds,
    message: message && 'fault' in message ? undefined : message,
    isTransition: holds.uses.has('oldSelf'),
  };
}

const nameOf = (rule: Rule): string => (rule.message ?? rule.rule).trim() || rule.rule.trim();

function judge(compiled: CompiledRule | RuleFault, place: Place, at: Field, budget: Budget): void {
  const here = new Field(at.path === '' ? '<nil>' : at.path, at.errors);
  const { value, schema, before } = place;
  const type = schema['x-kubernetes-int-or-string'] ? '' : (schema.type ?? '');
  // Written when less was checked.
  if ('fault' in compiled) return here.invalid(type, `rule compile error: ${compiled.fault}`);
  const { rule, holds, message, isTransition } = compiled;
  // What is new has nothing it came from.
  if (isTransition && before === undefined && !rule.optionalOldSelf) return;
  const variables = {
    self: () => celValue(value, schema),
    oldSelf: () => celValue(before?.value, schema, rule.optionalOldSelf === true),
  };
  const outcome = evaluated(holds, variables, budget);
  if (outcome.isExhausted) {
    here.invalid(type, 'validation failed due to running out of cost budget, no further validation rules will be run');
    throw new Exhausted();
  }
  if (outcome.error) return failed(rule, outcome.error, here, type);
  if (outcome.value === true) return;
  if (!isTransition && place.isRatcheted && isUnchanged(value, before, schema)) return;
  const toldAt = rule.fieldPath ? new Field(`${at.path}${rule.fieldPath}`.replace(/^\./, ''), at.errors) : here;
  const words = message && told(message, { rule, variables, budget, at: toldAt, type });
  say(rule, toldAt, place, words ?? (rule.message?.trim() || `failed rule: ${rule.rule.trim()}`));
}

interface Outcome {
  readonly value?: unknown;
  readonly error?: CelError;
  /** It cost more than all rules had left. */
  readonly isExhausted: boolean;
}

/** One evaluation, by a budget of its own within that of all. */
function evaluated(expression: Cel, variables: Readonly<Record<string, unknown>>, all: Budget): Outcome {
  const own = new Budget(CALL_COST_MAX);
  let outcome: Omit<Outcome, 'isExhausted'>;
  try {
    outcome = { value: expression.evaluate(variables, own) };
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    outcome = { error };
  }
  try {
    all.spend(CALL_COST_MAX - own.left);
    return { ...outcome, isExhausted: false };
  } catch (error) {
    if (!(error instanceof CelBudgetError)) throw error;
    return { isExhausted: true };
  }
}

function failed(rule: Rule, error: CelError, at: Field, type: string): void {
  const { message } = error;
  if (error instanceof CelBudgetError) {
    at.invalid(
      type,
      `'${message}': no further validation rules will be run due to call cost exceeds limit for rule: ${nameOf(rule)}`,
    );
    throw new Exhausted();
  }
  if (message.startsWith('no such overload'))
    return at.invalid(
      type,
      `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${nameOf(rule)}`,
    );
  at.invalid(type, `${message} evaluating rule: ${nameOf(rule)}`);
}

interface Telling {
  readonly rule: Rule;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly budget: Budget;
  readonly at: Field;
  readonly type: string;
}

/** What the rule's own words come to; undefined where they fail or say nothing. */
function told(message: Cel, { rule, variables, budget, at, type }: Telling): string | undefined {
  const { value, error, isExhausted } = evaluated(message, variables, budget);
  if (isExhausted)
    at.invalid(
      type,
      'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run',
    );
  else if (error instanceof CelBudgetError)
    at.invalid(
      type,
      `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(rule.messageExpression)}`,
    );
  if (isExhausted || error instanceof CelBudgetError) throw new Exhausted();
  const text = typeof value === 'string' ? value.trim() : '';
  return text !== '' && text.length <= MESSAGE_CHARS_MAX && !/[\n\r]/.test(text) ? text : undefined;
}

function say({ reason }: Rule, at: Field, { value, schema }: Place, message: string): void {
  const isShown = schema.type !== 'object' && schema.type !== 'array';
  switch (reason) {
    case 'FieldValueRequired':
      return at.required(message);
    case 'FieldValueForbidden':
      return at.forbidden(message);
    case 'FieldValueDuplicate':
      return isShown ? at.duplicate(value) : at.duplicateOmitted();
    default:
      return isShown ? at.invalid(value, message) : at.invalidOmitted(message);
  }
}

function someSchema(schema: JsonSchema, is: (schema: JsonSchema) => boolean): boolean {
  if (is(schema)) return true;
  const inside = [
    ...(schema.allOf ?? []),
    schema.items,
    typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined,
    ...Object.values(schema.properties ?? {}),
  ];
  return inside.some((member) => member !== undefined && someSchema(member, is));
}
