/**
 * Kubernetes JSONPath: templates of text and `{...}` blocks as kubectl reads them (ranges, filters, slices, unions,
 * recursive descent), and the bare `.spec.replicas` of CRD columns. Parsed once, evaluated many times.
 */
import { type Integer, writeJson } from '../json-text.ts';
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

/** A bare path, as CRD columns and scale paths have it: everything found, nothing where nothing is or can be. */
export function compileSimplePath(path: string): (value: unknown) => readonly unknown[] {
  const steps = parsePath(path);
  return (value) => {
    try {
      return walk(steps, [value], value, true);
    } catch (error) {
      if (!(error instanceof JsonPathError)) throw error;
      return [];
    }
  };
}

function printed(parts: readonly Part[], value: unknown, root: unknown, allowsMissing: boolean): string {
  return parts
    .map((part) => {
      switch (part.type) {
        case 'text':
          return part.text;
        case 'path':
          return walk(part.steps, [value], root, allowsMissing).map(textOf).join(' ');
        case 'range':
          return walk(part.steps, [value], root, allowsMissing)
            .map((item) => printed(part.body, item, root, allowsMissing))
            .join('');
      }
    })
    .join('');
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : (writeJson(value) ?? ''));

interface Walk {
  readonly root: unknown;
  readonly allowsMissing: boolean;
}

/** Each step is taken from all that the one before found, together: a field is missing when none of them has it. */
function walk(
  steps: readonly Step[],
  values: readonly unknown[],
  root: unknown,
  allowsMissing: boolean,
): readonly unknown[] {
  let found = values;
  for (const step of steps) found = follow(step, found, { root, allowsMissing });
  return found;
}

const childrenOf = (value: unknown): readonly unknown[] =>
  typeof value === 'object' && value !== null ? Object.values(value) : [];

/** What Go has in a text: bytes. */
function bytesOf(text: string): readonly number[] {
  return Array.from(text).flatMap((character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) return [code];
    if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 0x3f)];
    const low = [0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
    return code < 0x1_0000
      ? [0xe0 | (code >> 12), ...low]
      : [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), ...low];
  });
}

function follow(step: Step, values: readonly unknown[], way: Walk): readonly unknown[] {
  switch (step.type) {
    case 'root':
      return values.map(() => way.root);
    case 'all':
      return values.flatMap((value) => (typeof value === 'string' ? bytesOf(value) : childrenOf(value)));
    case 'field':
      return fieldOf(values, step.name, way.allowsMissing || step.mayMiss === true);
    case 'descend':
      return descended(values);
    case 'slice':
      return sliced(values, step);
    case 'union':
      return step.paths.flatMap((path) => walk(path, values, way.root, way.allowsMissing));
    case 'filter':
      return values.flatMap((value) => filtered(value, step, way));
    case 'literal':
      return values.map(() => step.value);
  }
}

const hasField = (value: unknown, name: string): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name);

function fieldOf(values: readonly unknown[], name: string, mayMiss: boolean): readonly unknown[] {
  const found = values.flatMap((value) => (hasField(value, name) ? [value[name]] : []));
  if (found.length === 0 && values.length > 0 && !mayMiss) throw new JsonPathError(`${name} is not found`);
  return found;
}

/** Everything that has something in it, from the outside inwards; texts have characters. */
function descended(values: readonly unknown[]): readonly unknown[] {
  return values.flatMap((value) => {
    if (typeof value === 'string') return value === '' ? [] : [value];
    const children = childrenOf(value);
    return children.length === 0 ? [] : [value, ...descended(children)];
  });
}

type Slice = Extract<Step, { type: 'slice' }>;

function sliced(values: readonly unknown[], slice: Slice): readonly unknown[] {
  const found: unknown[] = [];
  for (const value of values) {
    if (value === null || value === undefined) continue;
    if (!Array.isArray(value)) throw new JsonPathError(`${typeof value} is not array or slice`);
    const [first, last] = boundsOf(slice, value.length);
    // Upstream ends here, whatever is still to come.
    if (first === last) return found;
    for (let i = first; i < last; i += slice.step) found.push(value[i]);
  }
  return found;
}

/** Negative places count from the end. Throws JsonPathError for places that the list does not have. */
function boundsOf({ start = 0, end, isIndex }: Slice, length: number): readonly [first: number, last: number] {
  const first = start < 0 ? start + length : start;
  const asked = isIndex ? start + 1 : (end ?? length);
  const last = asked < 0 || (asked === 0 && isIndex) ? asked + length : asked;
  if (first === last) return [first, last];
  if (first >= length || first < 0)
    throw new JsonPathError(`array index out of bounds: index ${first}, length ${length}`);
  if (last > length || last < 0)
    throw new JsonPathError(`array index out of bounds: index ${last - 1}, length ${length}`);
  if (first > last) throw new JsonPathError(`starting index ${first} is greater than ending index ${last}`);
  return [first, last];
}

type Filter = Extract<Step, { type: 'filter' }>;

function filtered(value: unknown, step: Filter, way: Walk): readonly unknown[] {
  if (!Array.isArray(value)) throw new JsonPathError(`${typeof value} is not array or slice and cannot be filtered`);
  return (value as readonly unknown[]).filter((item) => holds(step, item, way));
}

function holds({ left, operator, right }: Filter, item: unknown, { root, allowsMissing }: Walk): boolean {
  if (!operator || !right) return walk(left, [item], root, true).length > 0;
  const sides = [left, right].map((steps) => walk(steps, [item], root, allowsMissing));
  if (sides.some((side) => side.length > 1)) throw new JsonPathError('can only compare one element at a time');
  if (sides.some((side) => side.length === 0)) return false;
  return compared(operator, sides[0]?.[0], sides[1]?.[0]);
}

/** Throws JsonPathError for what cannot be compared: other types than those of texts, numbers and truths, or two different ones. */
function compared(operator: NonNullable<Filter['operator']>, a: unknown, b: unknown): boolean {
  const [x, y] = [sortOf(a), sortOf(b)];
  const isOrder = operator !== '==' && operator !== '!=';
  if (x === undefined || y === undefined || (isOrder && x === 'boolean'))
    throw new JsonPathError('invalid type for comparison');
  if (x !== y) throw new JsonPathError('incompatible types for comparison');
  switch (operator) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    default:
      return ordered(operator, a as Integer | string, b as Integer | string);
  }
}

function sortOf(value: unknown): string | undefined {
  if (typeof value === 'bigint') return 'whole';
  if (typeof value === 'number') return Number.isInteger(value) ? 'whole' : 'number';
  return typeof value === 'string' || typeof value === 'boolean' ? typeof value : undefined;
}

function ordered(operator: '<' | '<=' | '>' | '>=', a: Integer | string, b: Integer | string): boolean {
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}
