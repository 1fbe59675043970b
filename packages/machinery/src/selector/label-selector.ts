import type { LabelSelector } from '../meta.ts';

type Labels = Readonly<Record<string, string>>;
export type Operator = 'in' | 'notin' | 'exists' | 'absent' | 'gt' | 'lt';

export interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
  /** How it was written, where there is more than one way to say the same: texts are given back as they came. */
  readonly written?: '=' | '==' | '!=';
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
    case 'in':
      return value !== undefined && values.includes(value);
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'gt':
      return value !== undefined && /^-?\d+$/.test(value) && Number(value) > Number(values[0]);
    case 'lt':
      return value !== undefined && /^-?\d+$/.test(value) && Number(value) < Number(values[0]);
  }
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: 'absent',
  Gt: 'gt',
  Lt: 'lt',
};
const compiled = new WeakMap<LabelSelector, Selector>();

/** metav1.LabelSelector: absent selects nothing, empty selects everything. Compiled once per selector value. */
export function compileLabelSelector(selector: LabelSelector | undefined): Selector {
  if (!selector) return nothing;
  let made = compiled.get(selector);
  if (!made) {
    const exact = Object.entries(selector.matchLabels ?? {}).map(([key, value]): Requirement => ({
      key,
      operator: 'in',
      values: [value],
      written: '=',
    }));
    const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }): Requirement => ({
      key,
      operator: OPERATORS[operator] ?? 'in',
      values,
    }));
    compiled.set(selector, (made = selectorOf([...exact, ...expressions])));
  }
  return made;
}

/** A plain map of labels, as services and replication controllers select with. */
export const selectorFromMap = (labels: Labels): Selector =>
  selectorOf(Object.entries(labels).map(([key, value]) => ({ key, operator: 'in', values: [value], written: '=' })));

/** `a=b,c in (d,e),!f`: the selector as queries and tables show it. */
export function formatSelector({ requirements }: Selector): string {
  return [...requirements]
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(formatRequirement)
    .join(',');
}

function formatRequirement({ key, operator, values, written }: Requirement): string {
  if (written) return `${key}${written}${values[0]}`;
  const list = `(${[...values].sort().join(',')})`;
  switch (operator) {
    case 'in':
      return `${key} in ${list}`;
    case 'notin':
      return `${key} notin ${list}`;
    case 'exists':
      return key;
    case 'absent':
      return `!${key}`;
    case 'gt':
      return `${key}>${values[0]}`;
    case 'lt':
      return `${key}<${values[0]}`;
  }
}
