import { equalJson } from '../equality.ts';
import { Field, type FieldError } from '../field.ts';
import type { FieldSchema, ObjectSchema, Schema } from '../schema.ts';
import { type Change, checks, gates, isSet, itemsOf, keyOf, type Shape } from './checks.ts';
import { innerRule, parseRule, type Rule, type RuleFacts, type RuleStage } from './rule.ts';

type Values = Readonly<Record<string, unknown>>;

/** A rule that was broken. */
export interface DeclaredError extends FieldError {
  readonly stage: Exclude<RuleStage, 'alpha'>;
}

/** What is checked, and what is so meanwhile. */
interface Run {
  readonly isUpdate: boolean;
  isOn(feature: string): boolean;
  readonly errors: FieldError[];
  /** Of which stage the rule is that found the error, for each. */
  readonly stages: RuleStage[];
}

interface DeclaredField {
  readonly name: string;
  readonly shape: Shape;
  readonly rules: readonly Rule[];
  /** Whether some of the rules hold only while a feature is on, or off. */
  readonly isConditional: boolean;
  readonly schema: Schema;
  /** Nothing is asked of what is in it. */
  readonly isOpaque: boolean;
  /** What its list or map is of, where something is asked of that. */
  readonly items: ObjectSchema | undefined;
}

interface DeclaredType {
  readonly fields: readonly DeclaredField[];
  /** Those of which rules hang on other fields. */
  readonly related: readonly DeclaredField[];
  /** Of fields of which one is to be set, and how to tell. */
  readonly members: readonly DeclaredField[];
}

/**
 * Checks objects by what their types declare (KEP-5073). What is as it was before is not asked again; what is asked of
 * a field ends with the first thing that makes the rest meaningless.
 */
export class DeclaredRules {
  readonly #facts: RuleFacts;
  readonly #types = new Map<string, DeclaredType>();
  readonly #silent = new Map<string, boolean>();

  constructor(facts: RuleFacts) {
    this.#facts = facts;
  }

  /** What is wrong with an object, in the order in which upstream finds it. `isOn` tells of features. */
  validate(
    schema: ObjectSchema,
    next: object,
    previous: object | undefined,
    isOn: (feature: string) => boolean,
  ): readonly DeclaredError[] {
    if (this.#silent.get(schema.name ?? '') ?? this.#isSilent(schema, new Set())) return [];
    const run: Run = { isUpdate: previous !== undefined, isOn, errors: [], stages: [] };
    this.#object(schema, next as Values, previous as Values | undefined, new Field('', run.errors), run);
    return run.errors.flatMap((error, i) => {
      const stage = run.stages[i] ?? 'stable';
      return stage === 'alpha' ? [] : [{ ...error, stage }];
    });
  }

  /** Whether nothing is declared of the type nor of what is in it. */
  #isSilent(schema: Schema, seen: Set<string>): boolean {
    if (schema.type === 'list') return this.#isSilent(schema.items, seen);
    if (schema.type === 'map') return this.#isSilent(schema.values, seen);
    if (schema.type !== 'object' || schema.name === undefined) return true;
    const known = this.#silent.get(schema.name);
    if (known !== undefined) return known;
    if (seen.has(schema.name)) return true;
    seen.add(schema.name);
    const isSilent =
      !isTold(this.#facts[schema.name]) && schema.fields.every((field) => this.#isSilent(field.schema, seen));
    // What was found on the way of another search may hang on what that one had seen.
    if (!isSilent || seen.size === 1) this.#silent.set(schema.name, isSilent);
    return isSilent;
  }

  #typeOf(schema: ObjectSchema): DeclaredType {
    const name = schema.name ?? '';
    const known = this.#types.get(name);
    if (known) return known;
    const facts = this.#facts[name] ?? {};
    const fields = schema.fields.flatMap((field): readonly DeclaredField[] => {
      const rules = (facts[field.name] ?? []).map((text) => parseRule(text));
      return rules.length === 0 && this.#isSilent(field.schema, new Set())
        ? []
        : [{ ...declaredField(field, rules), items: this.#askedOf(field.schema) }];
    });
    const withRule = (names: ReadonlySet<string>): readonly DeclaredField[] =>
      fields.filter(({ rules }) => rules.some((rule) => names.has(rule.name)));
    const type = { fields, related: withRule(RELATIONS), members: withRule(MEMBERSHIP) };
    this.#types.set(name, type);
    return type;
  }

  #askedOf(schema: Schema): ObjectSchema | undefined {
    const items = schema.type === 'list' ? schema.items : schema.type === 'map' ? schema.values : undefined;
    return items?.type === 'object' && !this.#isSilent(items, new Set()) ? items : undefined;
  }

  #object(schema: ObjectSchema, next: Values, previous: Values | undefined, at: Field, run: Run): void {
    const type = this.#typeOf(schema);
    checkUnion(type.members, next, previous, at, run);
    for (const field of type.related)
      for (const rule of field.rules) checkOthers(rule, field, type, { next, previous }, at, run);
    for (const field of type.fields) this.#field(field, next[field.name], previous, at, run);
  }

