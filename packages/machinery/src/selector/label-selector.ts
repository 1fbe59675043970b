import type { LabelSelector } from '../meta.ts';
import { labelValueErrors, qualifiedNameErrors } from '../names/names.ts';
import { badRequest } from '../status.ts';

type Labels = Readonly<Record<string, string>>;
export type Operator = 'in' | 'notin' | 'exists' | 'absent' | 'gt' | 'lt';

export interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

/** A compiled selector: every requirement must hold. */
export interface Selector {
  readonly requirements: readonly Requirement[];
  matches(labels: Labels | undefined): boolean;
}

const NO_LABELS: Labels = {};

export const everything: Selector = { requirements: [], matches: () => true };
export const nothing: Selector = { requirements: [], matches: () => false };

export function selectorOf(requirements: readonly Requirement[]): Selector {
  if (requirements.length === 0) return everything;
  return {
    requirements,
    matches(labels = NO_LABELS) {
      for (const requirement of requirements) if (!holds(requirement, labels)) return false;
      return true;
    },
  };
}

function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'in': return value !== undefined && values.includes(value);
    case 'notin': return value === undefined || !values.includes(value);
    case 'exists': return value !== undefined;
    case 'absent': return value === undefined;
    case 'gt': return value !== undefined && /^-?\d+$/.test(value) && Number(value) > Number(values[0]);
    case 'lt': return value !== undefined && /^-?\d+$/.test(value) && Number(value) < Number(values[0]);
  }
}

const OPERATORS: Readonly<Record<string, Operator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: 'absent', Gt: 'gt', Lt: 'lt' };
const compiled = new WeakMap<LabelSelector, Selector>();

/** metav1.LabelSelector: absent selects nothing, empty selects everything. Compiled once per selector value. */
export function compileLabelSelector(selector: LabelSelector | undefined): Selector {
  if (!selector) return nothing;
  let made = compiled.get(selector);
  if (!made) {
    const exact = Object.entries(selector.matchLabels ?? {}).map(([key, value]): Requirement => ({ key, operator: 'in', values: [value] }));
    const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }): Requirement =>
      ({ key, operator: OPERATORS[operator] ?? 'in', values }));
    compiled.set(selector, (made = selectorOf([...exact, ...expressions])));
  }
  return made;
}

/** A plain map of labels, as services and replication controllers select with. */
export const selectorFromMap = (labels: Labels): Selector =>
  selectorOf(Object.entries(labels).map(([key, value]) => ({ key, operator: 'in', values: [value] })));

/** `a=b,c in (d,e),!f`: the selector as queries and tables show it. */
export function formatSelector({ requirements }: Selector): string {
  return [...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(formatRequirement).join(',');
}

function formatRequirement({ key, operator, values }: Requirement): string {
  const list = `(${[...values].sort().join(',')})`;
  switch (operator) {
    case 'in': return values.length === 1 ? `${key}=${values[0]}` : `${key} in ${list}`;
    case 'notin': return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin ${list}`;
    case 'exists': return key;
    case 'absent': return `!${key}`;
    case 'gt': return `${key}>${values[0]}`;
    case 'lt': return `${key}<${values[0]}`;
  }
}

/** Reads the query form. Throws BadRequest in upstream's words. */
export function parseLabelSelector(text: string): Selector {
  if (text.trim() === '') return everything;
  return selectorOf(splitTerms(text).map((term) => checked(parseTerm(term.trim(), text), text)));
}

/** Commas inside parentheses separate values, outside they separate requirements. */
function splitTerms(text: string): readonly string[] {
  const terms: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth += 1;
    else if (text[i] === ')') depth -= 1;
    else if (text[i] === ',' && depth === 0) {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...terms, text.slice(start)];
}

const SET = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/;
const COMPARE = /^([^=!<>\s]+)\s*(==|=|!=|>|<)\s*([^=!<>\s]*)$/;
const EXISTS = /^(!?)\s*([^=!<>\s(),]+)$/;

function parseTerm(term: string, whole: string): Requirement {
  const set = SET.exec(term);
  if (set) return { key: set[1] ?? '', operator: set[2] === 'in' ? 'in' : 'notin', values: (set[3] ?? '').split(',').map((v) => v.trim()) };
  const compare = COMPARE.exec(term);
  if (compare) {
    const operator = compare[2] === '!=' ? 'notin' : compare[2] === '>' ? 'gt' : compare[2] === '<' ? 'lt' : 'in';
    return { key: compare[1] ?? '', operator, values: [compare[3] ?? ''] };
  }
  const exists = EXISTS.exec(term);
  if (exists) return { key: exists[2] ?? '', operator: exists[1] ? 'absent' : 'exists', values: [] };
  throw badRequest(`unable to parse requirement: found '${term}', in ${JSON.stringify(whole)}`);
}

function checked(requirement: Requirement, whole: string): Requirement {
  const keyErrors = qualifiedNameErrors(requirement.key);
  if (keyErrors.length > 0) throw badRequest(`unable to parse requirement: key: Invalid value: ${JSON.stringify(requirement.key)}: ${keyErrors.join('; ')}`);
  const isNumeric = requirement.operator === 'gt' || requirement.operator === 'lt';
  for (const value of requirement.values) {
    const errors = labelValueErrors(value);
    if (errors.length > 0) throw badRequest(`unable to parse requirement: values[0][${requirement.key}]: Invalid value: ${JSON.stringify(value)}: ${errors.join('; ')}`);
    if (isNumeric && !/^-?\d+$/.test(value)) throw badRequest(`unable to parse requirement: values[0]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer, in ${JSON.stringify(whole)}`);
  }
  return requirement;
}
