import type { Cel } from '../cel/cel.ts';
import { bool, type CelType, string } from '../cel/types.ts';
import type { Field } from '../field.ts';
import type { JsonSchema } from './json-schema.ts';
import { backtrackingPatterns } from './patterns.ts';
import { type Declared, declaredBy, REQUEST_BYTES_MAX } from './rule-types.ts';
import { compileRule, type Rule, rulesOf } from './rules.ts';

/** What one rule, and all of a schema, may cost at most by their estimates (KEP-2876, "Resource constraints"). */
const RULE_COST_MAX = 10_000_000;
const SCHEMA_COST_MAX = 100_000_000;
/** So many rules are named when the whole is too expensive, if they cost at least a hundredth of what it may. */
const NAMED_MAX = 4;

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const LINE_BREAK = /[\n\r]/;

/** What a rule says besides its expressions. */
export function checkRuleFields(schema: JsonSchema, at: Field): void {
  for (const [i, rule] of rulesOf(schema).entries()) {
    const here = at.at('x-kubernetes-validations').index(i);
    const { message = '', messageExpression = '', reason, fieldPath = '' } = rule;
    const source = (rule.rule ?? '').trim();
    if (source === '') here.at('rule').required('rule is not specified');
    else if (message !== '' && message.trim() === '')
      here.at('message').invalid(message, 'must be non-empty if specified');
    else if (LINE_BREAK.test(message.trim())) here.at('message').invalid(message, 'must not contain line breaks');
    else if (LINE_BREAK.test(source) && message.trim() === '')
      here.at('message').required('message must be specified if rule contains line breaks');
    if (messageExpression !== '' && messageExpression.trim() === '')
      here.at('messageExpression').required('messageExpression must be non-empty if specified');
    if (reason !== undefined && !REASONS.includes(reason)) here.at('reason').notSupported(reason, REASONS);
    if (fieldPath !== '') checkFieldPath(fieldPath, schema, here.at('fieldPath'));
  }
}

function checkFieldPath(path: string, schema: JsonSchema, at: Field): void {
  if (path.trim() === '') at.invalid(path, 'must be non-empty if specified');
  if (LINE_BREAK.test(path)) at.invalid(path, 'must not contain line breaks');
  if (!leadsSomewhere(path, schema)) at.invalid(path, 'must be a valid path');
}

const STEP = /\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\]/gy;

/** `.spec['a.b'].c`, through what has names. */
function leadsSomewhere(path: string, schema: JsonSchema): boolean {
  let at: JsonSchema | undefined = schema;
  let end = 0;
  for (const step of path.matchAll(STEP)) {
    const name = step[1] ?? (step[2] ?? '').replace(/\\(.)/g, '$1');
    end = step.index + step[0].length;
    if (at?.properties) at = Object.hasOwn(at.properties, name) ? at.properties[name] : undefined;
    else at = typeof at?.additionalProperties === 'object' ? at.additionalProperties : undefined;
    if (!at) return false;
  }
  return end === path.length;
}

/**
 * Compiles every rule of a schema that is right otherwise, and says what is wrong with their types and what they would
 * cost. What is wrong with a part of the schema hides the rules about it: `isWrong` tells.
 */
export function checkRules(root: JsonSchema, at: Field, isWrong: (at: Field) => boolean): void {
  const check = new RuleCheck(isWrong);
  check.schema(root, { at, declared: () => declaredBy(root, true), timesMax: 1, loose: undefined });
  check.total(at);
}

/** Where in a schema a rule stands. */
interface Place {
  readonly at: Field;
  declared(): Declared | undefined;
  /** How often the value may occur in an object; undefined where no limit is set. */
  readonly timesMax: number | undefined;
  /** The path of the nearest part whose items cannot be told from those before. */
  readonly loose: string | undefined;
}

interface Cost {
  readonly at: Field;
  readonly cost: number;
}

class RuleCheck {
  readonly #isWrong: (at: Field) => boolean;
  readonly #costs: Cost[] = [];

  constructor(isWrong: (at: Field) => boolean) {
    this.#isWrong = isWrong;
  }