  #field(field: DeclaredField, next: unknown, parent: Values | undefined, of: Field, run: Run): void {
    // Types have many fields, objects few.
    if (next === undefined && field.rules.length === 0 && (field.shape.isPointer || !field.shape.isObject)) return;
    const at = of.at(field.name);
    const previous = parent?.[field.name];
    const wasThere = run.isUpdate && parent !== undefined;
    if (wasThere && equalJson(next, previous)) return;
    const rules = field.isConditional ? field.rules.flatMap((rule) => conditional(rule, run)) : field.rules;
    if (rules.length > 0 && !this.#value(field, rules, { next, previous, isUpdate: wasThere }, at, run)) return;
    if (field.isOpaque || (field.shape.isPointer && (next === undefined || next === null))) return;
    if (field.shape.isList) checkUnique(rules, next, field.shape.listMapKeys, at, run);
    this.#inside(field, next, previous, at, run);
  }

  /** False: a rule says that there is nothing more to ask of it. */
  #value(field: DeclaredField, rules: DeclaredField['rules'], change: Change, at: Field, run: Run): boolean {
    let isOver = false;
    for (const rule of rules) {
      const gate = gates[rule.name];
      if (gate) isOver = staged(rule.stage, run, () => gate(rule, change, field.shape, at)) || isOver;
    }
    if (isOver) return false;
    if (field.shape.isPointer && (change.next === undefined || change.next === null)) return false;
    for (const rule of rules) staged(rule.stage, run, () => checkValue(rule, change, at));
    return true;
  }

  #inside({ schema, shape, rules, items }: DeclaredField, next: unknown, previous: unknown, at: Field, run: Run): void {
    if (schema.type === 'object') {
      if (next !== undefined || !shape.isPointer)
        this.#object(schema, (next ?? {}) as Values, previous as Values | undefined, at, run);
    } else if (items && schema.type === 'list') {
      const before = isKeyed(rules)
        ? Map.groupBy(itemsOf(previous), (item) => keyOf(item, shape.listMapKeys))
        : undefined;
      itemsOf(next).forEach((item, i) => {
        const old = before?.get(keyOf(item, shape.listMapKeys))?.[0];
        if (run.isUpdate && old !== undefined && equalJson(item, old)) return;
        this.#object(items, item as Values, old as Values | undefined, at.index(i), run);
      });
    } else if (items) {
      for (const [key, value] of Object.entries((next ?? {}) as Values)) {
        const old = (previous as Values | undefined)?.[key];
        if (run.isUpdate && old !== undefined && equalJson(value, old)) continue;
        this.#object(items, value as Values, old as Values | undefined, at.key(key), run);
      }
    }
  }
}

