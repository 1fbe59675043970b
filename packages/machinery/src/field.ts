/** Why a field was refused. `reason` is the machine-readable cause type of the API (metav1.CauseType). */
export interface FieldError {
  readonly reason:
    | 'FieldValueRequired' | 'FieldValueInvalid' | 'FieldValueDuplicate' | 'FieldValueForbidden' | 'FieldValueNotSupported'
    | 'FieldValueNotFound' | 'FieldValueTooLong' | 'FieldValueTooMany' | 'FieldValueTypeInvalid' | 'InternalError';
  readonly field: string;
  readonly message: string;
}

/**
 * A place in an object, and the errors found there and below. Descending makes a new place; all places of one tree
 * share one list, so validation goes on after the first error.
 */
export class Field {
  readonly path: string;
  readonly errors: FieldError[];

  constructor(path = '', errors: FieldError[] = []) {
    this.path = path;
    this.errors = errors;
  }

  at(...names: readonly string[]): Field {
    const tail = names.join('.');
    return new Field(this.path === '' ? tail : `${this.path}.${tail}`, this.errors);
  }

  index(i: number): Field {
    return new Field(`${this.path}[${i}]`, this.errors);
  }

  key(name: string): Field {
    return new Field(`${this.path}[${name}]`, this.errors);
  }

  required(detail = ''): void {
    this.#add('FieldValueRequired', `Required value${detail ? `: ${detail}` : ''}`);
  }

  invalid(value: unknown, detail: string): void {
    this.#add('FieldValueInvalid', `Invalid value: ${quoted(value)}: ${detail}`);
  }

  typeInvalid(value: unknown, detail: string): void {
    this.#add('FieldValueTypeInvalid', `Invalid value: ${quoted(value)}: ${detail}`);
  }

  duplicate(value: unknown): void {
    this.#add('FieldValueDuplicate', `Duplicate value: ${quoted(value)}`);
  }

  forbidden(detail: string): void {
    this.#add('FieldValueForbidden', `Forbidden: ${detail}`);
  }

  notFound(value: unknown): void {
    this.#add('FieldValueNotFound', `Not found: ${quoted(value)}`);
  }

  /** The values are listed in the order given, as upstream's sorted sets are. */
  notSupported(value: unknown, supported: readonly string[]): void {
    const list = supported.length > 0 ? `: supported values: ${supported.map((v) => JSON.stringify(v)).join(', ')}` : '';
    this.#add('FieldValueNotSupported', `Unsupported value: ${quoted(value)}${list}`);
  }

  tooLong(bytesMax: number): void {
    this.#add('FieldValueTooLong', `Too long: may not be more than ${bytesMax} ${bytesMax === 1 ? 'byte' : 'bytes'}`);
  }

  tooMany(actual: number, max: number): void {
    this.#add('FieldValueTooMany', `Too many: ${actual}: must have at most ${max} ${max === 1 ? 'item' : 'items'}`);
  }

  /** `field is immutable`, when the two differ. */
  immutable(next: unknown, previous: unknown): void {
    if (JSON.stringify(next) !== JSON.stringify(previous)) this.invalid(next, 'field is immutable');
  }

  #add(reason: FieldError['reason'], message: string): void {
    this.errors.push({ reason, field: this.path, message });
  }
}

/** Values as messages show them: strings quoted, everything else as JSON, absence as null. */
function quoted(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}