  schema(schema: JsonSchema, place: Place): void {
    const { at, loose } = place;
    const inner = (member: JsonSchema, where: Field, isLoose: boolean): void =>
      this.schema(member, {
        at: where,
        declared: once(() => declaredBy(member, member['x-kubernetes-embedded-resource'] === true)),
        timesMax: times(place.timesMax, elementsMax(schema)),
        loose: isLoose ? at.path : loose,
      });
    if (typeof schema.additionalProperties === 'object')
      inner(schema.additionalProperties, at.at('additionalProperties'), false);
    for (const [name, member] of Object.entries(schema.properties ?? {}))
      inner(member, at.at('properties').key(name), schema['x-kubernetes-map-type'] === 'atomic');
    if (schema.items && !Array.isArray(schema.items))
      inner(schema.items, at.at('items'), schema['x-kubernetes-list-type'] !== 'map');
    if (rulesOf(schema).length === 0 || this.#isWrong(at)) return;
    for (const [i, rule] of rulesOf(schema).entries())
      this.#rule(rule, at.at('x-kubernetes-validations').index(i), place);
  }

  /** Whether all rules together cost too much. */
  total(at: Field): void {
    const total = this.#costs.reduce((sum, { cost }) => sum + cost, 0);
    if (total <= SCHEMA_COST_MAX) return;
    const expensive = this.#costs
      .filter(({ cost }) => cost >= SCHEMA_COST_MAX / 100)
      .toSorted((a, b) => b.cost - a.cost)
      .slice(0, NAMED_MAX);
    for (const one of expensive)
      one.at.forbidden('contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema');
    at.forbidden(
      costMessage(
        'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema',
        total,
        SCHEMA_COST_MAX,
      ),
    );
  }

  #rule(rule: Rule, at: Field, { declared, timesMax, loose }: Place): void {
    const known = declared();
    const holds = compile(rule.rule, rule, known, bool, at.at('rule'));
    const usesOld = holds?.uses.has('oldSelf') === true;
    if (holds && known)
      this.#weigh(
        holds.costMax(known) * (timesMax ?? Math.floor(REQUEST_BYTES_MAX / (known.bytesMin + 1))),
        at.at('rule'),
        'estimated rule cost',
      );
    if (holds && rule.messageExpression) {
      const message = compile(rule.messageExpression, rule, known, string, at.at('messageExpression'));
      if (message && known)
        this.#weigh(message.costMax(known), at.at('messageExpression'), 'estimated messageExpression cost');
    }
    if (usesOld && loose !== undefined)
      at.at('rule').invalid(
        rule.rule,
        `oldSelf cannot be used on the uncorrelatable portion of the schema within ${loose}`,
      );
    else if (!usesOld && rule.optionalOldSelf !== undefined)
      at.at('optionalOldSelf').invalid(rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule');
  }

  #weigh(cost: number, at: Field, name: string): void {
    if (cost > RULE_COST_MAX) at.forbidden(costMessage(name, cost, RULE_COST_MAX));
    this.#costs.push({ at, cost });
  }
}

function compile(
  source: string,
  rule: Rule,
  declared: Declared | undefined,
  wanted: CelType,
  at: Field,
): Cel | undefined {
  const made = compileRule(source, rule, declared, backtrackingPatterns, wanted);
  if (!('fault' in made)) return made;
  at.invalid(shownRule(rule), made.fault);
  return undefined;
}

/** As upstream has it in memory. */
const shownRule = ({
  rule,
  message = '',
  messageExpression = '',
  reason,
  fieldPath = '',
  optionalOldSelf,
}: Rule): unknown => ({
  Rule: rule,
  Message: message,
  MessageExpression: messageExpression,
  Reason: reason ?? null,
  FieldPath: fieldPath,
  OptionalOldSelf: optionalOldSelf ?? null,
});

const times = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a * b;

/** How many values a schema may hold of those within; undefined where it sets no limit. */
function elementsMax({ type, additionalProperties, maxProperties, maxItems }: JsonSchema): number | undefined {
  const limit =
    type === 'array' ? maxItems : type === 'object' && additionalProperties !== undefined ? maxProperties : 1;
  return limit === undefined ? undefined : Math.max(0, limit);
}

function costMessage(name: string, cost: number, max: number): string {
  const factor = cost / max;
  const shown = factor > 100 ? 'more than 100x' : `${factor.toFixed(factor < 1.5 ? 6 : 1)}x`;
  return `${name} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