/** Whether any of the rules of a type is more than tried. */
const isTold = (facts: RuleFacts[string] | undefined): boolean =>
  Object.values(facts ?? {}).some((rules) => rules.some((rule) => !rule.startsWith('alpha:')));

const CONDITIONS: ReadonlySet<string> = new Set(['ifEnabled', 'ifDisabled']);
const RELATIONS: ReadonlySet<string> = new Set(['ifMode', 'dependentRequired', 'dependentForbidden']);
const MEMBERSHIP: ReadonlySet<string> = new Set(['unionMember']);

const isKeyed = (rules: readonly Rule[]): boolean =>
  rules.some(({ name, value }) => (name === 'listType' || name === 'unique') && value !== 'atomic');

function declaredField(field: FieldSchema, rules: readonly Rule[]): Omit<DeclaredField, 'items'> {
  const { schema } = field;
  return {
    name: field.name,
    schema,
    rules,
    isConditional: rules.some(({ name }) => CONDITIONS.has(name)),
    isOpaque: rules.some(({ name }) => name === 'opaqueType'),
    shape: {
      isPointer: field.isPointer,
      isObject: schema.type === 'object',
      isList: schema.type === 'list',
      hasDefault: field.default !== undefined && (field.isPointer || Boolean(field.default)),
      listMapKeys: rules.filter(({ name }) => name === 'listMapKey').map(({ value }) => value),
    },
  };
}

/** Does something, and writes down of which stage what it found is. */
function staged<T>(stage: RuleStage, run: Run, doing: () => T): T {
  const result = doing();
  while (run.stages.length < run.errors.length) run.stages.push(stage);
  return result;
}

/** The rules that hold, given which features are on. */
function conditional(rule: Rule, run: Run): readonly Rule[] {
  if (!CONDITIONS.has(rule.name)) return [rule];
  return run.isOn(rule.of) === (rule.name === 'ifEnabled') ? [innerRule(rule)] : [];
}

function checkValue(rule: Rule, change: Change, at: Field): void {
  const { next } = change;
  switch (rule.name) {
    case 'eachKey':
      for (const key of Object.keys((next ?? {}) as Values)) checkValue(innerRule(rule), { ...change, next: key }, at);
      return;
    case 'eachVal':
      itemsOf(next).forEach((item, i) => checkValue(innerRule(rule), { ...change, next: item }, at.index(i)));
      return;
    case 'subfield': {
      const value = (next as Values | undefined)?.[rule.of];
      const inner = innerRule(rule);
      if (
        inner.name !== 'optional' &&
        value !== undefined &&
        value !== (change.previous as Values | undefined)?.[rule.of]
      ) {
        checkValue(inner, { ...change, next: value }, at.at(rule.of));
      }
      return;
    }
    case 'enum':
      if (Array.isArray(next))
        next.forEach((item, i) => checks['enum']?.(rule, { ...change, next: item }, at.index(i)));
      else checks['enum']?.(rule, change, at);
      return;
    default:
      checks[rule.name]?.(rule, change, at);
  }
}

/** No two items of a set, nor two with the keys of a map. */
function checkUnique(rules: readonly Rule[], next: unknown, keys: readonly string[], at: Field, run: Run): void {
  const rule = rules.find(({ name, value }) => name === 'unique' || (name === 'listType' && value !== 'atomic'));
  if (!rule || rules.some(({ name }) => name === 'customUnique')) return;
  const seen = new Set<string>();
  staged(rule.stage, run, () =>
    itemsOf(next).forEach((item, i) => {
      const key = keyOf(item, keys);
      if (seen.has(key)) at.index(i).duplicate(item);
      seen.add(key);
    }),
  );
}

