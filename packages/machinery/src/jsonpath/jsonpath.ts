/**
 * Kubernetes JSONPath: templates of text and `{...}` blocks as kubectl reads them (ranges, filters, slices, unions,
 * recursive descent), and the bare `.spec.replicas` of CRD columns. Parsed once, evaluated many times.
 */
import { JsonPathError, parsePath, parseTemplate, type Part, type Step } from './parse.ts';

export { JsonPathError } from './parse.ts';

export interface JsonPath {
  /** The template's text for a value. Throws JsonPathError where a field is missing, unless missing ones are allowed. */
  print(value: unknown): string;
}

export function compileJsonPath(template: string, { allowsMissing = false } = {}): JsonPath {
  const parts = parseTemplate(template);
  return { print: (value) => printed(parts, value, value, allowsMissing) };
}

/** A bare path, as CRD columns and scale paths have it: everything found, nothing where nothing is. */
export function compileSimplePath(path: string): (value: unknown) => readonly unknown[] {
  const steps = parsePath(path);
  return (value) => walk(steps, value, value, true);
}

function printed(parts: readonly Part[], value: unknown, root: unknown, allowsMissing: boolean): string {
  return parts.map((part) => {
    switch (part.type) {
      case 'text': return part.text;
      case 'path': return walk(part.steps, value, root, allowsMissing).map(textOf).join(' ');
      case 'range': return walk(part.steps, value, root, allowsMissing).map((item) => printed(part.body, item, root, allowsMissing)).join('');
    }
  }).join('');
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value) ?? '');

function walk(steps: readonly Step[], value: unknown, root: unknown, allowsMissing: boolean): readonly unknown[] {
  let found: readonly unknown[] = [value];
  for (const step of steps) found = found.flatMap((item) => follow(step, item, root, allowsMissing));
  return found;
}

const childrenOf = (value: unknown): readonly unknown[] => (typeof value === 'object' && value !== null ? Object.values(value) : []);

function follow(step: Step, value: unknown, root: unknown, allowsMissing: boolean): readonly unknown[] {
  switch (step.type) {
    case 'root': return [root];
    case 'all': return childrenOf(value);
    case 'field': return fieldOf(value, step.name, allowsMissing || step.mayMiss === true);
    case 'descend': return [value, ...childrenOf(value).flatMap((child) => follow(step, child, root, allowsMissing))].filter((item) => typeof item === 'object' && item !== null);
    case 'slice': return sliceOf(value, step, allowsMissing);
    case 'union': return step.paths.flatMap((path) => walk(path, value, root, allowsMissing));
    case 'filter': return (Array.isArray(value) ? value : []).filter((item) => holds(step, item, root));
    case 'literal': return [step.value];
  }
}

function fieldOf(value: unknown, name: string, allowsMissing: boolean): readonly unknown[] {
  const isThere = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  if (isThere) return [(value as Readonly<Record<string, unknown>>)[name]];
  if (allowsMissing) return [];
  throw new JsonPathError(`${name} is not found`);
}

function sliceOf(value: unknown, { start, end, step, isIndex }: Extract<Step, { type: 'slice' }>, allowsMissing: boolean): readonly unknown[] {
  if (!Array.isArray(value)) {
    if (allowsMissing) return [];
    throw new JsonPathError(`${typeof value} is not array or slice`);
  }
  const at = (index: number): number => (index < 0 ? index + value.length : index);
  if (isIndex) {
    const index = at(start ?? 0);
    if (index >= 0 && index < value.length) return [value[index]];
    if (allowsMissing) return [];
    throw new JsonPathError(`array index out of bounds: index ${start}, length ${value.length}`);
  }
  const last = Math.min(at(end ?? value.length), value.length);
  const found: unknown[] = [];
  for (let i = Math.max(at(start ?? 0), 0); i < last; i += step) found.push(value[i]);
  return found;
}

function holds({ left, operator, right }: Extract<Step, { type: 'filter' }>, item: unknown, root: unknown): boolean {
  const [a] = walk(left, item, root, true);
  if (!operator || !right) return a !== undefined;
  const [b] = walk(right, item, root, true);
  if (a === undefined || b === undefined) return false;
  switch (operator) {
    case '==': return a === b;
    case '!=': return a !== b;
    default: return typeof a === typeof b && (typeof a === 'number' || typeof a === 'string') && ordered(operator, a, b as number | string);
  }
}

function ordered(operator: '<' | '<=' | '>' | '>=', a: number | string, b: number | string): boolean {
  switch (operator) {
    case '<': return a < b;
    case '<=': return a <= b;
    case '>': return a > b;
    case '>=': return a >= b;
  }
}
