import { formatDouble } from './go-values.ts';
import { jsonText, writeJson } from './json-text.ts';
import { equalJson } from './equality.ts';
import { quotedAsGo } from './go-values.ts';

/** Why a field was refused. `reason` is the machine-readable cause type of the API (metav1.CauseType). */
export interface FieldError {
  readonly reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueDuplicate'
    | 'FieldValueForbidden'
    | 'FieldValueNotSupported'
    | 'FieldValueNotFound'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueTooFew'
    | 'FieldValueTypeInvalid'
    | 'InternalError';
  readonly field: string;
  readonly message: string;
}

/**
 * A place in an object, and the errors found there and below. Descending makes a new place; all places of one tree
 * share one list, so validation goes on after the first error.
 */
export class Field {
  readonly errors: FieldError[];
  readonly #parent: Field | undefined;
  /** A name, a key in brackets, or a number in a list. */
  readonly #tail: string | number;

  constructor(path: string | number = '', errors: FieldError[] = [], parent?: Field) {
    this.#tail = path;
    this.errors = errors;
    this.#parent = parent;
  }

  /** `spec.containers[0].image`. Put together when it is asked for: most places are valid and never name themselves. */
  get path(): string {
    const above = this.#parent?.path ?? '';
    const tail = this.#tail;
    if (typeof tail === 'number') return `${above}[${tail}]`;
    return above === '' || tail.startsWith('[') ? above + tail : `${above}.${tail}`;
  }

  /** Names one by one: the places of an object are made whether or not anything is wrong there. */
  at(name: string, second?: string, third?: string, fourth?: string): Field {
    return new Field(
      second === undefined ? name : [name, second, third, fourth].filter((one) => one !== undefined).join('.'),
      this.errors,
      this,
    );
  }

  index(i: number): Field {
    return new Field(i, this.errors, this);
  }

  key(name: string): Field {
    return new Field(`[${name}]`, this.errors, this);
  }

  required(detail = ''): void {
    this.#add('FieldValueRequired', `Required value${detail ? `: ${detail}` : ''}`);
  }

  invalid(value: unknown, detail: string): void {
    this.#add('FieldValueInvalid', `Invalid value: ${quoted(value)}: ${detail}`);
  }

  /** As invalid(), of a text that need not be there: Go has a pointer to it, which is shown as JSON. */
  invalidOptional(text: string, detail: string): void {
    this.#add('FieldValueInvalid', `Invalid value: ${jsonText(text)}: ${detail}`);
  }

  /** As invalid(), where the value itself says nothing or may not be shown. */
  invalidOmitted(detail: string): void {
    this.#add('FieldValueInvalid', `Invalid value: ${detail}`);
  }

  typeInvalid(value: unknown, detail: string): void {
    this.#add('FieldValueTypeInvalid', `Invalid value: ${quoted(value)}: ${detail}`);
  }

  duplicate(value: unknown, detail = ''): void {
    this.#add('FieldValueDuplicate', `Duplicate value: ${quoted(value)}${detail ? `: ${detail}` : ''}`);
  }

  /** As duplicate(), where the value is too large to be shown. */
  duplicateOmitted(): void {
    this.#add('FieldValueDuplicate', 'Duplicate value');
  }

  forbidden(detail = ''): void {
    this.#add('FieldValueForbidden', `Forbidden${detail ? `: ${detail}` : ''}`);
  }

  notFound(value: unknown, detail = ''): void {
    this.#add('FieldValueNotFound', `Not found: ${quoted(value)}${detail && `: ${detail}`}`);
  }

  /** The values are listed in the order given, as upstream's sorted sets are. */
  notSupported(value: unknown, supported: readonly string[]): void {
    const list = supported.length > 0 ? `: supported values: ${supported.map(quotedAsGo).join(', ')}` : '';
    this.#add('FieldValueNotSupported', `Unsupported value: ${quoted(value)}${list}`);
  }

  tooLong(bytesMax: number): void {
    this.#add('FieldValueTooLong', `Too long: may not be more than ${bytesMax} ${bytesMax === 1 ? 'byte' : 'bytes'}`);
  }

  /** As tooLong(), where letters are counted. */
  tooManyCharacters(max: number): void {
    this.#add('FieldValueTooLong', `Too long: may not be more than ${max} ${max === 1 ? 'character' : 'characters'}`);
  }

  tooFew(actual: number, min: number): void {
    this.#add('FieldValueTooFew', `Too few: ${actual}: must have at least ${min} ${min === 1 ? 'item' : 'items'}`);
  }

  tooMany(actual: number, max: number): void {
    this.#add('FieldValueTooMany', `Too many: ${actual}: must have at most ${max} ${max === 1 ? 'item' : 'items'}`);
  }

  /** `field is immutable`, when the two differ. */
  immutable(next: unknown, previous: unknown): void {
    if (!equalJson(next, previous)) this.invalid(next, 'field is immutable');
  }

  #add(reason: FieldError['reason'], message: string): void {
    // The whole object has no name: Go prints an empty path so.
    this.errors.push({ reason, field: this.path || '[]', message });
  }
}

/** Values as messages show them: strings quoted, everything else as JSON as Go writes it, absence as null. */
function quoted(value: unknown): string {
  if (value === undefined) return 'null';
  if (typeof value === 'string') return quotedAsGo(value);
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return formatDouble(value);
  return typeof value === 'object' ? jsonText(value) : writeJson(value);
}