/** One of several, and only one. */
function checkUnion(
  members: readonly DeclaredField[],
  next: Values,
  previous: Values | undefined,
  at: Field,
  run: Run,
): void {
  const [first] = members;
  if (!first) return;
  const setIn = (values: Values): readonly string[] =>
    members.filter(({ name, shape }) => isSet(values[name], shape)).map(({ name }) => name);
  const given = setIn(next);
  if (run.isUpdate && previous && equalJson(given, setIn(previous))) return;
  const all = members.map(({ name }) => `\`${name}\``).join(', ');
  staged(first.rules.find(({ name }) => name === 'unionMember')?.stage ?? 'stable', run, () => {
    if (given.length > 1) at.invalid(`{${given.join(', ')}}`, `must specify exactly one of: ${all}`);
    if (given.length === 0) at.invalid('', `must specify one of: ${all}`);
  });
}

interface Pair {
  readonly next: Values;
  readonly previous: Values | undefined;
}

/** Rules of a field that hang on another one. */
function checkOthers(
  rule: Rule,
  field: DeclaredField,
  type: DeclaredType,
  { next, previous }: Pair,
  at: Field,
  run: Run,
): void {
  const isThere = (values: Values | undefined, name: string): boolean => {
    const shape = type.fields.find((one) => one.name === name)?.shape ?? { isPointer: false, isObject: false };
    return values !== undefined && isSet(values[name], shape);
  };
  const isSame = (name: string): boolean =>
    run.isUpdate && previous !== undefined && isThere(next, name) === isThere(previous, name);
  if (rule.name === 'ifMode') return checkMode(rule, field, type, { next, previous }, at, run);
  if (rule.name !== 'dependentRequired' && rule.name !== 'dependentForbidden') return;
  if (!isThere(next, field.name) || (isSame(field.name) && isSame(rule.of))) return;
  staged(rule.stage, run, () => {
    if (rule.name === 'dependentRequired' && !isThere(next, rule.of))
      at.at(rule.of).required(`must be set when ${field.name} is set`);
    if (rule.name === 'dependentForbidden' && isThere(next, rule.of))
      at.at(rule.of).forbidden(`may not be set when ${field.name} is set`);
  });
}

/** A field that belongs to one mode of its object. */
function checkMode(
  rule: Rule,
  field: DeclaredField,
  type: DeclaredType,
  { next, previous }: Pair,
  at: Field,
  run: Run,
): void {
  const mode = type.fields.find(({ rules }) => rules.some(({ name }) => name === 'modeDiscriminator'))?.name ?? '';
  const value = next[field.name];
  if (run.isUpdate && previous && next[mode] === previous[mode] && equalJson(value, previous[field.name])) return;
  staged(rule.stage, run, () => {
    if (next[mode] !== rule.of) {
      if (isSet(value, field.shape)) at.at(field.name).forbidden();
    } else if (rule.value === 'required' && !isSet(value, field.shape)) at.at(field.name).required();
  });
}

/**
 * What a request is told: what was found by hand, but for what a rule says as well, and then what the rules say.
 */
export function withDeclared(byHand: readonly FieldError[], declared: readonly DeclaredError[]): readonly FieldError[] {
  const told = declared.map(({ stage: _, ...error }) => error);
  const betas = declared.filter(({ stage }) => stage === 'beta');
  return [...byHand.filter((error) => !betas.some((rule) => saysTheSame(rule, error))), ...told];
}

/** Of invalid values there may be several complaints; what else is wrong with a field is wrong once. */
function saysTheSame(rule: DeclaredError, error: FieldError): boolean {
  if (rule.reason !== error.reason || rule.field !== error.field) return false;
  if (rule.reason !== 'FieldValueInvalid') return true;
  return plain(rule) === plain(error);
}

/** By hand, upstream shows what a field was to be that may not change, and counts letters where rules count bytes. */
const plain = ({ message }: FieldError): string =>
  message.endsWith(UNCHANGEABLE) ? UNCHANGEABLE : message.replace(/(no more than \d+) characters$/, '$1 bytes');
const UNCHANGEABLE = ': field is immutable';
